/** §4: storing, reading and deleting documents. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import {
  binaryBytes,
  countedStream,
  etagVersion,
  expectUnchanged,
  headersOf,
  uniqueFolder,
} from "../support/storage";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

describe("PUT", () => {
  it("§4.28 an empty body makes an empty document", async () => {
    const folder = uniqueFolder();
    expect((await app.put(`${folder}empty`, "")).status).toBe(201);
    const get = await app.get(`${folder}empty`);
    expect([get.status, get.headers.get("content-length"), await get.text()]).toEqual([
      200,
      "0",
      "",
    ]);
    expect((await app.list(folder)).empty?.["Content-Length"]).toBe(0);
  });

  it("§4.2 an empty body in chunked coding makes an empty document", async () => {
    const path = `${uniqueFolder()}empty`;
    expect((await app.put(path, countedStream([]).body)).status).toBe(201);
    expect((await app.get(path)).headers.get("content-length")).toBe("0");
  });

  it("§4.29 §4.30 §4.31 §4.18 all folders above are listed, each in its parent, with their versions", async () => {
    const folder = uniqueFolder();
    const put = await app.put(`${folder}a/b/c/doc`, "x");
    const top = folder.slice(1);
    expect((await app.list("/"))[top]?.ETag).toBe(etagVersion(await app.head(folder)));
    expect((await app.list(folder))["a/"]?.ETag).toBe(etagVersion(await app.head(`${folder}a/`)));
    expect(Object.keys(await app.list(`${folder}a/`))).toEqual(["b/"]);
    expect(Object.keys(await app.list(`${folder}a/b/`))).toEqual(["c/"]);
    expect((await app.list(`${folder}a/b/c/`)).doc?.ETag).toBe(etagVersion(put));
  });

  it("§5.2 a new document -> 201, a changed one -> 200, both without a response body", async () => {
    const path = `${uniqueFolder()}doc`;
    const first = await app.put(path, "1");
    expect([first.status, await first.text()]).toEqual([201, ""]);
    const second = await app.put(path, "2");
    expect([second.status, await second.text()]).toEqual([200, ""]);
  });

  it("§5.2 a document that was deleted meanwhile -> 201 again", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "1");
    await app.delete(path);
    expect((await app.put(path, "1")).status).toBe(201);
  });
});

describe("GET and HEAD", () => {
  it("§4.20 §4.21 §4.22 §4.23 §6.1 the content with type, length, version and date", async () => {
    const path = `${uniqueFolder()}doc`;
    const put = await app.put(path, "h\u00e9llo", { "Content-Type": "text/x-test; charset=utf-8" });
    const get = await app.get(path);
    expect(get.status).toBe(200);
    expect(headersOf(get)).toMatchObject({
      "content-type": "text/x-test; charset=utf-8",
      "content-length": "6",
      etag: put.headers.get("etag"),
    });
    expect(await get.text()).toBe("h\u00e9llo");
  });

  it("§4.8 Last-Modified is an HTTP-date, that of the last change", async () => {
    const path = `${uniqueFolder()}doc`;
    const before = Math.floor(Date.now() / 1000) * 1000;
    await app.put(path, "x");
    const after = Date.now();
    const modified = (await app.get(path)).headers.get("last-modified") ?? "";
    expect(new Date(modified).toUTCString()).toBe(modified);
    expect(Date.parse(modified)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(modified)).toBeLessThanOrEqual(after);
  });

  it("§4.43 §6.1 HEAD has the headers of GET, and no body", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, binaryBytes(70_000), { "Content-Type": "image/x" });
    const [get, head] = [await app.get(path), await app.head(path)];
    expect(head.status).toBe(200);
    expect(headersOf(head)).toEqual(headersOf(get));
    expect(head.headers.get("content-length")).toBe("70000");
    expect((await head.arrayBuffer()).byteLength).toBe(0);
  });

  it("§4.43 HEAD of a missing document has the status and headers of GET", async () => {
    const path = `${uniqueFolder()}nothing`;
    const [get, head] = [await app.get(path), await app.head(path)];
    expect(head.status).toBe(404);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(await head.text()).toBe("");
  });

  it("§4.43 HEAD does not need the body to be in R2", async () => {
    const { path, version } = await documentWithoutBody();
    const head = await app.head(path);
    expect([head.status, etagVersion(head)]).toEqual([200, version]);
    expect(head.headers.get("content-length")).toBe("5");
  });

  it("§4.24 the same bytes and version, whatever encoding, type or language is requested", async () => {
    const path = `${uniqueFolder()}doc`;
    const text = "compress me ".repeat(500);
    await app.put(path, text);
    const plain = headersOf(await app.get(path));
    for (const headers of [
      { "Accept-Encoding": "gzip, br" },
      { "Accept-Encoding": "identity;q=0" },
      { Accept: "application/json" },
      { "Accept-Language": "de", "User-Agent": "something else" },
    ]) {
      const get = await app.get(path, headers);
      expect(headersOf(get)).toEqual(plain);
      expect(await get.text()).toBe(text);
    }
    expect(plain["content-encoding"]).toBeUndefined();
  });
});

describe("DELETE", () => {
  it("§4.38 §4.39 §6.3 the document is deleted, also from its folder; the response has its last ETag", async () => {
    const folder = uniqueFolder();
    const put = await app.put(`${folder}doc`, "x");
    await app.put(`${folder}sibling`, "y");
    const deleted = await app.delete(`${folder}doc`);
    expect([deleted.status, await deleted.text()]).toEqual([200, ""]);
    expect(deleted.headers.get("etag")).toBe(put.headers.get("etag"));
    expect((await app.get(`${folder}doc`)).status).toBe(404);
    expect((await app.head(`${folder}doc`)).status).toBe(404);
    expect(Object.keys(await app.list(folder))).toEqual(["sibling"]);
    expect(await (await app.get(`${folder}sibling`)).text()).toBe("y");
  });

  it("§4.40 after the last document of an account its root is empty", async () => {
    const other = await createUserWithApp();
    await other.put("/a/b/doc", "x");
    await other.put("/c", "y");
    await other.delete("/a/b/doc");
    await other.delete("/c");
    expect(await other.tree()).toEqual({});
    expect((await other.get("/")).status).toBe(200);
  });

  it("§5.7 a missing document -> 404, nothing changed", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const deleted = await expectUnchanged(app, () => app.delete(`${folder}other`));
    expect([deleted.status, deleted.headers.get("etag")]).toEqual([404, null]);
    await app.delete(`${folder}doc`);
    expect((await expectUnchanged(app, () => app.delete(`${folder}doc`))).status).toBe(404);
  });
});

describe("A body that is missing in R2", () => {
  it("§5.17 permanently -> 500 and not 404, which would make clients delete their copy", async () => {
    const { path } = await documentWithoutBody();
    expect((await app.get(path)).status).toBe(500);
    expect((await app.get(path, { Range: "bytes=0-1" })).status).toBe(500);
    expect(Object.keys(await app.tree(path.slice(0, -3)))).toEqual([path]);
  });

  it("§4.20 because the document was replaced meanwhile -> the new version is served", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    const before = await listBodyKeys(app.user);
    const restore = beforeNextGet(async () => {
      await app.put(path, "after", { "Content-Type": "text/after" });
      await env.BODIES.delete(before);
    });
    const get = await app.get(path);
    restore();
    expect(get.status).toBe(200);
    expect(await get.text()).toBe("after");
    expect(get.headers.get("content-type")).toBe("text/after");
    expect(get.headers.get("content-length")).toBe("5");
    expect(get.headers.get("etag")).toBe(await app.version(path));
  });

  it("§5.7 because the document was deleted meanwhile -> 404", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    const before = await listBodyKeys(app.user);
    const restore = beforeNextGet(async () => {
      await app.delete(path);
      await env.BODIES.delete(before);
    });
    const get = await app.get(path);
    restore();
    expect(get.status).toBe(404);
  });

  it("§5.3 is not needed for a 304", async () => {
    const { path, version } = await documentWithoutBody();
    expect((await app.get(path, { "If-None-Match": `"${version}"` })).status).toBe(304);
  });
});

async function documentWithoutBody() {
  const path = `${uniqueFolder()}doc`;
  const before = new Set(await listBodyKeys(app.user));
  const version = etagVersion(await app.put(path, "hello"));
  const fresh = (await listBodyKeys(app.user)).filter((key) => !before.has(key));
  expect(fresh).toHaveLength(1);
  await env.BODIES.delete(fresh);
  return { path, version };
}

/** Runs an action between the query to the index and the next read from R2. */
function beforeNextGet(action: () => Promise<unknown>): () => void {
  const get = env.BODIES.get;
  let hasRun = false;
  const restore = () => Reflect.deleteProperty(env.BODIES, "get");
  Object.defineProperty(env.BODIES, "get", {
    configurable: true,
    value: async (...args: Parameters<R2Bucket["get"]>) => {
      if (!hasRun) {
        hasRun = true;
        await action();
      }
      return get.apply(env.BODIES, args);
    },
  });
  return () => {
    restore();
    expect(hasRun).toBe(true);
  };
}

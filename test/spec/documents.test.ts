/** §4: what becomes of documents that are stored, read and deleted. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { binary, freshFolder, headersOf, streamOf, unchanged, versionOf } from "../support/storage";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

describe("PUT", () => {
  it("§4.28 §4.20 §3.3 the body is stored as the content, byte for byte", async () => {
    const path = `${freshFolder()}all-bytes`;
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect((await app.put(path, bytes)).status).toBe(201);
    expect(new Uint8Array(await (await app.get(path)).arrayBuffer())).toEqual(bytes);
  });

  it("§4.28 the new content replaces the old one whole, also when it is shorter", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, "a long text that was there before");
    await app.put(path, "short");
    expect(await (await app.get(path)).text()).toBe("short");
  });

  it("§4.28 an empty body makes an empty document, not none", async () => {
    const folder = freshFolder();
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
    const path = `${freshFolder()}empty`;
    expect((await app.put(path, streamOf([]).body)).status).toBe(201);
    expect((await app.get(path)).headers.get("content-length")).toBe("0");
  });

  it("§4.29 §4.30 §4.31 §4.18 all folders above appear, each in its parent, with versions", async () => {
    const folder = freshFolder();
    const put = await app.put(`${folder}a/b/c/doc`, "x");
    const top = folder.slice(1);
    expect((await app.list("/"))[top]?.ETag).toBe(versionOf(await app.head(folder)));
    expect((await app.list(folder))["a/"]?.ETag).toBe(versionOf(await app.head(`${folder}a/`)));
    expect(Object.keys(await app.list(`${folder}a/`))).toEqual(["b/"]);
    expect(Object.keys(await app.list(`${folder}a/b/`))).toEqual(["c/"]);
    expect((await app.list(`${folder}a/b/c/`)).doc?.ETag).toBe(versionOf(put));
  });

  it("§5.2 a new document -> 201, a changed one -> 200, both without a body", async () => {
    const path = `${freshFolder()}doc`;
    const first = await app.put(path, "1");
    expect([first.status, await first.text()]).toEqual([201, ""]);
    const second = await app.put(path, "2");
    expect([second.status, await second.text()]).toEqual([200, ""]);
  });

  it("§5.2 a document that was deleted in between -> 201 again", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, "1");
    await app.delete(path);
    expect((await app.put(path, "1")).status).toBe(201);
  });

  it("§4.37 §6.2 the answer has a strong ETag, that of the next GET", async () => {
    const path = `${freshFolder()}doc`;
    const created = (await app.put(path, "1")).headers.get("etag");
    expect(created).toMatch(/^"[^"]+"$/);
    expect(await app.version(path)).toBe(created);
    const changed = (await app.put(path, "2")).headers.get("etag");
    expect(changed).toMatch(/^"[^"]+"$/);
    expect(await app.version(path)).toBe(changed);
  });

  it("§4.28 in the root folder it works like anywhere else", async () => {
    expect((await app.put("/root-document", "x")).status).toBe(201);
    expect(await (await app.get("/root-document")).text()).toBe("x");
    expect((await app.delete("/root-document")).status).toBe(200);
    expect((await app.get("/root-document")).status).toBe(404);
  });
});

describe("GET and HEAD", () => {
  it("§4.20 §4.21 §4.22 §4.23 §6.1 the contents with type, length, version and date", async () => {
    const path = `${freshFolder()}doc`;
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
    const path = `${freshFolder()}doc`;
    const before = Math.floor(Date.now() / 1000) * 1000;
    await app.put(path, "x");
    const after = Date.now();
    const modified = (await app.get(path)).headers.get("last-modified") ?? "";
    expect(new Date(modified).toUTCString()).toBe(modified);
    expect(Date.parse(modified)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(modified)).toBeLessThanOrEqual(after);
  });

  it("§4.43 §6.1 HEAD has the headers of GET, and no body", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, binary(70_000), { "Content-Type": "image/x" });
    const [get, head] = [await app.get(path), await app.head(path)];
    expect(head.status).toBe(200);
    expect(headersOf(head)).toEqual(headersOf(get));
    expect(head.headers.get("content-length")).toBe("70000");
    expect((await head.arrayBuffer()).byteLength).toBe(0);
  });

  it("§4.43 HEAD of a document that is not there has status and headers of GET", async () => {
    const path = `${freshFolder()}nothing`;
    const [get, head] = [await app.get(path), await app.head(path)];
    expect(head.status).toBe(404);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(await head.text()).toBe("");
  });

  it("§4.43 HEAD does not need the body to be in R2", async () => {
    const { path, version } = await documentWithoutBody();
    const head = await app.head(path);
    expect([head.status, versionOf(head)]).toEqual([200, version]);
    expect(head.headers.get("content-length")).toBe("5");
  });

  it("§4.24 the same bytes and version, whatever encoding, type or language is asked for", async () => {
    const path = `${freshFolder()}doc`;
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
  it("§4.38 §4.39 §6.3 the document is gone, from its folder too; the answer has its last ETag", async () => {
    const folder = freshFolder();
    const put = await app.put(`${folder}doc`, "x");
    await app.put(`${folder}sibling`, "y");
    const gone = await app.delete(`${folder}doc`);
    expect([gone.status, await gone.text()]).toEqual([200, ""]);
    expect(gone.headers.get("etag")).toBe(put.headers.get("etag"));
    expect((await app.get(`${folder}doc`)).status).toBe(404);
    expect((await app.head(`${folder}doc`)).status).toBe(404);
    expect(Object.keys(await app.list(folder))).toEqual(["sibling"]);
    expect(await (await app.get(`${folder}sibling`)).text()).toBe("y");
  });

  it("§4.40 §4.19 folders left empty vanish, up to the first that still has something", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/b/c/doc`, "x");
    await app.put(`${folder}stays`, "y");
    await app.delete(`${folder}a/b/c/doc`);
    expect(Object.keys(await app.list(folder))).toEqual(["stays"]);
    expect(await app.list(`${folder}a/`)).toEqual({});
    expect(await app.list(`${folder}a/b/c/`)).toEqual({});
  });

  it("§4.40 a folder with something left in another branch stays", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/one/doc`, "1");
    await app.put(`${folder}a/two/doc`, "2");
    await app.delete(`${folder}a/one/doc`);
    expect(Object.keys(await app.list(`${folder}a/`))).toEqual(["two/"]);
    expect(await (await app.get(`${folder}a/two/doc`)).text()).toBe("2");
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

  it("§5.7 a document that is not there -> 404, nothing changed", async () => {
    const folder = freshFolder();
    await app.put(`${folder}doc`, "x");
    const gone = await unchanged(app, () => app.delete(`${folder}other`));
    expect([gone.status, gone.headers.get("etag")]).toEqual([404, null]);
    await app.delete(`${folder}doc`);
    expect((await unchanged(app, () => app.delete(`${folder}doc`))).status).toBe(404);
  });
});

describe("a body that R2 has lost", () => {
  it("§5.17 for good -> 500 and not 404, which would make clients delete their copy", async () => {
    const { path } = await documentWithoutBody();
    expect((await app.get(path)).status).toBe(500);
    expect((await app.get(path, { Range: "bytes=0-1" })).status).toBe(500);
    expect(Object.keys(await app.tree(path.slice(0, -3)))).toEqual([path]);
  });

  it("§4.20 because a writer replaced it in between -> the new version is served", async () => {
    const path = `${freshFolder()}doc`;
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

  it("§5.7 because the document was deleted in between -> 404", async () => {
    const path = `${freshFolder()}doc`;
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

  it("§5.3 a 304 does not need it", async () => {
    const { path, version } = await documentWithoutBody();
    expect((await app.get(path, { "If-None-Match": `"${version}"` })).status).toBe(304);
  });
});

async function documentWithoutBody() {
  const path = `${freshFolder()}doc`;
  const before = new Set(await listBodyKeys(app.user));
  const version = versionOf(await app.put(path, "hello"));
  const fresh = (await listBodyKeys(app.user)).filter((key) => !before.has(key));
  expect(fresh).toHaveLength(1);
  await env.BODIES.delete(fresh);
  return { path, version };
}

/** Lets something happen between the look into the index and the look into R2. */
function beforeNextGet(act: () => Promise<unknown>): () => void {
  const get = env.BODIES.get;
  let acted = false;
  const restore = () => Reflect.deleteProperty(env.BODIES, "get");
  Object.defineProperty(env.BODIES, "get", {
    configurable: true,
    value: async (...args: Parameters<R2Bucket["get"]>) => {
      if (!acted) {
        acted = true;
        await act();
      }
      return get.apply(env.BODIES, args);
    },
  });
  return () => {
    restore();
    expect(acted).toBe(true);
  };
}

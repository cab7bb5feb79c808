/** §4: folder descriptions. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, type TestApp } from "../support/provider";
import { etagVersion, expectUnchanged, headersOf, uniqueFolder } from "../support/storage";

const CONTEXT = "http://remotestorage.io/spec/folder-description";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

const describeFolder = async (path: string) => {
  const response = await app.get(path);
  return (await response.json()) as Record<string, Record<string, Record<string, unknown>>>;
};

describe("A folder with items", () => {
  it("§4.11 §4.12 §4.13 §4.14 §3.1 §3.2 has exactly this description", async () => {
    const folder = uniqueFolder();
    const abc = await app.put(`${folder}abc`, "h\u00e9llo", { "Content-Type": "image/jpeg; a=b" });
    const modified = (await app.head(`${folder}abc`)).headers.get("last-modified");
    await app.put(`${folder}def/ghi`, "x");
    const def = await app.head(`${folder}def/`);
    const response = await app.get(folder);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/ld+json");
    expect(await response.json()).toEqual({
      "@context": CONTEXT,
      items: {
        abc: {
          ETag: etagVersion(abc),
          "Content-Type": "image/jpeg; a=b",
          "Content-Length": 6,
          "Last-Modified": modified,
        },
        "def/": { ETag: etagVersion(def) },
      },
    });
  });

  it("§4.7 a document's description has these four fields of these types, and no other", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const { items } = await describeFolder(folder);
    expect(items?.doc).toEqual({
      ETag: expect.any(String),
      "Content-Type": expect.any(String),
      "Content-Length": expect.any(Number),
      "Last-Modified": expect.any(String),
    });
    expect(Number.isInteger(items?.doc?.["Content-Length"])).toBe(true);
  });

  it("§4.10 a folder's description has an ETag, and no other field", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}sub/doc`, "x");
    expect((await describeFolder(folder)).items?.["sub/"]).toEqual({ ETag: expect.any(String) });
  });

  it("§4.11 §6.1 the response has ETag, Content-Length and Last-Modified", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "\u20ac");
    const response = await app.get(folder);
    const modified = response.headers.get("last-modified") ?? "";
    expect(etagVersion(response)).toMatch(/^[\w-]+$/);
    expect(new Date(modified).toUTCString()).toBe(modified);
    const { byteLength } = await response.arrayBuffer();
    expect(response.headers.get("content-length")).toBe(String(byteLength));
  });

  it("§4.43 HEAD has the headers of GET, and no body", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const [get, head] = [await app.get(folder), await app.head(folder)];
    expect(head.status).toBe(200);
    expect(headersOf(head)).toEqual(headersOf(get));
    expect(await head.text()).toBe("");
  });

  it("§4.12 holds hundreds of documents", async () => {
    const folder = uniqueFolder();
    const names = Array.from({ length: 300 }, (_, index) => `doc${index}`);
    for (let start = 0; start < names.length; start += 50) {
      const group = names.slice(start, start + 50);
      const statuses = await Promise.all(
        group.map(async (name) => (await app.put(folder + name, name)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([201]));
    }
    expect(Object.keys(await app.list(folder)).sort()).toEqual([...names].sort());
  });
});

describe("An empty folder", () => {
  it("§4.16 §5.2 is described with no items, and has an ETag", async () => {
    for (const folder of [uniqueFolder(), "/never/was/any/thing/"]) {
      const response = await app.get(folder);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/ld+json");
      expect(etagVersion(response)).toMatch(/^[\w-]+$/);
      expect(await response.json()).toEqual({ "@context": CONTEXT, items: {} });
    }
  });

  it("§4.16 also the root of a new account", async () => {
    const response = await (await createUserWithApp()).get("/");
    expect(response.status).toBe(200);
    expect(etagVersion(response)).toMatch(/^[\w-]+$/);
    expect(await response.json()).toEqual({ "@context": CONTEXT, items: {} });
  });

  it("§4.17 is not listed in its parent, neither after it was read nor after its last document was deleted", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}stays`, "x");
    await expectUnchanged(app, () => app.get(`${folder}asked/`));
    await app.put(`${folder}sub/deep/doc`, "x");
    await app.delete(`${folder}sub/deep/doc`);
    expect(Object.keys(await app.list(folder))).toEqual(["stays"]);
  });

  it("§6.9 -> 304 for its version, until it has a document", async () => {
    const folder = uniqueFolder();
    const etag = (await app.get(folder)).headers.get("etag") ?? "";
    expect((await app.get(folder, { "If-None-Match": etag })).status).toBe(304);
    await app.put(`${folder}doc`, "x");
    expect((await app.get(folder, { "If-None-Match": etag })).status).toBe(200);
    const full = (await app.get(folder)).headers.get("etag") ?? "";
    await app.delete(`${folder}doc`);
    const emptied = await app.get(folder, { "If-None-Match": full });
    expect([emptied.status, await app.list(folder)]).toEqual([200, {}]);
  });

  it("§4.43 HEAD has the headers of GET", async () => {
    const folder = uniqueFolder();
    expect(headersOf(await app.head(folder))).toEqual(headersOf(await app.get(folder)));
  });
});

describe("Folders cannot be written", () => {
  it.each(["PUT", "DELETE"])("§5.16 %s of a folder -> 400, nothing changed", async (method) => {
    const folder = uniqueFolder();
    await app.put(`${folder}sub/doc`, "x");
    const init = method === "PUT" ? { body: "x", headers: { "Content-Type": "text/plain" } } : {};
    await expectUnchanged(app, async () => {
      for (const path of [folder, `${folder}sub/`, `${folder}new/`, "/"]) {
        const response = await app.request(method, path, init);
        expect(response.status).toBe(400);
        expect(((await response.json()) as { message: string }).message).toMatch(/\w+\.$/);
      }
    });
  });
});

/** §4 on Content-Type: kept byte for byte, and needed. */

import { beforeAll, describe, expect, it } from "vitest";
import { freshFolder, requestWith, unchanged } from "../support/storage";
import { createUserWithApp, type TestApp } from "../support/provider";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

describe("what comes back is what was sent", () => {
  it.each([
    "text/plain",
    "text/plain; charset=utf-8",
    "text/plain;charset=UTF-8",
    "text/plain ; charset = utf-8",
    'text/plain; charset="utf-8"',
    "Text/Plain; Charset=Utf-8",
    "application/json; charset=UTF-8",
    "image/jpeg; charset=binary",
    "application/octet-stream; charset=binary",
    "application/ld+json",
    'multipart/mixed; boundary="a b; c=d"',
    "application/vnd.x-test.v1+json;q=0.5;a=b",
    "text/html",
    "application/javascript",
    "x",
    "not a media type at all",
    "a/b, c/d",
    "*/*",
    `application/x-long; p=${"x".repeat(900)}`,
  ])("§4.32 §4.36 §4.21 %s", async (type) => {
    const folder = freshFolder();
    expect((await app.put(`${folder}doc`, "hello", { "Content-Type": type })).status).toBe(201);
    expect((await app.get(`${folder}doc`)).headers.get("content-type")).toBe(type);
    expect((await app.head(`${folder}doc`)).headers.get("content-type")).toBe(type);
    const part = await app.get(`${folder}doc`, { Range: "bytes=0-1" });
    expect(part.headers.get("content-type")).toBe(type);
    expect((await app.list(folder)).doc?.["Content-Type"]).toBe(type);
  });

  it("§4.32 a new type replaces the old one, with its parameters", async () => {
    const folder = freshFolder();
    await app.put(`${folder}doc`, "x", { "Content-Type": "text/a; p=q" });
    await app.put(`${folder}doc`, "x", { "Content-Type": "text/b" });
    expect((await app.get(`${folder}doc`)).headers.get("content-type")).toBe("text/b");
    expect((await app.list(folder)).doc?.["Content-Type"]).toBe("text/b");
  });

  it("§4.32 it is kept for empty documents too", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, "", { "Content-Type": "text/empty" });
    expect((await app.get(path)).headers.get("content-type")).toBe("text/empty");
  });

  it("§4.36 a document may have the type of a folder description, and is still a document", async () => {
    const folder = freshFolder();
    const body = '{"items":{"fake":{"ETag":"x"}}}';
    await app.put(`${folder}doc`, body, { "Content-Type": "application/ld+json" });
    expect(await (await app.get(`${folder}doc`)).text()).toBe(body);
    expect(Object.keys(await app.list(folder))).toEqual(["doc"]);
  });
});

describe("a PUT that says no type", () => {
  const bare = (path: string, headers: Record<string, string> = {}) => {
    // Bytes, as a text would bring a type of its own.
    const body = new TextEncoder().encode("new");
    return app.request("PUT", path, { body, headers });
  };

  it("§4.35 §5.15 of a new document -> 400 with a sentence, nothing made", async () => {
    const put = await unchanged(app, () => bare(`${freshFolder()}doc`));
    expect(put.status).toBe(400);
    const { message } = (await put.json()) as { message: string };
    expect(message).toContain("Content-Type");
    expect(message).toMatch(/\.$/);
  });

  it("§4.35 of a document that exists -> 400, it keeps type, content and version", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, "old", { "Content-Type": "text/old" });
    expect((await unchanged(app, () => bare(path))).status).toBe(400);
    const get = await app.get(path);
    expect([get.headers.get("content-type"), await get.text()]).toEqual(["text/old", "old"]);
  });

  it.each(["", " "])("§4.35 an empty type (%j) -> 400, nothing made", async (type) => {
    const init = { body: "x", headers: { "Content-Type": type } };
    const path = `${freshFolder()}doc`;
    const put = await unchanged(app, () => requestWith({}, app, "PUT", path, init));
    expect(put.status).toBe(400);
  });

  it("§4.35 a type too long to be kept whole -> 400, nothing made", async () => {
    const type = `text/plain; p=${"x".repeat(2000)}`;
    const path = `${freshFolder()}doc`;
    const put = await unchanged(app, () => app.put(path, "x", { "Content-Type": type }));
    expect(put.status).toBe(400);
  });

  it("§4.35 GET, HEAD and DELETE need none", async () => {
    const path = `${freshFolder()}doc`;
    await app.put(path, "x");
    for (const method of ["GET", "HEAD", "DELETE"]) {
      expect((await app.request(method, path)).status).toBe(200);
    }
  });
});

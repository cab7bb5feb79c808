/** §4: the Content-Type is required, and kept byte for byte. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, type TestApp } from "../support/provider";
import { expectUnchanged, requestWithEnv, uniqueFolder } from "../support/storage";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

describe("A Content-Type is returned as it was sent", () => {
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
    const folder = uniqueFolder();
    expect((await app.put(`${folder}doc`, "hello", { "Content-Type": type })).status).toBe(201);
    expect((await app.get(`${folder}doc`)).headers.get("content-type")).toBe(type);
    expect((await app.head(`${folder}doc`)).headers.get("content-type")).toBe(type);
    const part = await app.get(`${folder}doc`, { Range: "bytes=0-1" });
    expect(part.headers.get("content-type")).toBe(type);
    expect((await app.list(folder)).doc?.["Content-Type"]).toBe(type);
  });

  it("§4.32 also that of an empty document", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "", { "Content-Type": "text/empty" });
    expect((await app.get(path)).headers.get("content-type")).toBe("text/empty");
  });

  it("§4.36 a document may have the type of a folder description", async () => {
    const folder = uniqueFolder();
    const body = '{"items":{"fake":{"ETag":"x"}}}';
    await app.put(`${folder}doc`, body, { "Content-Type": "application/ld+json" });
    expect(await (await app.get(`${folder}doc`)).text()).toBe(body);
    expect(Object.keys(await app.list(folder))).toEqual(["doc"]);
  });
});

describe("A PUT without a Content-Type", () => {
  const bare = (path: string, headers: Record<string, string> = {}) => {
    // Bytes, as a text would bring a type of its own.
    const body = new TextEncoder().encode("new");
    return app.request("PUT", path, { body, headers });
  };

  it("§4.35 §5.15 of a new document -> 400 with a message, nothing stored", async () => {
    const put = await expectUnchanged(app, () => bare(`${uniqueFolder()}doc`));
    expect(put.status).toBe(400);
    const { message } = (await put.json()) as { message: string };
    // What to add to `curl -T`, which sends none.
    expect(message).toContain("-H 'Content-Type: text/plain'");
    expect(message).toMatch(/\.$/);
  });

  it("§4.35 of an existing document -> 400, which keeps its type, content and version", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "old", { "Content-Type": "text/old" });
    expect((await expectUnchanged(app, () => bare(path))).status).toBe(400);
    const get = await app.get(path);
    expect([get.headers.get("content-type"), await get.text()]).toEqual(["text/old", "old"]);
  });

  it.each(["", " "])("§4.35 an empty type (%j) -> 400, nothing stored", async (type) => {
    const init = { body: "x", headers: { "Content-Type": type } };
    const path = `${uniqueFolder()}doc`;
    const put = await expectUnchanged(app, () => requestWithEnv({}, app, "PUT", path, init));
    expect(put.status).toBe(400);
  });

  it("§4.35 a type that is too long to be stored -> 400, nothing stored", async () => {
    const type = `text/plain; p=${"x".repeat(2000)}`;
    const path = `${uniqueFolder()}doc`;
    const put = await expectUnchanged(app, () => app.put(path, "x", { "Content-Type": type }));
    expect(put.status).toBe(400);
  });

  it("§4.35 GET, HEAD and DELETE do not need one", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "x");
    for (const method of ["GET", "HEAD", "DELETE"]) {
      expect((await app.request(method, path)).status).toBe(200);
    }
  });
});

import { expect, it } from "vitest";
import { someone } from "../support/world";

it("smoke", async () => {
  const app = await someone();
  const put = await app.put("/notes/a/b.txt", "hello");
  expect([put.status, await put.text()]).toEqual([201, ""]);
  const etag = put.headers.get("etag");
  const get = await app.get("/notes/a/b.txt");
  expect(await get.text()).toBe("hello");
  expect(get.headers.get("etag")).toBe(etag);
  console.error(JSON.stringify(await app.tree()), [...get.headers]);
  expect((await app.put("/notes/a/b.txt", "x", { "If-None-Match": "*" })).status).toBe(412);
  expect((await app.put("/notes/a/b.txt", "x", { "If-Match": etag! })).status).toBe(200);
  expect((await app.put("/notes/a", "x")).status).toBe(409);
  expect((await app.put("/notes/a/b.txt/c", "x")).status).toBe(409);
  const del = await app.delete("/notes/a/b.txt");
  expect(del.status).toBe(200);
  expect(await app.tree()).toEqual({});
  expect((await app.get("/notes/")).status).toBe(200);
  const big = await app.put(
    "/notes/big",
    new ReadableStream({
      start(c) {
        for (let i = 0; i < 12; i++) c.enqueue(new Uint8Array(1024 * 1024));
        c.close();
      },
    }),
    { "Content-Type": "application/x" },
  );
  expect(big.status).toBe(201);
  expect((await (await app.get("/notes/big")).arrayBuffer()).byteLength).toBe(12 * 1024 * 1024);
});

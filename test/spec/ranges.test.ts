/** §4 on Content-Range, and RFC 9110 §14: range requests. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, ORIGIN, send, type TestApp } from "../support/provider";
import { binaryBytes, headersOf, uniqueFolder } from "../support/storage";

const CONTENT = "0123456789";

let app: TestApp;
let path: string;
let etag: string;
let modified: string;
beforeAll(async () => {
  app = await createUserWithApp();
  path = `${uniqueFolder()}digits`;
  etag = (await app.put(path, CONTENT)).headers.get("etag") ?? "";
  modified = (await app.head(path)).headers.get("last-modified") ?? "";
});

describe("A single range", () => {
  it.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=0-", CONTENT, "bytes 0-9/10"],
    ["bytes=9-9", "9", "bytes 9-9/10"],
    ["bytes=8-1000", "89", "bytes 8-9/10"],
    ["bytes=8-99999999999999999999", "89", "bytes 8-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-10", CONTENT, "bytes 0-9/10"],
    ["bytes=-1000", CONTENT, "bytes 0-9/10"],
    ["Bytes=1-2", "12", "bytes 1-2/10"],
    ["bytes= 1-2 ", "12", "bytes 1-2/10"],
  ])("§4.25 %s -> 206 %s, Content-Range: %s", async (range, part, contentRange) => {
    const get = await app.get(path, { Range: range });
    expect(get.status).toBe(206);
    expect(headersOf(get)).toMatchObject({
      "content-range": contentRange,
      "content-length": String(part.length),
      "content-type": "text/plain",
      "accept-ranges": "bytes",
      "last-modified": modified,
      etag,
    });
    expect(await get.text()).toBe(part);
  });

  it("§4.25 the ranges of a large binary document make up the document", async () => {
    const large = `${uniqueFolder()}large`;
    const bytes = binaryBytes(300_000);
    await app.put(large, bytes);
    const parts: ArrayBuffer[] = [];
    for (let start = 0; start < bytes.length; start += 70_001) {
      const get = await app.get(large, { Range: `bytes=${start}-${start + 70_000}` });
      expect(get.status).toBe(206);
      parts.push(await get.arrayBuffer());
    }
    expect(new Uint8Array(await new Blob(parts).arrayBuffer())).toEqual(bytes);
  });

  it("§4.25 of a public document, without a token", async () => {
    const open = `${uniqueFolder("/public/")}doc`;
    await app.put(open, CONTENT);
    const get = await send(`/storage/${app.user}${open}`, { headers: { Range: "bytes=1-2" } });
    expect([get.status, await get.text()]).toEqual([206, "12"]);
  });
});

describe("A range that is not satisfiable", () => {
  it.each(["bytes=10-", "bytes=10-20", "bytes=1000-", "bytes=-0"])(
    "§5.13 %s -> 416 with the length",
    async (range) => {
      const get = await app.get(path, { Range: range });
      expect(get.status).toBe(416);
      expect(get.headers.get("content-range")).toBe("bytes */10");
      expect(((await get.json()) as { message: string }).message).toMatch(/\w+\.$/);
    },
  );

  it("§5.13 any range from 0 of an empty document -> 416", async () => {
    const empty = `${uniqueFolder()}empty`;
    await app.put(empty, "");
    const get = await app.get(empty, { Range: "bytes=0-0" });
    expect([get.status, get.headers.get("content-range")]).toEqual([416, "bytes */0"]);
  });

  it("§5.7 of a missing document -> 404", async () => {
    expect((await app.get(`${uniqueFolder()}doc`, { Range: "bytes=0-1" })).status).toBe(404);
  });
});

describe("The whole document is served for", () => {
  it.each([
    ["several ranges", "bytes=0-1,4-5"],
    ["several ranges, one of them a suffix", "bytes=0-1, -2"],
    ["another unit", "lines=0-1"],
    ["no unit", "0-1"],
    ["no range", "bytes="],
    ["a single number", "bytes=5"],
    ["a word", "bytes=a-b"],
    ["a negative start", "bytes=-1-5"],
    ["only a dash", "bytes=-"],
    ["hexadecimal", "bytes=0x1-0x2"],
  ])("§4.25 %s -> 200", async (_, range) => {
    const get = await app.get(path, { Range: range });
    expect([get.status, get.headers.get("content-range")]).toEqual([200, null]);
    expect(await get.text()).toBe(CONTENT);
  });

  it("§4.43 HEAD ignores Range", async () => {
    for (const range of ["bytes=0-1", "bytes=50-"]) {
      const head = await app.head(path, { Range: range });
      expect(head.status).toBe(200);
      expect(headersOf(head)).toEqual(headersOf(await app.get(path)));
    }
  });

  it("§4.25 a folder ignores Range", async () => {
    const get = await app.get("/", { Range: "bytes=0-1" });
    expect(get.status).toBe(200);
    expect(await get.json()).toHaveProperty("items");
  });
});

describe("If-Range", () => {
  it("§4.25 with the current ETag -> 206", async () => {
    const get = await app.get(path, { Range: "bytes=1-2", "If-Range": etag });
    expect([get.status, await get.text()]).toEqual([206, "12"]);
  });

  it.each([
    ["the date of the document: another version may have the same", () => modified],
    ["another ETag", () => '"another"'],
    ["the ETag made weak: weak ones never match here", () => `W/${etag}`],
    ["a list", () => `${etag}, "another"`],
    ["an older date", () => "Thu, 01 Jan 2015 00:00:00 GMT"],
    ["a later date: it must be the very same", () => "Thu, 01 Jan 2099 00:00:00 GMT"],
    ["nonsense", () => "tomorrow"],
  ])("§4.25 with %s -> 200, whole", async (_, ifRange) => {
    for (const range of ["bytes=1-2", "bytes=50-"]) {
      const get = await app.get(path, { Range: range, "If-Range": ifRange() });
      expect([get.status, await get.text()]).toEqual([200, CONTENT]);
    }
  });

  it("§4.25 a download resumed after the document was replaced gets the whole new one", async () => {
    const other = `${uniqueFolder()}doc`;
    const first = (await app.put(other, "aaaaaaaaaa")).headers.get("etag") ?? "";
    await app.put(other, "bbbbbbbbbb");
    const get = await app.get(other, { Range: "bytes=5-", "If-Range": first });
    expect([get.status, await get.text()]).toEqual([200, "bbbbbbbbbb"]);
  });

  it("§4.25 without Range -> ignored", async () => {
    expect((await app.get(path, { "If-Range": '"another"' })).status).toBe(200);
  });
});

describe("Ranges and preconditions", () => {
  it("§6.8 If-None-Match comes before Range: 304", async () => {
    const get = await app.get(path, { Range: "bytes=1-2", "If-None-Match": etag });
    expect([get.status, await get.text()]).toEqual([304, ""]);
    const bad = await app.get(path, { Range: "bytes=50-", "If-None-Match": etag });
    expect(bad.status).toBe(304);
  });

  it("§5.1 If-Match comes before Range: 412", async () => {
    const get = await app.get(path, { Range: "bytes=1-2", "If-Match": '"another"' });
    expect(get.status).toBe(412);
  });
});

describe("Range requests are advertised", () => {
  it("§4.27 by Accept-Ranges: bytes on every response to GET and HEAD of a document", async () => {
    for (const response of [
      await app.get(path),
      await app.head(path),
      await app.get(path, { Range: "bytes=0-1" }),
      await app.get(path, { "If-None-Match": etag }),
    ]) {
      expect(response.headers.get("accept-ranges")).toBe("bytes");
    }
  });

  it("§4.26 in WebFinger, by the value GET", async () => {
    const host = new URL(ORIGIN).host;
    const found = await send(`/.well-known/webfinger?resource=acct:${app.user}@${host}`);
    const { links } = (await found.json()) as { links: { properties: Record<string, string> }[] };
    expect(links[0]?.properties["http://tools.ietf.org/html/rfc7233"]).toBe("GET");
  });
});

describe("Content-Range on PUT", () => {
  it("§5.15 -> 400, as a part must not be taken for the whole; nothing changed", async () => {
    const before = await app.tree();
    const put = await app.put(path, "xx", { "Content-Range": "bytes 0-1/10" });
    expect(put.status).toBe(400);
    const made = await app.put(`${uniqueFolder()}doc`, "xx", { "Content-Range": "bytes 0-1/2" });
    expect(made.status).toBe(400);
    expect(await app.tree()).toEqual(before);
    expect(await (await app.get(path)).text()).toBe(CONTENT);
  });

  it("§4.1 Range on PUT and DELETE is ignored", async () => {
    const other = `${uniqueFolder()}doc`;
    expect((await app.put(other, "whole", { Range: "bytes=0-1" })).status).toBe(201);
    expect(await (await app.get(other)).text()).toBe("whole");
    expect((await app.delete(other, { Range: "bytes=0-1" })).status).toBe(200);
    expect((await app.get(other)).status).toBe(404);
  });
});

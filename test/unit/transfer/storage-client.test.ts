/** The client of other servers: conditions, repetition, and listings of every draft. */

import { describe, expect, it } from "vitest";
import { parseListing } from "../../../transfer/listing.js";
import { openDocument } from "../../../transfer/read-document.js";
import { StorageClient } from "../../../transfer/storage.js";

/** A client whose server gives these answers in a row, and which does not really wait. */
function clientOf(answers: (Response | Error)[], root = "https://example.com/alice") {
  const requests: { method: string; url: string; headers: Headers }[] = [];
  const waits: number[] = [];
  const fetch = async (url: string, { method = "", headers }: RequestInit) => {
    requests.push({ method, url, headers: new Headers(headers) });
    const answer = answers.shift() ?? new Error("no more answers");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const sleep = async (ms: number) => void waits.push(ms);
  const network = { fetch, sleep };
  return { requests, waits, client: new StorageClient({ root, token: "secret", network }) };
}

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers });

const body = { length: 1, open: () => "x" };

describe("A request", () => {
  it("carries the token, and the encoded path", async () => {
    const { client, requests } = clientOf([status(404)]);
    expect(await client.get("/a b/%/ü")).toBe(null);
    expect(requests[0]?.url).toBe("https://example.com/alice/a%20b/%25/%C3%BC");
    expect(requests[0]?.headers.get("Authorization")).toBe("Bearer secret");
  });

  it.each([
    [undefined, null, null],
    [null, null, "*"],
    ["v1", '"v1"', null],
  ])("§6 that writes with the condition %j has it as a header", async (ifMatch, match, none) => {
    const { client, requests } = clientOf([status(201, { ETag: '"v2"' })]);
    const condition = ifMatch === undefined ? {} : { ifMatch };
    expect(await client.put("/a", body, { type: "x/y", ...condition })).toEqual({
      etag: "v2",
      isNew: true,
    });
    const headers = requests[0]?.headers;
    expect([headers?.get("If-Match"), headers?.get("If-None-Match")]).toEqual([match, none]);
  });

  it("is repeated after growing pauses", async () => {
    const { client, waits } = clientOf([status(500), status(503), new Error("reset"), status(404)]);
    await client.get("/a");
    expect(waits.length).toBe(3);
    for (const [index, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(250 * 2 ** index);
      expect(ms).toBeLessThanOrEqual(500 * 2 ** index);
    }
  });

  it("RFC 9110 §10.2.3 waits as long as the server asks", async () => {
    const { client, waits } = clientOf([status(429, { "Retry-After": "7" }), status(404)]);
    await client.get("/a");
    expect(waits).toEqual([7000]);
  });

  it("is not repeated when the server asks to come back in an hour", async () => {
    const { client, waits } = clientOf([status(429, { "Retry-After": "3600" })]);
    await expect(client.get("/a")).rejects.toMatchObject({ code: "rate-limited", status: 429 });
    expect(waits).toEqual([]);
  });

  it("ends after six attempts", async () => {
    const errors = Array.from({ length: 9 }, () => new Error("reset"));
    const { client, requests } = clientOf(errors);
    await expect(client.get("/a")).rejects.toMatchObject({ code: "unreachable" });
    expect(requests.length).toBe(6);
  });

  it("says whether a conflict may be with an earlier attempt of its own", async () => {
    const put = (answers: (Response | Error)[]) =>
      clientOf(answers).client.put("/a", body, { type: "x/y", ifMatch: null });
    await expect(put([status(412)])).rejects.toMatchObject({ code: "conflict", isRepeated: false });
    await expect(put([new Error("reset"), status(412)])).rejects.toMatchObject({
      isRepeated: true,
    });
    // A request that was refused by 429 had no effect.
    await expect(put([status(429), status(412)])).rejects.toMatchObject({ isRepeated: false });
  });

  it.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [413, "too-large"],
    [507, "over-quota"],
    [418, "refused"],
  ])("that is answered with %i is refused as %s", async (code, expected) => {
    const { client } = clientOf([status(code)]);
    await expect(client.get("/a")).rejects.toMatchObject({ code: expected, status: code });
  });
});

/** An answer whose connection breaks after these bytes. */
const broken = (text: string, headers: Record<string, string> = {}, status = 200) => {
  const chunks = [new TextEncoder().encode(text)];
  const pull = (controller: ReadableStreamDefaultController) => {
    const chunk = chunks.shift();
    if (chunk) controller.enqueue(chunk);
    else controller.error(new TypeError("terminated"));
  };
  return new Response(new ReadableStream({ pull }), { status, headers });
};

describe("An answer that breaks off", () => {
  it("is asked for again if it is a listing, and then refused", async () => {
    const { client } = clientOf([broken('{"items"'), Response.json({ items: { a: "1" } })]);
    expect((await client.list("/")).items).toMatchObject([{ name: "a" }]);
    const never = clientOf(Array.from({ length: 9 }, () => broken("{")));
    await expect(never.client.list("/")).rejects.toMatchObject({ code: "damaged" });
    expect(never.requests.length).toBe(3);
  });

  it("is continued where it was if it is a document, and then refused", async () => {
    const part = { ETag: '"1"', "Content-Length": "4" };
    const rest = new Response("ef", { status: 206, headers: { ETag: '"1"' } });
    const { client, requests } = clientOf([broken("cd", part, 206), rest]);
    const opened = await openDocument(client, "/a", { from: 2, ifMatch: "1" });
    expect(await new Response(opened?.body as ReadableStream).text()).toBe("cdef");
    expect(requests.map(({ headers }) => headers.get("Range"))).toEqual(["bytes=2-", "bytes=4-"]);
    const never = clientOf(Array.from({ length: 9 }, () => broken("a", part)));
    const body = (await openDocument(never.client, "/a"))?.body as ReadableStream;
    await expect(new Response(body).text()).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("§4 A listing", () => {
  it("has names, types, lengths, times, and ETags with quotes or without", () => {
    const items = {
      a: {
        ETag: '"1"',
        "Content-Type": "x/y",
        "Content-Length": 5,
        "Last-Modified": "Sun, 29 Nov 2026 12:00:00 GMT",
      },
      "b/": { ETag: "2" },
    };
    expect(parseListing(JSON.stringify({ "@context": "x", items }))).toEqual([
      {
        name: "a",
        isFolder: false,
        etag: "1",
        type: "x/y",
        length: 5,
        modified: Date.UTC(2026, 10, 29, 12),
      },
      { name: "b", isFolder: true, etag: "2", type: null, length: null, modified: null },
    ]);
  });

  it("of the first drafts is a map of names and ETags", () => {
    expect(parseListing('{"a":"1","b/":"2"}')).toMatchObject([
      { name: "a", etag: "1", type: null },
      { name: "b", isFolder: true, etag: "2" },
    ]);
    expect(parseListing("{}")).toEqual([]);
  });

  it("has no names that no document has", () => {
    const items = { "": {}, ".": {}, "../": {}, "a/b": {}, "/": {}, "\0": {}, "a//": {}, ok: {} };
    expect(parseListing(JSON.stringify({ items }))?.map(({ name }) => name)).toEqual(["ok"]);
  });

  it.each(["", "[]", "null", "<!doctype html>", '{"items":[]}', '{"items":null}'])(
    "is not %j",
    (text) => {
      expect(parseListing(text)).toBe(null);
    },
  );
});

/** §5: documents that are too large, and accounts over their quota; a refusal loses nothing. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeLabel } from "../../src/core/labels";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { indexBytesOf } from "../support/index-bytes";
import { createUserWithApp, encodePath, listBodyKeys, type TestApp } from "../support/provider";
import {
  binaryBytes,
  countedStream,
  expectUnchanged,
  requestWithEnv,
  setQuota,
  uniqueFolder,
} from "../support/storage";

const MiB = 1024 * 1024;

/** What the large documents are made of. */
const BYTES = binaryBytes(12 * MiB);

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

/** A body in chunked transfer coding: its length is not known before its end. */
const chunked = (text: string) => countedStream([new TextEncoder().encode(text)]).body;

describe("The largest document", () => {
  const LIMIT = { MAX_DOCUMENT_BYTES: "10" };
  const put = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
    requestWithEnv(LIMIT, app, "PUT", path, { body, headers });

  it("§5.11 as large as allowed -> 201, with Content-Length and chunked", async () => {
    const folder = uniqueFolder();
    const length = { "Content-Length": "10" };
    expect((await put(`${folder}known`, "0123456789", length)).status).toBe(201);
    expect((await put(`${folder}chunked`, chunked("0123456789"))).status).toBe(201);
    expect(await (await app.get(`${folder}chunked`)).text()).toBe("0123456789");
  });

  it("§5.11 larger by its Content-Length -> 413, nothing stored and nothing read", async () => {
    const stream = countedStream([new TextEncoder().encode("0123456789x")]);
    const headers = { "Content-Length": "11" };
    const response = await expectUnchanged(app, () =>
      put(`${uniqueFolder()}doc`, stream.body, headers),
    );
    expect(response.status).toBe(413);
    expect(stream.pulls).toBe(0);
    expect(((await response.json()) as { message: string }).message).toContain("10 bytes");
  });

  it("§5.11 larger, chunked -> 413, nothing stored", async () => {
    const response = await expectUnchanged(app, () =>
      put(`${uniqueFolder()}doc`, chunked("0123456789x")),
    );
    expect(response.status).toBe(413);
  });

  it("§5.11 replacing a smaller one -> 413, which is kept", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "small");
    for (const body of ["0123456789x", chunked("0123456789x")]) {
      const headers: Record<string, string> =
        typeof body === "string" ? { "Content-Length": "11" } : {};
      expect((await expectUnchanged(app, () => put(path, body, headers))).status).toBe(413);
    }
    expect(await (await app.get(path)).text()).toBe("small");
  });

  it("§5.11 larger than several parts of an upload, chunked -> 413, nothing is left of it", async () => {
    const stream = countedStream(Array.from({ length: 30 }, () => new Uint8Array(MiB)));
    const response = await expectUnchanged(app, () =>
      requestWithEnv({ MAX_DOCUMENT_BYTES: String(11 * MiB) }, app, "PUT", `${uniqueFolder()}doc`, {
        body: stream.body,
      }),
    );
    expect(response.status).toBe(413);
    // Not read to its end: it was refused as soon as it was too long.
    expect(stream.pulls).toBeLessThan(30);
  });

  it("§5.11 is 100 MiB by default", async () => {
    const stream = countedStream([]);
    const headers = { "Content-Length": String(100 * MiB + 1) };
    const response = await expectUnchanged(app, () =>
      requestWithEnv({}, app, "PUT", `${uniqueFolder()}doc`, { body: stream.body, headers }),
    );
    expect(response.status).toBe(413);
  });
});

describe("The quota", () => {
  let owner: TestApp;
  beforeAll(async () => {
    owner = await createUserWithApp();
  });

  const SIXTY = "/notes/sixty";

  /**
   * Resets the account to one document of 60 bytes, and a quota of 100 besides the index of it and of
   * these documents.
   */
  async function useSixtyOfHundred(...others: string[]): Promise<void> {
    await setQuota(owner, null);
    for (const path of Object.keys(await owner.tree())) {
      if (!path.endsWith("/")) await owner.delete(path);
    }
    await owner.put(SIXTY, "x".repeat(60));
    await setQuota(owner, 100 + indexBytesOf([SIXTY, ...others]));
  }

  const bodies: [string, (text: string) => BodyInit][] = [
    ["Content-Length", (text) => text],
    ["chunked", chunked],
  ];

  it.each(bodies)(
    "§5.18 %s: a document that fits exactly -> 201; one byte more -> 507, nothing lost",
    async (_, body) => {
      await useSixtyOfHundred("/notes/more");
      const over = await expectUnchanged(owner, () =>
        owner.put("/notes/more", body("y".repeat(41))),
      );
      expect(over.status).toBe(507);
      expect(((await over.json()) as { message: string }).message).toMatch(/\w+\.$/);
      expect((await owner.put("/notes/more", body("y".repeat(40)))).status).toBe(201);
      const full = await expectUnchanged(owner, () => owner.put("/notes/last", body("z")));
      expect(full.status).toBe(507);
    },
  );

  it.each(bodies)(
    "§5.18 %s: a document that would grow too much -> 507, it is kept",
    async (_, body) => {
      await useSixtyOfHundred();
      const over = await expectUnchanged(owner, () => owner.put(SIXTY, body("y".repeat(101))));
      expect(over.status).toBe(507);
      expect(await (await owner.get(SIXTY)).text()).toBe("x".repeat(60));
      expect((await owner.put(SIXTY, body("y".repeat(100)))).status).toBe(200);
    },
  );

  it.each(bodies)(
    "§5.18 %s: an account over its quota may shrink and delete, but not grow",
    async (_, body) => {
      await useSixtyOfHundred();
      await setQuota(owner, 10);
      const same = await owner.put(SIXTY, body("y".repeat(60)));
      expect(same.status).toBe(200);
      expect((await owner.put(SIXTY, body("y".repeat(50)))).status).toBe(200);
      const grown = await expectUnchanged(owner, () => owner.put(SIXTY, body("y".repeat(51))));
      expect(grown.status).toBe(507);
      expect((await expectUnchanged(owner, () => owner.put("/notes/a", body("y")))).status).toBe(
        507,
      );
      expect((await owner.delete(SIXTY)).status).toBe(200);
      await setQuota(owner, 10 + indexBytesOf(["/notes/a"]));
      expect((await owner.put("/notes/a", body("y".repeat(10)))).status).toBe(201);
    },
  );

  it("§5.18 the index counts as well: an empty document, its name, its type and its folders", async () => {
    await useSixtyOfHundred();
    const path = "/notes/of a/long name";
    const full = 60 + indexBytesOf([SIXTY, path]);
    await setQuota(owner, full - 1);
    const put = (type: string) => owner.put(encodeURI(path), "", { "Content-Type": type });
    const over = await expectUnchanged(owner, () => put("text/plain"));
    expect(over.status).toBe(507);
    await setQuota(owner, full);
    expect((await put("text/plain")).status).toBe(201);
    expect((await expectUnchanged(owner, () => put("text/plain2"))).status).toBe(507);
    expect((await put("text/css")).status).toBe(200);
    await owner.delete(encodeURI(path));
    expect((await put("text/plain")).status).toBe(201);
  });

  it("§5.18 an account that has MAX_DOCUMENTS may replace and delete, but not add", async () => {
    await useSixtyOfHundred();
    await setQuota(owner, null);
    const put = (path: string) =>
      requestWithEnv({ MAX_DOCUMENTS: "1" }, owner, "PUT", path, { body: "y" });
    const refused = await expectUnchanged(owner, () => put("/notes/more"));
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({ error: "over-quota" });
    expect((await put(SIXTY)).status).toBe(200);
    expect((await owner.delete(SIXTY)).status).toBe(200);
    expect((await put("/notes/more")).status).toBe(201);
  });

  it("§5.18 deleted and replaced documents do not count", async () => {
    await useSixtyOfHundred("/notes/other");
    for (let i = 0; i < 5; i++) {
      expect((await owner.put("/notes/other", "y".repeat(40))).status).toBe(i === 0 ? 201 : 200);
    }
    for (let i = 0; i < 3; i++) {
      expect((await owner.delete("/notes/other")).status).toBe(200);
      expect((await owner.put("/notes/other", "y".repeat(40))).status).toBe(201);
    }
    expect((await owner.put("/notes/x", "y")).status).toBe(507);
  });

  it("§5.18 public documents count as well", async () => {
    await useSixtyOfHundred("/public/notes/a");
    expect((await owner.put("/public/notes/a", "y".repeat(41))).status).toBe(507);
    expect((await owner.put("/public/notes/a", "y".repeat(40))).status).toBe(201);
  });

  it("§5.18 a failed precondition comes before the quota", async () => {
    await useSixtyOfHundred();
    const body = "y".repeat(200);
    const put = await expectUnchanged(owner, () =>
      owner.put(SIXTY, body, { "If-Match": '"stale"' }),
    );
    expect(put.status).toBe(412);
  });

  it("§5.18 a body that exceeds the quota by its Content-Length is not read", async () => {
    await useSixtyOfHundred("/notes/more");
    // For a minute, the provider relies on the free space that it knows of.
    advanceClock(MINUTE_MS);
    const stream = countedStream([new Uint8Array(41)]);
    const headers = { "Content-Length": "41" };
    const response = await expectUnchanged(owner, () =>
      requestWithEnv({}, owner, "PUT", "/notes/more", { body: stream.body, headers }),
    );
    expect([response.status, stream.pulls]).toEqual([507, 0]);
  });

  it("§5.18 a chunked body of many MiB is refused while it is uploaded, and nothing is left of it", async () => {
    await useSixtyOfHundred();
    await setQuota(owner, 6 * MiB);
    const stream = countedStream(Array.from({ length: 20 }, () => new Uint8Array(MiB)));
    const response = await expectUnchanged(owner, () =>
      requestWithEnv({}, owner, "PUT", "/notes/more", { body: stream.body }),
    );
    expect(response.status).toBe(507);
    expect(stream.pulls).toBeLessThan(20);
  });

  it("§5.18 an account without its own quota has DEFAULT_QUOTA_BYTES", async () => {
    await useSixtyOfHundred();
    await setQuota(owner, null);
    const quota = String(70 + indexBytesOf([SIXTY, "/notes/more"]));
    const put = (length: number) =>
      requestWithEnv({ DEFAULT_QUOTA_BYTES: quota }, owner, "PUT", "/notes/more", {
        body: "y".repeat(length),
        headers: { "Content-Length": String(length) },
      });
    expect((await expectUnchanged(owner, () => put(11))).status).toBe(507);
    expect((await put(10)).status).toBe(201);
  });

  it("§5.18 of two writers that together exceed it by one byte, one is refused", async () => {
    for (let i = 0; i < 3; i++) {
      await useSixtyOfHundred("/notes/race1", "/notes/race2");
      const responses = await Promise.all([
        owner.put("/notes/race1", "y".repeat(20)),
        owner.put("/notes/race2", "y".repeat(21)),
      ]);
      expect(responses.map(({ status }) => status).sort()).toEqual([201, 507]);
    }
  });

  it("§5.18 concurrent writers cannot exceed it", async () => {
    await useSixtyOfHundred("/notes/race1", "/notes/race2");
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, i) => owner.put(`/notes/race${i}`, "y".repeat(15))),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(2).fill(201), ...Array(8).fill(507)]);
    const sizes = Object.values(await owner.list("/notes/")).map((item) => item["Content-Length"]);
    expect(sizes.sort()).toEqual([15, 15, 60]);
  });
});

describe("Chunked transfer coding", () => {
  it.each([
    ["one chunk", [5]],
    ["many small chunks", Array(50).fill(7)],
    ["just below a part of 5 MiB", [5 * MiB - 1]],
    ["exactly a part", [5 * MiB]],
    ["a part and a byte", [5 * MiB, 1]],
    ["exactly two parts", Array(10).fill(MiB)],
    ["two parts and some, in odd chunks", Array(11).fill(MiB + 17)],
  ])("§4.2 %s -> stored byte for byte", async (_, lengths) => {
    const path = `${uniqueFolder()}doc`;
    const total = (lengths as number[]).reduce((sum, length) => sum + length, 0);
    const bytes = BYTES.subarray(0, total);
    let start = 0;
    const chunks = (lengths as number[]).map((length) => {
      start += length;
      return bytes.slice(start - length, start);
    });
    const put = await app.put(path, countedStream(chunks).body);
    expect(put.status).toBe(201);
    const get = await app.get(path);
    expect(get.headers.get("content-length")).toBe(String(total));
    expect(Buffer.compare(new Uint8Array(await get.arrayBuffer()), bytes)).toBe(0);
    if (total > 3) {
      const tail = await app.get(path, { Range: "bytes=-3" });
      expect(new Uint8Array(await tail.arrayBuffer())).toEqual(bytes.slice(-3));
    }
  });

  it("§4.20 §4.28 a large body with a length -> stored byte for byte, too", async () => {
    const path = `${uniqueFolder()}doc`;
    const bytes = BYTES.subarray(0, 6 * MiB + 3);
    expect((await app.put(path, bytes)).status).toBe(201);
    const get = await app.get(path);
    expect(get.headers.get("content-length")).toBe(String(bytes.byteLength));
    expect(Buffer.compare(new Uint8Array(await get.arrayBuffer()), bytes)).toBe(0);
  });

  it("§4.2 a PUT whose body is aborted changes nothing", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    // In the first part of an upload, and when two are stored.
    for (const before of [1, 11]) {
      let sent = 0;
      const body = new ReadableStream({
        type: "bytes",
        pull(controller) {
          if (++sent > before) controller.error(new Error("The client is gone."));
          else controller.enqueue(new Uint8Array(MiB));
        },
      });
      const response = await expectUnchanged(app, () =>
        requestWithEnv({}, app, "PUT", path, { body }),
      );
      expect(response.status).toBeGreaterThanOrEqual(500);
    }
    expect(await (await app.get(path)).text()).toBe("before");
  });

  it("§5.17 R2 does not accept the body -> 503 with Retry-After, nothing changed", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    const BODIES = {
      put: () => Promise.reject(new Error("Network connection lost.")),
    } as unknown as R2Bucket;
    const response = await expectUnchanged(app, () =>
      requestWithEnv({ BODIES }, app, "PUT", path, {
        body: "new",
        headers: { "Content-Length": "3" },
      }),
    );
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.text()).not.toContain("Network connection");
  });
});

describe("A PUT is refused before its body is read", () => {
  /** The status of a refused PUT, and how often its body was pulled. */
  async function refusedPut(
    path: string,
    headers: Record<string, string>,
    changes: Parameters<typeof requestWithEnv>[0] = {},
  ) {
    const stream = countedStream([new Uint8Array(1000)]);
    const response = await expectUnchanged(app, () =>
      requestWithEnv(changes, app, "PUT", path, { body: stream.body, headers }),
    );
    return [response.status, stream.pulls];
  }

  it.each([
    ["§5.4 without a valid token", 401, { Authorization: "Bearer abc" }],
    ["§5.15 with a malformed list", 400, { "If-Match": '"a' }],
    ["§4.35 without a Content-Type", 400, { "Content-Type": "" }],
    ["§5.15 with Content-Range", 400, { "Content-Range": "bytes 0-1/2" }],
    ["§5.10 with a stale If-Match", 412, { "If-Match": '"stale"' }],
  ])("%s -> %i, unread", async (_, status, headers) => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    expect(await refusedPut(path, headers as Record<string, string>)).toEqual([status, 0]);
  });

  it("§5.10 with If-None-Match: * of an existing document -> 412, unread", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    expect(await refusedPut(path, { "If-None-Match": "*" })).toEqual([412, 0]);
  });

  it("§5.9 at the path of a folder -> 409, unread", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/doc`, "x");
    expect(await refusedPut(`${folder}a`, {})).toEqual([409, 0]);
  });

  it("§5.15 §5.12 §5.16 malformed, too long or a folder -> 400, 414, 400, unread", async () => {
    expect(await refusedPut("/a//b", {})).toEqual([400, 0]);
    expect(await refusedPut(`/${"x".repeat(5000)}`, {})).toEqual([414, 0]);
    expect(await refusedPut(uniqueFolder(), {})).toEqual([400, 0]);
  });

  it("§5.5 §5.6 out of scope or of another account -> 403, unread", async () => {
    const other = await createUserWithApp("photos:rw");
    const headers = { Authorization: `Bearer ${other.token}` };
    expect(await refusedPut("/notes/doc", headers)).toEqual([403, 0]);
    const stream = countedStream([new Uint8Array(10)]);
    const own = await requestWithEnv({}, other, "PUT", "/notes/doc", { body: stream.body });
    expect([own.status, stream.pulls]).toEqual([403, 0]);
  });
});

describe("R2 stores", () => {
  it("§4.28 one body per version, by account, document and version; the last one is current", async () => {
    const owner = await createUserWithApp();
    const first = await owner.put("/notes/doc", "one");
    const second = await owner.put("/notes/doc", "two");
    const keys = await listBodyKeys(owner.user);
    const versions = [first, second].map((put) => put.headers.get("etag")?.slice(1, -1) as string);
    expect(keys.map((key) => key.split("/")[2]).sort()).toEqual([...versions].sort());
    expect(new Set(keys.map((key) => key.split("/").slice(0, 2).join("/"))).size).toBe(1);
    const key = keys.find((key) => key.endsWith(versions[1] as string)) as string;
    expect(await (await env.BODIES.get(key))?.text()).toBe("two");
  });

  it("§4.28 the path and type with each body, in ASCII, so that the index could be rebuilt", async () => {
    const owner = await createUserWithApp();
    await owner.put("/notes/n%C3%A4me%20(1)", "x", { "Content-Type": "text/x; a=b" });
    const [key] = await listBodyKeys(owner.user);
    const head = await env.BODIES.head(key as string);
    expect(head?.customMetadata).toMatchObject({
      path: "=?UTF-8?B?L25vdGVzL27DpG1lICgxKQ==?=",
      type: "text/x; a=b",
    });
  });

  it.each([
    ["emoji", "\u{1f600}"],
    ["control characters", "\u0001"],
    ["quotation marks", '"'],
  ])("§4.28 the longest path and type in the 8,192 bytes of metadata: %s", async (_, character) => {
    const owner = await createUserWithApp();
    const bytes = new TextEncoder().encode(character).byteLength;
    const room = 4096 - "/notes/".length;
    const path = `/notes/${character.repeat(room / bytes)}${"x".repeat(room % bytes)}`;
    expect(new TextEncoder().encode(path).byteLength).toBe(4096);
    const type = `text/plain; a=${'"'.repeat(1010)}`;
    const headers = { "Content-Type": type };
    expect((await owner.put(encodePath(path), "x", headers)).status).toBe(201);
    const [key] = await listBodyKeys(owner.user);
    const {
      path: pathLabel,
      type: typeLabel,
      ...others
    } = (await env.BODIES.head(key as string))?.customMetadata ?? {};
    const text = ["path", pathLabel, "type", typeLabel, ...Object.entries(others).flat()].join("");
    expect(text).toMatch(/^[ -~]{6000,8192}$/);
    expect(decodeLabel(pathLabel ?? "")).toBe(path);
    expect(decodeLabel(typeLabel ?? "")).toBe(type);
  });
});

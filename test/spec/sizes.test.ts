/** §5: documents that are too large, and accounts over their quota; a refusal loses nothing. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import {
  binaryBytes,
  countedStream,
  expectUnchanged,
  requestWithEnv,
  setQuota,
  sha256,
  uniqueFolder,
} from "../support/storage";

const MiB = 1024 * 1024;

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

  /** Resets the account to one document of 60 bytes, and a quota of 100. */
  async function useSixtyOfHundred(): Promise<void> {
    await setQuota(owner, null);
    for (const path of Object.keys(await owner.tree())) {
      if (!path.endsWith("/")) await owner.delete(path);
    }
    await owner.put("/notes/sixty", "x".repeat(60));
    await setQuota(owner, 100);
  }

  const bodies: [string, (text: string) => BodyInit][] = [
    ["Content-Length", (text) => text],
    ["chunked", chunked],
  ];

  it.each(bodies)(
    "§5.18 %s: a document that fits exactly -> 201; one byte more -> 507, nothing lost",
    async (_, body) => {
      await useSixtyOfHundred();
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
      const over = await expectUnchanged(owner, () =>
        owner.put("/notes/sixty", body("y".repeat(101))),
      );
      expect(over.status).toBe(507);
      expect(await (await owner.get("/notes/sixty")).text()).toBe("x".repeat(60));
      expect((await owner.put("/notes/sixty", body("y".repeat(100)))).status).toBe(200);
    },
  );

  it.each(bodies)(
    "§5.18 %s: an account over its quota may shrink and delete, but not grow",
    async (_, body) => {
      await useSixtyOfHundred();
      await setQuota(owner, 10);
      const same = await owner.put("/notes/sixty", body("y".repeat(60)));
      expect(same.status).toBe(200);
      expect((await owner.put("/notes/sixty", body("y".repeat(50)))).status).toBe(200);
      const grown = await expectUnchanged(owner, () =>
        owner.put("/notes/sixty", body("y".repeat(51))),
      );
      expect(grown.status).toBe(507);
      expect((await expectUnchanged(owner, () => owner.put("/notes/a", body("y")))).status).toBe(
        507,
      );
      expect((await owner.delete("/notes/sixty")).status).toBe(200);
      expect((await owner.put("/notes/a", body("y".repeat(10)))).status).toBe(201);
    },
  );

  it("§5.18 an empty document fits a full account", async () => {
    await useSixtyOfHundred();
    await setQuota(owner, 60);
    expect((await owner.put("/notes/empty", "")).status).toBe(201);
  });

  it("§5.18 deleted and replaced documents do not count", async () => {
    await useSixtyOfHundred();
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
    await useSixtyOfHundred();
    expect((await owner.put("/public/notes/a", "y".repeat(41))).status).toBe(507);
  });

  it("§5.18 a failed precondition comes before the quota", async () => {
    await useSixtyOfHundred();
    const body = "y".repeat(200);
    const put = await expectUnchanged(owner, () =>
      owner.put("/notes/sixty", body, { "If-Match": '"stale"' }),
    );
    expect(put.status).toBe(412);
  });

  it("§5.18 a body that exceeds the quota by its Content-Length is not read", async () => {
    await useSixtyOfHundred();
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
    const put = (length: number) =>
      requestWithEnv({ DEFAULT_QUOTA_BYTES: "70" }, owner, "PUT", "/notes/more", {
        body: "y".repeat(length),
        headers: { "Content-Length": String(length) },
      });
    expect((await expectUnchanged(owner, () => put(11))).status).toBe(507);
    expect((await put(10)).status).toBe(201);
  });

  it("§5.18 of two writers that together exceed it by one byte, one is refused", async () => {
    for (let i = 0; i < 3; i++) {
      await useSixtyOfHundred();
      const responses = await Promise.all([
        owner.put("/notes/race1", "y".repeat(20)),
        owner.put("/notes/race2", "y".repeat(21)),
      ]);
      expect(responses.map(({ status }) => status).sort()).toEqual([201, 507]);
    }
  });

  it("§5.18 concurrent writers cannot exceed it", async () => {
    await useSixtyOfHundred();
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
    const bytes = binaryBytes(total);
    let start = 0;
    const chunks = (lengths as number[]).map((length) => {
      start += length;
      return bytes.slice(start - length, start);
    });
    const put = await app.put(path, countedStream(chunks).body);
    expect(put.status).toBe(201);
    const get = await app.get(path);
    expect(get.headers.get("content-length")).toBe(String(total));
    expect(await sha256(await get.arrayBuffer())).toBe(await sha256(bytes));
    if (total > 3) {
      const tail = await app.get(path, { Range: "bytes=-3" });
      expect(new Uint8Array(await tail.arrayBuffer())).toEqual(bytes.slice(-3));
    }
  });

  it("§4.20 §4.28 a large body with a length -> stored byte for byte, too", async () => {
    const path = `${uniqueFolder()}doc`;
    const bytes = binaryBytes(7 * MiB + 3);
    expect((await app.put(path, bytes)).status).toBe(201);
    const get = await app.get(path);
    expect(get.headers.get("content-length")).toBe(String(bytes.byteLength));
    expect(await sha256(await get.arrayBuffer())).toBe(await sha256(bytes));
  });

  it("§4.2 a PUT whose body is aborted changes nothing", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "before");
    for (const before of [1, 6, 12]) {
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
});

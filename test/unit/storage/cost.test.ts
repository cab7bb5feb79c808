/** What a request costs, counted by the meter of the bench: calls, rows, and dollars. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { fillFolder, findAccountId } from "../../../bench/cost/fill-folder";
import { type Counts, noCounts, startMeter } from "../../../bench/cost/meter";
import { type Operation, operations, seedStorage } from "../../../bench/cost/operations";
import { priceOfRequest } from "../../../bench/cost/price";
import prices from "../../../bench/cost/prices.json";
import { createUser, type TestUser } from "../../../bench/cost/test-user";
import { SMALL_BODY_BYTES } from "../../../src/storage/bodies";
import { ITEMS_PER_PAGE } from "../../../src/storage/db/nodes";
import { freezeClock } from "../../support/clock";
import { openModuleWithBytes } from "../../support/modules";
import { ORIGIN, send } from "../../support/provider";
import { uniqueFolder } from "../../support/storage";

let client: TestUser;
let known: Operation[];
beforeAll(async () => {
  client = await createUser(send, "billed", new URL(ORIGIN).host);
  await seedStorage(client);
  known = operations(client);
});

/**
 * Runs an action, and returns the calls and rows that it costs. A change comes first, so that the
 * action does not pay for work that is done now and then: reading the signing keys, scheduling the
 * sweep, recording the app's usage. The clock is frozen between them.
 */
async function costOf(action: () => Promise<Response>, status: number): Promise<Counts> {
  freezeClock();
  await ask("PUT", "/first", {}, "x");
  const object = env.USERS.getByName(client.user);
  const meter = startMeter(env as never);
  try {
    await runInDurableObject(object, (_, { storage }) => meter.watch(storage));
    const response = await action();
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  } finally {
    meter.stop();
  }
  return meter.counts;
}

/** The cost of an operation of the benchmark, carried out as there. */
async function costOfOperation(name: string): Promise<Counts & { budget: Operation["budget"] }> {
  const operation = known.find((one) => one.name === name);
  if (!operation) throw new Error(`There is no operation "${name}".`);
  await operation.prepare?.(0);
  return { ...(await costOf(() => operation.run(0), operation.status)), budget: operation.budget };
}

const READ = { trips: 1, queries: 2, rowsRead: 3 };
const WRITE = { trips: 1, queries: 3, objects: 1 };
/** A change is evaluated before its body is read, if it is not known to fit. */
const PREVIEW = { trips: 2, queries: 4 };

/** Counts that are not given are 0. Calls and rows written are exact, rows read an upper bound. */
const COSTS: Record<string, Partial<Counts>> = {
  "GET of 1 KB": { ...READ, classB: 1 },
  "GET of a public document, no token": { ...READ, queries: 1, rowsRead: 2, classB: 1 },
  "GET of a document, 304": READ,
  "HEAD of a document": READ,
  "GET of a missing document, 404": { ...READ, rowsRead: 2 },
  "Listing of 50": { ...READ, rowsRead: 54 },
  "Listing of 50, 304": READ,
  "Listing of an empty folder": READ,
  "PUT of a new document, three folders deep": {
    ...WRITE,
    rowsRead: 18,
    rowsWritten: 4,
    classA: 1,
  },
  "PUT replacing a document, three folders deep": {
    ...WRITE,
    rowsRead: 18,
    rowsWritten: 4,
    classA: 1,
  },
  "PUT without a length, three folders deep": {
    ...WRITE,
    ...PREVIEW,
    rowsRead: 20,
    rowsWritten: 4,
    classA: 1,
  },
  // The object records the upload until it is complete, in case it is abandoned.
  "PUT without a length, two parts": {
    ...WRITE,
    ...PREVIEW,
    rowsRead: 22,
    rowsWritten: 6,
    classA: 4,
    objects: 2,
  },
  "PUT ten folders deep": { ...WRITE, rowsRead: 32, rowsWritten: 11, classA: 1 },
  "PUT into new folders, three deep": { ...WRITE, rowsRead: 24, rowsWritten: 4, classA: 1 },
  "PUT that is refused, 412": { ...WRITE, rowsRead: 18, classA: 1, free: 1 },
  "DELETE, three folders deep": { ...WRITE, rowsRead: 30, rowsWritten: 4 },
  "DELETE that leaves two folders empty": { ...WRITE, rowsRead: 30, rowsWritten: 4 },
  "DELETE of a missing document, 404": { ...WRITE, rowsRead: 20 },
  Preflight: {},
  WebFinger: { trips: 1, queries: 1, rowsRead: 1 },
  Quota: { ...READ, rowsRead: 4 },
  "Exchange of a code": { trips: 2, queries: 6, rowsRead: 12, rowsWritten: 4 },
  "Refresh of a token": { trips: 2, queries: 4, rowsRead: 7, rowsWritten: 3 },
};

describe("The cost of an operation", () => {
  it("is expected here for each operation of the benchmark", () => {
    expect(Object.keys(COSTS).sort()).toEqual(known.map(({ name }) => name).sort());
  });

  it.each(Object.entries(COSTS))("%s", async (name, expected) => {
    const { budget, rowsRead, ...counts } = await costOfOperation(name);
    const { rowsRead: mostRowsRead, ...exact } = { ...noCounts(), ...expected };
    expect(counts).toEqual(exact);
    expect(rowsRead).toBeLessThanOrEqual(mostRowsRead);
    if (budget === undefined) return;
    const price = priceOfRequest({ ...counts, rowsRead }, prices);
    expect(price, "dollars for a million").toBeLessThanOrEqual(prices.budget[budget]);
  });
});

/** The grant's row, and the document's, or the folder's with its items. */
const MOST_ROWS_OF_A_READ = 9;

describe("One round trip to D1, and nothing else", () => {
  const document = "/public/cost/document";
  it.each([
    ["HEAD of a folder", 200, () => client.requestStorage("HEAD", "/cost/three/")],
    ["an anonymous HEAD", 200, () => client.send(storage(document), { method: "HEAD" })],
    ["a stale If-Match on GET", 412, () => ask("GET", document, { "If-Match": '"x"' })],
    [
      "a range beyond the document's end",
      416,
      () => ask("GET", document, { Range: "bytes=9999-" }),
    ],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, action) => {
    const { rowsRead, queries, ...counts } = await costOf(action, status);
    expect({ ...noCounts(), ...counts }).toEqual({ ...noCounts(), trips: 1 });
    expect(queries).toBeLessThanOrEqual(2);
    expect(rowsRead).toBeLessThanOrEqual(MOST_ROWS_OF_A_READ);
  });

  it("a folder whose version is one of several in If-None-Match: still one row of it", async () => {
    const etag = (await client.requestStorage("HEAD", "/cost/fifty/")).headers.get("etag");
    const headers = { "If-None-Match": `"a", ${etag}` };
    expect(await costOf(() => ask("GET", "/cost/fifty/", headers), 304)).toMatchObject(READ);
  });
});

describe("One query to D1 before a large body is read", () => {
  const document = "/public/cost/document";
  const TYPE = { "Content-Type": "text/plain" };
  const long = new Uint8Array(SMALL_BODY_BYTES + 1);
  it.each([
    ["a stale If-Match", 412, () => ask("PUT", document, { ...TYPE, "If-Match": '"x"' }, long)],
    ["a clash", 409, () => ask("PUT", `${document}/below`, TYPE, long)],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, action) => {
    const { rowsRead, ...counts } = await costOf(action, status);
    expect(counts).toMatchObject({ trips: 1, queries: 1, classA: 0, objects: 0 });
  });
});

describe("No call to any binding", () => {
  const forged = { Authorization: "Bearer a.b.c" };
  it.each([
    ["a malformed path", 400, () => client.requestStorage("GET", "/%00")],
    ["no token", 401, () => client.send(storage("/cost/"))],
    ["a forged token", 401, () => client.send(storage("/cost/"), { headers: forged })],
    ["another account", 403, () => client.get("/storage/somebody-else/")],
    ["PUT to a folder", 400, () => ask("PUT", "/cost/", {}, "x")],
    ["PUT without a Content-Type", 400, () => ask("PUT", "/cost/x", {}, new Uint8Array(1))],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, action) => {
    expect(await costOf(action, status)).toEqual(noCounts());
  });
});

describe("The cost grows", () => {
  it("not with the size of the folder, except for its listing, which reads one row per item and two per page", async () => {
    const few = uniqueFolder();
    const many = uniqueFolder();
    const account = await findAccountId(env.DB, client.user);
    await fillFolder(env.DB, account, few, 10);
    await fillFolder(env.DB, account, many, 1000);
    expect(await costsIn(many)).toEqual(await costsIn(few));
    const listing = async (folder: string) =>
      (await costOf(() => ask("GET", folder), 200)).rowsRead;
    // The grant and the account are checked with each page, also with an empty last one.
    const pages = 1 + Math.floor(1000 / ITEMS_PER_PAGE);
    expect((await listing(many)) - (await listing(few))).toBe(990 + 2 * (pages - 1));
  });

  it("not with the size of the account", async () => {
    const folder = uniqueFolder();
    const account = await findAccountId(env.DB, client.user);
    await fillFolder(env.DB, account, folder, 10);
    const before = await costsIn(folder);
    for (let i = 0; i < 20; i++) await fillFolder(env.DB, account, uniqueFolder(), 100);
    expect(await costsIn(folder)).toEqual(before);
  });

  it("with the modules of RxDB apps: a change of a document reads one more row each, twice; nothing else does", async () => {
    const folder = uniqueFolder();
    const without = await costsIn(folder);
    const quota = async () =>
      (await costOf(() => client.get(`/quota/${client.user}`), 200)).rowsRead;
    const quotaWithout = await quota();
    for (const module of ["cost", "todos"]) await openModuleWithBytes(client.user, module);
    const more = { put: 4, over: 4, get: 0, unchanged: 0, delete: 4 };
    const expected = Object.entries(without).map(([name, counts]) => {
      return [name, { ...counts, rowsRead: counts.rowsRead + more[name as keyof typeof more] }];
    });
    expect(await costsIn(folder)).toEqual(Object.fromEntries(expected));
    expect(await quota()).toBe(quotaWithout + 2);
  });

  it("with the depth: a PUT writes one row per folder, a GET costs the same", async () => {
    const depths = [2, 7, 12];
    const costs = [];
    for (const depth of depths) {
      // The storage root counts as one of the folders.
      const folder = uniqueFolder() + "deep/".repeat(depth - 2);
      await ask("PUT", `${folder}stays`, {}, "x");
      costs.push(await costsIn(folder));
    }
    expect(costs.map(({ put }) => put.rowsWritten)).toEqual(depths.map((depth) => depth + 1));
    expect(costs.map(({ over }) => over.rowsWritten)).toEqual(depths.map((depth) => depth + 1));
    const [first, second, third] = costs.map(({ put }) => put.rowsRead) as [number, number, number];
    expect(third - second).toBe(second - first);
    const reads = costs.map(({ get, unchanged }) => ({ get, unchanged }));
    expect(reads).toEqual(depths.map(() => reads[0]));
  });
});

describe("The meter", () => {
  const statement = () => env.DB.prepare("SELECT name, quota_bytes FROM accounts WHERE name = ?1");

  it("counts the rows of every method of D1, and returns the same results", async () => {
    const ways = [
      () => statement().bind("billed").all(),
      () => statement().bind("billed").run(),
      () => env.DB.batch([statement().bind("billed")]),
      () => statement().bind("billed").first(),
      () => statement().bind("billed").first("name"),
      () => statement().bind("nobody").first(),
      () => statement().bind("billed").raw(),
      () => statement().bind("billed").raw({ columnNames: true }),
    ] as (() => Promise<unknown>)[];
    for (const ask of ways) {
      const plain = answerOf(await ask());
      const meter = startMeter(env as never);
      const answer = answerOf(await ask());
      meter.stop();
      expect(answer).toEqual(plain);
      expect(meter.counts).toMatchObject({ trips: 1, queries: 1 });
      expect(meter.counts.rowsRead).toBe(ask === ways[5] ? 0 : 1);
    }
  });

  it("counts the classes of R2 operations, also those of a multipart upload", async () => {
    const meter = startMeter(env as never);
    const upload = await env.BODIES.createMultipartUpload("metered");
    const part = await upload.uploadPart(1, "x");
    await upload.complete([part]);
    await env.BODIES.list({ prefix: "metered" });
    expect(meter.counts).toMatchObject({ classA: 4, classB: 0, free: 0 });
    await env.BODIES.head("metered");
    await (await env.BODIES.get("metered"))?.text();
    await env.BODIES.delete("metered");
    await (await env.BODIES.createMultipartUpload("given up")).abort();
    meter.stop();
    expect(meter.counts).toEqual({ ...noCounts(), classA: 5, classB: 2, free: 2 });
  });

  it("refuses calls that it cannot count, and restores the bindings", async () => {
    const meter = startMeter(env as never);
    expect(() => env.DB.exec("SELECT 1")).toThrow("cannot count exec()");
    expect(() => env.DB.withSession()).toThrow("cannot count withSession()");
    meter.stop();
    await env.DB.exec("SELECT 1");
    await statement().bind("billed").first();
    await env.BODIES.head("metered");
    expect(meter.counts).toEqual(noCounts());
  });
});

/** Without D1's own measurements, which differ each time. */
const answerOf = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value) => (key === "meta" ? undefined : value)));

/** The costs of GET, PUT and DELETE in a folder, which is left as it was. */
async function costsIn(folder: string) {
  const document = `${folder}document`;
  const put = await costOf(() => ask("PUT", document, {}, "x"), 201);
  const over = await costOf(() => ask("PUT", document, {}, "xy"), 200);
  const get = await costOf(() => ask("GET", document), 200);
  const headers = { "If-None-Match": (await ask("HEAD", folder)).headers.get("etag") ?? "" };
  const unchanged = await costOf(() => ask("GET", folder, headers), 304);
  return { put, over, get, unchanged, delete: await costOf(() => ask("DELETE", document), 200) };
}

/** Sends a request with the user's token. A text body is stored as text/plain. */
const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) =>
  client.requestStorage(method, path, { headers, ...(body === undefined ? {} : { body }) });

const storage = (path: string): string => `/storage/${client.user}${path}`;

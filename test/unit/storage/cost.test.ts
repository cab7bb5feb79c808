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
import { freezeClock } from "../../support/clock";
import { reserve } from "../../support/modules";
import { ORIGIN, send } from "../../support/provider";
import { freshFolder } from "../../support/storage";

let visitor: TestUser;
let known: Operation[];
beforeAll(async () => {
  visitor = await createUser(send, "billed", new URL(ORIGIN).host);
  await seedStorage(visitor);
  known = operations(visitor);
});

/**
 * Acts, and returns what that asked of the bindings. A change comes first, so that the act does not
 * pay for what is done once in a while: reading the signing keys, planning the sweep, writing down what
 * was counted. The clock stands still between them.
 */
async function costOf(act: () => Promise<Response>, status: number): Promise<Counts> {
  freezeClock();
  await ask("PUT", "/first", {}, "x");
  const user = env.USERS.getByName(visitor.user);
  const meter = startMeter(env as never);
  try {
    await runInDurableObject(user, (_, { storage }) => meter.watch(storage));
    const response = await act();
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  } finally {
    meter.stop();
  }
  return meter.counts;
}

/** Of an operation that the bench bills, as the bench does it. */
async function costOfOperation(name: string): Promise<Counts & { floor: Operation["budget"] }> {
  const operation = known.find((one) => one.name === name);
  if (!operation) throw new Error(`There is no operation "${name}".`);
  await operation.prepare?.(0);
  return { ...(await costOf(() => operation.run(0), operation.status)), floor: operation.budget };
}

const READ = { trips: 1, queries: 2, rowsRead: 3 };
const WRITE = { trips: 1, queries: 3, objects: 1 };
/** Where nobody knows whether the body fits, D1 is asked first. */
const LOOK = { trips: 2, queries: 4 };

/** What is not named is none. Calls and rows written hold exactly, rows read are the most. */
const COSTS: Record<string, Partial<Counts>> = {
  "GET of 1 KB": { ...READ, classB: 1 },
  "GET of a public document, no token": { ...READ, queries: 1, rowsRead: 2, classB: 1 },
  "GET of a document, 304": READ,
  "HEAD of a document": READ,
  "GET of nothing, 404": { ...READ, rowsRead: 2 },
  "Listing of 50": { ...READ, rowsRead: 54 },
  "Listing of 50, 304": READ,
  "Listing of an empty folder": READ,
  "PUT of a new document, three folders deep": {
    ...WRITE,
    rowsRead: 18,
    rowsWritten: 4,
    classA: 1,
  },
  "PUT over a document, three folders deep": {
    ...WRITE,
    rowsRead: 18,
    rowsWritten: 4,
    classA: 1,
  },
  "PUT without a length, three folders deep": {
    ...WRITE,
    ...LOOK,
    rowsRead: 20,
    rowsWritten: 4,
    classA: 1,
  },
  // The object keeps a row of the upload until it is whole, in case nobody ends it.
  "PUT without a length, two parts": {
    ...WRITE,
    ...LOOK,
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
  "DELETE of nothing, 404": { ...WRITE, rowsRead: 20 },
  Preflight: {},
  WebFinger: { trips: 1, queries: 1, rowsRead: 1 },
  "Quota of an account": { ...READ, rowsRead: 4 },
  "Exchange of a code for tokens": { trips: 2, queries: 5, rowsRead: 7, rowsWritten: 3 },
  "Refresh of a token": { trips: 2, queries: 4, rowsRead: 7, rowsWritten: 2 },
};

describe("the bill of an operation", () => {
  it("is known for each that the bench bills", () => {
    expect(Object.keys(COSTS).sort()).toEqual(known.map(({ name }) => name).sort());
  });

  it.each(Object.entries(COSTS))("%s", async (name, expected) => {
    const { floor, rowsRead, ...counts } = await costOfOperation(name);
    const { rowsRead: mostRowsRead, ...exact } = { ...noCounts(), ...expected };
    expect(counts).toEqual(exact);
    expect(rowsRead).toBeLessThanOrEqual(mostRowsRead);
    if (floor === undefined) return;
    const price = priceOfRequest({ ...counts, rowsRead }, prices);
    expect(price, "dollars for a million").toBeLessThanOrEqual(prices.floor[floor]);
  });
});

/** The grant's, and the document's, or the folder's with its items. */
const MOST_ROWS_OF_A_READ = 9;

describe("one round trip to D1, and nothing else", () => {
  const document = "/public/bill/document";
  it.each([
    ["HEAD of a folder", 200, () => visitor.requestStorage("HEAD", "/bill/three/")],
    ["HEAD by a stranger", 200, () => visitor.send(storage(document), { method: "HEAD" })],
    ["a stale If-Match on GET", 412, () => ask("GET", document, { "If-Match": '"x"' })],
    ["a range that is not there", 416, () => ask("GET", document, { Range: "bytes=9999-" })],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, act) => {
    const { rowsRead, queries, ...counts } = await costOf(act, status);
    expect({ ...noCounts(), ...counts }).toEqual({ ...noCounts(), trips: 1 });
    expect(queries).toBeLessThanOrEqual(2);
    expect(rowsRead).toBeLessThanOrEqual(MOST_ROWS_OF_A_READ);
  });

  it("a folder that the client has, among other versions of it: still one row of it", async () => {
    const etag = (await visitor.requestStorage("HEAD", "/bill/fifty/")).headers.get("etag");
    const headers = { "If-None-Match": `"a", ${etag}` };
    expect(await costOf(() => ask("GET", "/bill/fifty/", headers), 304)).toMatchObject(READ);
  });
});

describe("a look at D1, before a body is read that is not small", () => {
  const document = "/public/bill/document";
  const TYPE = { "Content-Type": "text/plain" };
  const long = new Uint8Array(SMALL_BODY_BYTES + 1);
  it.each([
    ["a stale If-Match", 412, () => ask("PUT", document, { ...TYPE, "If-Match": '"x"' }, long)],
    ["a clash", 409, () => ask("PUT", `${document}/below`, TYPE, long)],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, act) => {
    const { rowsRead, ...counts } = await costOf(act, status);
    expect(counts).toMatchObject({ trips: 1, queries: 1, classA: 0, objects: 0 });
  });
});

describe("nothing is asked of any binding", () => {
  const forged = { Authorization: "Bearer a.b.c" };
  it.each([
    ["a malformed path", 400, () => visitor.requestStorage("GET", "/%00")],
    ["no token", 401, () => visitor.send(storage("/bill/"))],
    ["a forged token", 401, () => visitor.send(storage("/bill/"), { headers: forged })],
    ["another account", 403, () => visitor.get("/storage/somebody-else/")],
    ["PUT of a folder", 400, () => ask("PUT", "/bill/", {}, "x")],
    ["PUT without a type", 400, () => ask("PUT", "/bill/x", {}, new Uint8Array(1))],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, act) => {
    expect(await costOf(act, status)).toEqual(noCounts());
  });
});

describe("how the bill grows", () => {
  it("not with the folder, but for its listing, which reads one row for each item", async () => {
    const few = freshFolder();
    const many = freshFolder();
    const account = await findAccountId(env.DB, visitor.user);
    await fillFolder(env.DB, account, few, 10);
    await fillFolder(env.DB, account, many, 1000);
    expect(await costsIn(many)).toEqual(await costsIn(few));
    const listing = async (folder: string) =>
      (await costOf(() => ask("GET", folder), 200)).rowsRead;
    expect((await listing(many)) - (await listing(few))).toBe(990);
  });

  it("not with the account", async () => {
    const folder = freshFolder();
    const account = await findAccountId(env.DB, visitor.user);
    await fillFolder(env.DB, account, folder, 10);
    const before = await costsIn(folder);
    for (let i = 0; i < 20; i++) await fillFolder(env.DB, account, freshFolder(), 100);
    expect(await costsIn(folder)).toEqual(before);
  });

  it("with the modules of RxDB apps: a row read twice by what changes documents, by nothing else", async () => {
    const folder = freshFolder();
    const without = await costsIn(folder);
    const quota = async () =>
      (await costOf(() => visitor.get(`/quota/${visitor.user}`), 200)).rowsRead;
    const quotaWithout = await quota();
    for (const module of ["bill", "todos"]) await reserve(visitor.user, module);
    const more = { put: 4, over: 4, get: 0, unchanged: 0, delete: 4 };
    const expected = Object.entries(without).map(([name, counts]) => {
      return [name, { ...counts, rowsRead: counts.rowsRead + more[name as keyof typeof more] }];
    });
    expect(await costsIn(folder)).toEqual(Object.fromEntries(expected));
    expect(await quota()).toBe(quotaWithout + 2);
  });

  it("with the depth: PUT by one row written for each folder, GET not at all", async () => {
    const depths = [2, 7, 12];
    const costs = [];
    for (const depth of depths) {
      // The storage root is the first of the folders.
      const folder = freshFolder() + "deep/".repeat(depth - 2);
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

describe("the meter", () => {
  const statement = () => env.DB.prepare("SELECT name, quota_bytes FROM accounts WHERE name = ?1");

  it("counts the rows of every way to ask D1, and gives the same answers", async () => {
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

  it("tells the classes of R2 apart, the steps of an upload too", async () => {
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

  it("lets no call by that it cannot count, and leaves the bindings as they were", async () => {
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

/** Without what D1 says of itself, which is never the same twice. */
const answerOf = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value) => (key === "meta" ? undefined : value)));

/** What GET, PUT and DELETE cost in this folder, which is left as it was. */
async function costsIn(folder: string) {
  const document = `${folder}document`;
  const put = await costOf(() => ask("PUT", document, {}, "x"), 201);
  const over = await costOf(() => ask("PUT", document, {}, "xy"), 200);
  const get = await costOf(() => ask("GET", document), 200);
  const headers = { "If-None-Match": (await ask("HEAD", folder)).headers.get("etag") ?? "" };
  const unchanged = await costOf(() => ask("GET", folder, headers), 304);
  return { put, over, get, unchanged, delete: await costOf(() => ask("DELETE", document), 200) };
}

/** As text unless the body is bytes, which have no type of their own. */
const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) =>
  visitor.requestStorage(method, path, { headers, ...(body === undefined ? {} : { body }) });

const storage = (path: string): string => `/storage/${visitor.user}${path}`;

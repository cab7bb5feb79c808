/** What the worst message of each RxDB method makes the server do, compared with an ordinary one. */

import { env } from "cloudflare:workers";
import { fillWithDefaultSettings, normalizeMangoQuery, prepareQuery } from "rxdb/plugins/core";
import { describe, expect, it } from "vitest";
import { moduleStub } from "../../../src/modules/modules";
import { RXDB_METHODS } from "../../../src/rxdb/sockets/frames";
import { TooMuchToRead, Work } from "../../../src/rxdb/work";
import { advanceClock, freezeClock, MINUTE_MS } from "../../support/clock";
import { expectModuleUnchanged } from "../../support/rxdb/module-rows";
import { createParams } from "../../support/rxdb/sockets";
import { createAccount, ORDINARY } from "./accounts";
import { boundsOf, type CostCase, excesses, nameOf, type Step } from "./cost-case";
import { measureWork } from "./measure";
import { ALL_INDEXES, documentOf, LONGEST_SCHEMA, MeasuredClient, ONE_INDEX } from "./rxdb-client";

const MODULE = "todos";

/** Documents of each collection. */
const DOCUMENTS = 1000;

const LISTENERS = 100;

/** As long as a message of most methods may be. */
const LONG = "x".repeat(500_000);

const account = await createAccount(ORDINARY);
const object = moduleStub(env, account.id, MODULE);
const client = await MeasuredClient.open(account, MODULE);

const rowsOf = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ document: documentOf(index, fields) }));

let collections = 0;

/** Opens a connection to a new collection with documents, by the name of the collection. */
async function fill(count = DOCUMENTS, schema = ONE_INDEX, fields: object = {}): Promise<string> {
  const name = `collection${++collections}`;
  await client.create(name, schema, name);
  await client.call("bulkWrite", [rowsOf(count, fields), "x"], name);
  return name;
}

const shared = await fill();

const prepare = ({ selector, ...mango }: { selector: object; sort?: object[] }): unknown => {
  const schema = fillWithDefaultSettings(ONE_INDEX as never);
  const query = { ...mango, selector: { ...selector, _deleted: { $eq: false } } };
  return prepareQuery(schema, normalizeMangoQuery(schema, query as never));
};

const call =
  (method: string, params: unknown, connectionId = shared): Step =>
  () =>
  (traffic) =>
    client.measure(traffic, { method, params, connectionId });

/** Reads an attachment of so many bytes. */
const readAttachment =
  (length: number): Step =>
  async () => {
    const name = await fill(1);
    const data = Buffer.alloc(length).toString("base64");
    const attachment = { data, digest: "sha256-x", length, type: "image/png" };
    const document = documentOf(1, { _attachments: { a: attachment } });
    await client.call("bulkWrite", [[{ document }], "x"], name);
    return call("getAttachmentData", ["document1", "a", "sha256-x"], name)();
  };

const create = (collection: string, schema: object, connectionId: string): Step =>
  call("create", createParams("measured", schema, collection), connectionId);

const cases: CostCase[] = [
  {
    route: "create",
    detail: "with as many indexes as possible",
    ordinary: create("new1", ONE_INDEX, "new1"),
    worst: create("new2", ALL_INDEXES, "new2"),
    // A row or two for each index.
    mayGrow: { rowsWritten: 150 },
  },
  {
    route: "create",
    detail: "with new indexes of many documents",
    ordinary: create("new3", ONE_INDEX, "new3"),
    worst: async () => create(await fill(2 * DOCUMENTS), ALL_INDEXES, "too many entries")(),
    // The documents are counted.
    mayGrow: { rowsRead: 2 * DOCUMENTS + 100 },
  },
  {
    route: "create",
    detail: "with the longest schema",
    ordinary: create("new4", ONE_INDEX, "new4"),
    worst: create("new5", LONGEST_SCHEMA, "new5"),
  },
  {
    route: "bulkWrite",
    detail: "of many documents",
    ordinary: call("bulkWrite", [rowsOf(1, { id: "one" }), "x"]),
    worst: async () => {
      const name = await fill(1);
      return call("bulkWrite", [rowsOf(DOCUMENTS), "x"], name)();
    },
    // Some for each document.
    mayGrow: { rowsRead: 8 * DOCUMENTS, rowsWritten: 8 * DOCUMENTS },
  },
  {
    route: "bulkWrite",
    detail: "of documents with more index entries than allowed",
    ordinary: call("bulkWrite", [rowsOf(1, { id: "two" }), "x"]),
    worst: async () => {
      const name = await fill(1, ALL_INDEXES);
      return call("bulkWrite", [rowsOf(2 * DOCUMENTS), "x"], name)();
    },
  },
  {
    route: "bulkWrite",
    detail: "with many listeners",
    ordinary: call("bulkWrite", [rowsOf(1, { id: "three" }), "x"]),
    worst: async () => {
      const listener = await MeasuredClient.open(account, MODULE);
      for (let i = 0; i < LISTENERS; i++) await listener.create(shared, ONE_INDEX, `listener${i}`);
      const write = { method: "bulkWrite", params: [rowsOf(1, { id: "four" }), "x"] };
      return (traffic) =>
        listener.listen(traffic, () => client.measure(traffic, { ...write, connectionId: shared }));
    },
    // The event for each of them.
    mayGrow: { bytesSent: LISTENERS * 2048 },
  },
  {
    route: "findDocumentsById",
    detail: "with one id many times",
    ordinary: call("findDocumentsById", [["document1"], false]),
    worst: call("findDocumentsById", [Array(20_000).fill("document1"), false]),
  },
  {
    route: "findDocumentsById",
    detail: "with the ids of deleted documents",
    ordinary: call("findDocumentsById", [["document1"], false]),
    worst: async () => {
      const name = await fill(100, ONE_INDEX, { _deleted: true });
      const ids = Array.from({ length: 20_000 }, (_, i) => `document${i % 100}`);
      return call("findDocumentsById", [ids, false], name)();
    },
    mayGrow: { rowsRead: 250 },
  },
  {
    route: "query",
    ordinary: call("query", [prepare({ selector: { rank: { $gte: 10, $lt: 20 } } })]),
    worst: call("query", [
      prepare({
        selector: { $or: Array(50).fill({ text: { $regex: "^(a+)+$" } }) },
        sort: [{ field7: "desc" }],
      }),
    ]),
    // Each document once, by its key.
    mayGrow: { rowsRead: 2 * DOCUMENTS + 50 },
  },
  {
    route: "count",
    ordinary: call("count", [prepare({ selector: { rank: { $gte: 10, $lt: 20 } } })]),
    worst: call("count", [prepare({ selector: { text: { $regex: "^(a+)+$" } } })]),
    mayGrow: { rowsRead: 2 * DOCUMENTS + 50 },
  },
  {
    route: "getChangedDocumentsSince",
    ordinary: call("getChangedDocumentsSince", [10, null]),
    worst: call("getChangedDocumentsSince", [1_000_000, null]),
    mayGrow: { rowsRead: 2 * DOCUMENTS + 50, bytesSent: DOCUMENTS * 2048 },
  },
  {
    route: "getAttachmentData",
    ordinary: readAttachment(10_000),
    worst: readAttachment(6_000_000),
    // In base64.
    mayGrow: { bytesSent: 2 * 6_000_000 },
  },
  {
    route: "cleanup",
    ordinary: async () => call("cleanup", [-1], await fill(1, ONE_INDEX, { _deleted: true }))(),
    worst: async () =>
      call("cleanup", [-1], await fill(DOCUMENTS, ONE_INDEX, { _deleted: true }))(),
    mayGrow: { rowsRead: 10 * DOCUMENTS, rowsWritten: 8 * DOCUMENTS },
  },
  {
    route: "close",
    ordinary: async () => call("close", [], await fill(1))(),
    worst: async () => call("close", [LONG], await fill())(),
  },
  {
    route: "remove",
    ordinary: async () => call("remove", [], await fill(1))(),
    worst: async () => call("remove", [], await fill())(),
    // What was written, and no more.
    mayGrow: { rowsRead: 12 * DOCUMENTS, rowsWritten: 8 * DOCUMENTS },
  },
  ...["whoami", "quota", "session", "nothing"].map((type) => ({
    route: "custom",
    detail: type,
    ordinary: call("custom", type),
    worst: call("custom", { type, [LONG]: LONG }),
  })),
];

async function measure(step: Step) {
  freezeClock();
  return measureWork(await step(), [object] as never);
}

describe("The worst message", () => {
  it("is known for each method of RxDB", () => {
    expect([...new Set(cases.map(({ route }) => route))].sort()).toEqual([...RXDB_METHODS].sort());
  });

  it.for(cases.map((one) => [nameOf(one), one] as const))(
    "does not make the server do much more than an ordinary one: %s",
    async ([, one], { task }) => {
      const [ordinary, worst] = [await measure(one.ordinary), await measure(one.worst)];
      task.meta.costs = { ordinary, worst };
      expect(excesses(worst, boundsOf(ordinary, worst, one.mayGrow))).toEqual([]);
    },
  );
});

describe("A request that would keep a module busy", () => {
  it("is refused if it takes too many index entries, and changes nothing", async () => {
    // The messages before have used up what the app may send.
    advanceClock(10 * MINUTE_MS);
    const [many, indexed] = [await fill(2 * DOCUMENTS), await fill(1, ALL_INDEXES)];
    const params = createParams("measured", ALL_INDEXES, many);
    const rows = rowsOf(2 * DOCUMENTS);
    await expectModuleUnchanged(account.name, async () => {
      await expect(client.call("create", params, "other")).rejects.toThrow("100,000 index entries");
      await expect(client.call("bulkWrite", [rows, "x"], indexed)).rejects.toThrow(
        "100,000 index entries",
      );
    });
    expect(await client.call("count", [prepare({ selector: {} })], indexed)).toMatchObject({
      count: 1,
    });
  });

  it("counts as so many bytes of messages, and a query ends after 100 MB", () => {
    const work = new Work();
    work.read({ length: 1600 });
    expect(work.insertEntries(10)).toBe(true);
    expect(work.insertEntries(100_001)).toBe(false);
    expect(work.search(800)).toBe(800);
    expect(work.costBytes).toBe(100 + 640 + 100);
    expect(() => work.read({ length: 100_000_000 })).toThrow(TooMuchToRead);
  });
});

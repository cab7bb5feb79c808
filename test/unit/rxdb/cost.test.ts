/** What the operations of an RxDB app cost, counted by the meter of the bench: rows, calls, messages. */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Counts, noCounts, startMeter } from "../../../bench/cost/meter";
import { priceOfMessages } from "../../../bench/cost/price";
import prices from "../../../bench/cost/prices.json";
import { type App, ASCENDING, DESCENDING, openApp } from "../../../bench/cost/rxdb-operations";
import { RxdbSocket } from "../../../bench/cost/rxdb-socket";
import { createUser } from "../../../bench/cost/test-user";
import { moduleStub } from "../../../src/modules/modules";
import { freezeClock } from "../../support/clock";
import { ORIGIN, send } from "../../support/provider";
import { accountId } from "../../support/rows";

const MODULE = "bill";

let app: App;
let account: string;
beforeAll(async () => {
  const visitor = await createUser(send, "rxdb-billed", new URL(ORIGIN).host);
  account = await accountId(visitor.user);
  const connect = async () => {
    const headers = { Upgrade: "websocket" };
    const { webSocket } = await visitor.get(`/rxdb/${visitor.user}/${MODULE}`, headers);
    if (!webSocket) throw new Error("There is no socket.");
    webSocket.accept();
    return new RxdbSocket(webSocket);
  };
  app = await openApp(connect, () => evictDurableObject(moduleStub(env, account, MODULE)));
});

/** Of an operation that the bench bills, as the bench does it. */
async function costOf(name: string): Promise<Counts & { messages: number }> {
  freezeClock();
  const operation = app.operations.find((one) => one.name === name);
  if (!operation) throw new Error(`There is no operation "${name}".`);
  await operation.prepare?.();
  const sent = app.sent();
  const object = moduleStub(env, account, MODULE);
  const meter = startMeter(env as never);
  try {
    await runInDurableObject(object, (_, { storage }) => meter.watch(storage));
    expect(await operation.run(), "the answer is right").toBe(true);
    await runInDurableObject(object, () => meter.stop());
  } finally {
    meter.stop();
  }
  return { ...meter.counts, messages: app.sent() - sent };
}

/** What is not named is none. All of it holds exactly. */
const COSTS: Record<string, Partial<Counts> & { messages?: number }> = {
  // D1 says what the grant allows, lets the module in, and says it again to the object.
  connect: { messages: 0, objects: 1, trips: 3, queries: 4, rowsRead: 11 },
  "open a collection that is there": { rowsRead: 1, rowsWritten: 1 },
  "make a collection with one index": { rowsRead: 7, rowsWritten: 6 },
  // The document, its number, its place in the index; the event, and the collection's totals.
  "insert one": { rowsRead: 4, rowsWritten: 5 },
  "update one": { rowsRead: 4, rowsWritten: 4 },
  "update one, and its place in the index": { rowsRead: 6, rowsWritten: 6 },
  "delete one": { rowsRead: 6, rowsWritten: 7 },
  "insert 1,000": { rowsRead: 3001, rowsWritten: 3002 },
  "find by id": { rowsRead: 2 },
  "indexed query of 10": { rowsRead: 21 },
  [ASCENDING]: { rowsRead: 22 },
  [DESCENDING]: { rowsRead: 22 },
  "count of 1,000": { rowsRead: 0 },
  "changes, 100 of them": { rowsRead: 101 },
  "insert one with an attachment of 10 KB": { rowsRead: 5, rowsWritten: 6 },
  "read an attachment of 10 KB": { rowsRead: 1 },
  // More than is ever reserved ahead.
  "insert one with an attachment of 2 MB": {
    trips: 1,
    queries: 1,
    rowsRead: 13,
    rowsWritten: 10,
    classA: 1,
  },
  "read an attachment of 2 MB": { rowsRead: 1, classB: 1 },
  "find by id, after a sleep": { trips: 1, queries: 1, rowsRead: 20 },
  "insert one, after a sleep": { trips: 1, queries: 1, rowsRead: 36, rowsWritten: 5 },
};

describe("the bill of an RxDB app's operation", () => {
  it("is known for each that the bench bills", () => {
    expect(Object.keys(COSTS)).toEqual(app.operations.map(({ name }) => name));
  });

  it.each(Object.entries(COSTS))("%s", async (name, expected) => {
    expect(await costOf(name)).toEqual({ ...noCounts(), messages: 1, ...expected });
  });

  it("a descending sort with limit reads no more rows than the ascending one", async () => {
    const [ascending, descending] = [await costOf(ASCENDING), await costOf(DESCENDING)];
    expect(descending.rowsRead).toBeLessThanOrEqual(ascending.rowsRead);
  });

  it("twenty messages on a socket cost as much as one call of an object", () => {
    const twenty = priceOfMessages(noCounts(), 20, prices);
    expect(twenty).toBeCloseTo(priceOfMessages({ objects: 1 }, 0, prices));
    expect(twenty).toBeCloseTo(prices.perMillion.objects);
  });
});

/** The cost of an RxDB app's operations in rows, calls and messages, as the bench meters it. */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Counts, noCounts, startMeter } from "../../../bench/cost/meter";
import { priceOfMessages } from "../../../bench/cost/price";
import prices from "../../../bench/cost/prices.json";
import { ASCENDING, DESCENDING, openApp, type RxdbApp } from "../../../bench/cost/rxdb-operations";
import { RxdbSocket } from "../../../bench/cost/rxdb-socket";
import { createUser } from "../../../bench/cost/test-user";
import { moduleStub } from "../../../src/modules/modules";
import { freezeClock } from "../../support/clock";
import { ORIGIN, send } from "../../support/provider";
import { accountId } from "../../support/rows";

const MODULE = "billed";

let app: RxdbApp;
let account: string;
beforeAll(async () => {
  const user = await createUser(send, "rxdb-billed", new URL(ORIGIN).host);
  account = await accountId(user.user);
  const connect = async () => {
    const headers = { Upgrade: "websocket" };
    const { webSocket } = await user.get(`/rxdb/${user.user}/${MODULE}`, headers);
    if (!webSocket) throw new Error("There is no socket.");
    webSocket.accept();
    return new RxdbSocket(webSocket);
  };
  app = await openApp(connect, () => evictDurableObject(moduleStub(env, account, MODULE)));
});

/** Meters one operation of the bench, as the bench does. */
async function costOf(name: string): Promise<Counts & { messages: number }> {
  freezeClock();
  const operation = app.operations.find((candidate) => candidate.name === name);
  if (!operation) throw new Error(`There is no operation "${name}".`);
  await operation.prepare?.();
  const sent = app.sentMessages();
  const object = moduleStub(env, account, MODULE);
  const meter = startMeter(env as never);
  try {
    await runInDurableObject(object, (_, { storage }) => meter.watch(storage));
    expect(await operation.run(), "the answer is correct").toBe(true);
    await runInDurableObject(object, () => meter.stop());
  } finally {
    meter.stop();
  }
  return { ...meter.counts, messages: app.sentMessages() - sent };
}

/** The exact counts of each operation; those that are missing are zero. */
const COSTS: Record<string, Partial<Counts> & { messages?: number }> = {
  // D1 checks the grant, registers the module, and checks the grant again for the object.
  connect: { messages: 0, objects: 1, trips: 3, queries: 4, rowsRead: 15 },
  "open an existing collection": { rowsRead: 1, rowsWritten: 1 },
  "create a collection with one index": { rowsRead: 8, rowsWritten: 6 },
  // The document, its sequence number, its index entry; the event, and the collection's totals.
  "insert one": { rowsRead: 4, rowsWritten: 5 },
  "update one": { rowsRead: 4, rowsWritten: 4 },
  "update one and its index entry": { rowsRead: 6, rowsWritten: 6 },
  "delete one": { rowsRead: 6, rowsWritten: 7 },
  "insert 1,000": { rowsRead: 3001, rowsWritten: 3002 },
  "find by id": { rowsRead: 2 },
  "indexed query of 10": { rowsRead: 21 },
  [ASCENDING]: { rowsRead: 22 },
  [DESCENDING]: { rowsRead: 22 },
  "count of 1,000": { rowsRead: 0 },
  "100 changed documents": { rowsRead: 101 },
  "insert one with an attachment of 10 KB": { rowsRead: 5, rowsWritten: 6 },
  "read an attachment of 10 KB": { rowsRead: 1 },
  // More than is reserved in advance.
  "insert one with an attachment of 2 MB": {
    trips: 1,
    queries: 1,
    rowsRead: 13,
    rowsWritten: 10,
    classA: 1,
  },
  "read an attachment of 2 MB": { rowsRead: 1, classB: 1 },
  "find by id, after hibernation": { trips: 1, queries: 1, rowsRead: 22 },
  "insert one, after hibernation": { trips: 1, queries: 1, rowsRead: 38, rowsWritten: 5 },
};

describe("The cost of an RxDB app's operation", () => {
  it("is listed for every operation of the bench", () => {
    expect(Object.keys(COSTS)).toEqual(app.operations.map(({ name }) => name));
  });

  it.each(Object.entries(COSTS))("%s", async (name, expected) => {
    expect(await costOf(name)).toEqual({ ...noCounts(), messages: 1, ...expected });
  });

  it("a descending sort with limit reads no more rows than the ascending one", async () => {
    const [ascending, descending] = [await costOf(ASCENDING), await costOf(DESCENDING)];
    expect(descending.rowsRead).toBeLessThanOrEqual(ascending.rowsRead);
  });

  it("twenty messages on a socket cost as much as one request to an object", () => {
    const twenty = priceOfMessages(noCounts(), 20, prices);
    expect(twenty).toBeCloseTo(priceOfMessages({ objects: 1 }, 0, prices));
    expect(twenty).toBeCloseTo(prices.perMillion.objects);
  });
});

/** What the operations of an RxDB app cost, counted by the meter of the bench: rows, calls, messages. */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Counts, noCounts, startMeter } from "../../../bench/bill/meter";
import { priceOfMessages } from "../../../bench/bill/price";
import prices from "../../../bench/bill/prices.json";
import { type App, ASCENDING, DESCENDING, openApp } from "../../../bench/bill/rxdb-operations";
import { Wire } from "../../../bench/bill/rxdb-wire";
import { arrive } from "../../../bench/bill/visitor";
import { moduleObject } from "../../../src/accounts/modules";
import { stopClock } from "../../support/clock";
import { accountId } from "../../support/rows";
import { ORIGIN, send } from "../../support/world";

const MODULE = "bill";

let app: App;
let account: string;
beforeAll(async () => {
  stopClock();
  const visitor = await arrive(send, "rxdb-billed", new URL(ORIGIN).host);
  account = await accountId(visitor.user);
  const connect = async () => {
    const headers = { Upgrade: "websocket" };
    const { webSocket } = await visitor.get(`/rxdb/${visitor.user}/${MODULE}`, headers);
    if (!webSocket) throw new Error("There is no socket.");
    webSocket.accept();
    return new Wire(webSocket);
  };
  app = await openApp(connect, () => evictDurableObject(moduleObject(env, account, MODULE)));
});

/** Of an operation that the bench bills, as the bench does it. */
async function costOf(name: string): Promise<Counts & { messages: number }> {
  stopClock();
  const operation = app.operations.find((one) => one.name === name);
  if (!operation) throw new Error(`There is no operation "${name}".`);
  await operation.arrange?.();
  const sent = app.sent();
  const object = moduleObject(env, account, MODULE);
  const meter = startMeter(env as never);
  try {
    await runInDurableObject(object, (_, { storage }) => meter.watch(storage));
    expect(await operation.act(), "the answer is right").toBe(true);
    await runInDurableObject(object, () => meter.stop());
  } finally {
    meter.stop();
  }
  return { ...meter.counts, messages: app.sent() - sent };
}

/** What is not named is none. All of it holds exactly. */
const COSTS: Record<string, Partial<Counts> & { messages?: number }> = {};

describe("the bill of an RxDB app's operation", () => {
  it("is known for each that the bench bills", () => {
    expect(Object.keys(COSTS)).toEqual(app.operations.map(({ name }) => name));
  });

  it.each(Object.entries(COSTS))("%s", async (name, expected) => {
    expect(await costOf(name)).toEqual({ ...noCounts(), messages: 1, ...expected });
  });

  it.each([...Array(1)])("print", async () => {
    const out: string[] = [];
    for (const { name } of app.operations) out.push(`${name} ${JSON.stringify(await costOf(name))}`);
    throw new Error(out.join("\n"));
  });
});

/** What the operations of an RxDB app cost, counted by the bindings of a module's object. */

import { setTimeout as wait } from "node:timers/promises";
import { stopCompiler } from "../../scripts/lib/bundle-worker.mjs";
import { countsOf } from "./growth.mjs";
import { priceOfMessages, priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST, startProvider } from "./provider.mjs";
import { ASCENDING, DESCENDING, openApp } from "./rxdb-operations.ts";
import { RxdbSocket } from "./rxdb-socket.ts";
import { createUser } from "./test-user.ts";

/** The runtime lets an object sleep that has had nothing to do for ten seconds. */
const SLEEP_MS = 12_000;

/**
 * @returns {Promise<{operations: {name: string, messages: number, requests: number,
 *   counts: import("./meter").Counts, price: number}[], isDescendingAsCheap: boolean}>}
 *   each operation once; `price` in dollars for a million
 */
export async function measureRxdbCosts() {
  const provider = await startProvider({ metered: true });
  try {
    const visitor = await createUser(provider.send, "billed", HOST);
    let requests = 0;
    const connect = async () => {
      requests++;
      const { webSocket } = await visitor.get(`/rxdb/${visitor.user}/bill`, {
        Upgrade: "websocket",
      });
      webSocket.accept();
      return new RxdbSocket(webSocket);
    };
    const app = await openApp(connect, () => wait(SLEEP_MS));
    const rows = [];
    for (const { name, prepare: arrange, run: act } of app.operations) {
      await arrange?.();
      const before = { messages: app.sent(), requests };
      await provider.send("/bill/start");
      if (!(await act())) throw new Error(`${name}: a wrong answer.`);
      const counts = await countsOf(provider.send("/bill/stop"), 200);
      const messages = app.sent() - before.messages;
      const asked = requests - before.requests;
      const price = priceOfMessages(counts, messages, prices) + asked * priceOfRequest({}, prices);
      rows.push({ name, messages, requests: asked, counts, price });
    }
    const rowsRead = (name) => rows.find((row) => row.name === name).counts.rowsRead;
    return { operations: rows, isDescendingAsCheap: rowsRead(DESCENDING) <= rowsRead(ASCENDING) };
  } finally {
    await provider.dispose();
    await stopCompiler();
  }
}

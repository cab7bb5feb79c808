/** Counts what the operations of an RxDB app cost, at the bindings of the module's Durable Object. */

import { setTimeout as wait } from "node:timers/promises";
import { stopCompiler } from "../../scripts/lib/compiler.mjs";
import { countsOf } from "./growth.mjs";
import { priceOfMessages, priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST, startProvider } from "./provider.mjs";
import { ASCENDING, DESCENDING, openApp } from "./rxdb-operations.ts";
import { RxdbSocket } from "./rxdb-socket.ts";
import { createUser } from "./test-user.ts";

/** The runtime hibernates an object that has been idle for ten seconds. */
const HIBERNATION_MS = 12_000;

/**
 * Runs each operation once.
 * @returns {Promise<{operations: {name: string, messages: number, requests: number,
 *   counts: import("./meter").Counts, price: number}[], isDescendingAsCheap: boolean}>}
 *   `price` in dollars per million operations
 */
export async function measureRxdbCosts() {
  const provider = await startProvider({ metered: true });
  try {
    const user = await createUser(provider.send, "measured", HOST);
    let requests = 0;
    const openSocket = async () => {
      requests++;
      const { webSocket } = await user.get(`/rxdb/${user.user}/cost`, {
        Upgrade: "websocket",
      });
      webSocket.accept();
      return new RxdbSocket(webSocket);
    };
    const app = await openApp(openSocket, () => wait(HIBERNATION_MS));
    const rows = [];
    for (const { name, prepare, run } of app.operations) {
      await prepare?.();
      const before = { messages: app.sentMessages(), requests };
      await provider.send("/cost/start");
      if (!(await run())) throw new Error(`${name}: wrong result.`);
      const counts = await countsOf(provider.send("/cost/stop"), 200);
      const messages = app.sentMessages() - before.messages;
      const newRequests = requests - before.requests;
      const price =
        priceOfMessages(counts, messages, prices) + newRequests * priceOfRequest({}, prices);
      rows.push({ name, messages, requests: newRequests, counts, price });
    }
    const rowsRead = (name) => rows.find((row) => row.name === name).counts.rowsRead;
    return { operations: rows, isDescendingAsCheap: rowsRead(DESCENDING) <= rowsRead(ASCENDING) };
  } finally {
    await provider.dispose();
    await stopCompiler();
  }
}

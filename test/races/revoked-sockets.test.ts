/** RxDB sockets whose grant is revoked while they are being authorized. */

import { afterEach, describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, shortenTimers } from "../support/clock";
import { framesToStore } from "../support/database-frames";
import { delayResult, stopDelaying, until } from "../support/delayed-results";
import { openSocket, storeDatabase } from "../support/modules";
import { APP_ORIGIN, connectApp, createUser, sendForm } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { createRxdbSession, sessionPath } from "../support/rxdb/sessions";
import { createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { todo, uniqueDatabaseName } from "../support/rxdb/todos";

afterEach(stopDelaying);

const GRANT_STATUS = "FROM grants g JOIN accounts a";

describe("A socket whose grant is revoked while it is being authorized", () => {
  // The route loads the status first, then the module's object.
  it.each([0, 1])("receives no data, however late D1's result number %i arrives", async (skip) => {
    shortenTimers();
    const user = await createUser();
    const app = await connectApp(user);
    await storeDatabase(app, "todos", "list", { tasks: [{ id: "1", text: "secret" }] });
    const { held, release } = delayResult(GRANT_STATUS, skip);
    const opening = openSocket(app, "todos");
    await held();
    const path = `/apps/disconnect?app=${encodeURIComponent(APP_ORIGIN)}`;
    expect((await sendForm(path, {}, { cookie: user.cookie })).status).toBe(303);
    release();
    const socket = await opening;
    const replies: string[] = [];
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.addEventListener("message", ({ data }) => replies.push(String(data)));
    const [create] = framesToStore("list", { tasks: [] });
    socket.send(JSON.stringify(create));
    socket.send(JSON.stringify({ ...create, method: "findDocumentsById", params: [["1"], true] }));
    await closed;
    expect(replies.length).toBeGreaterThan(0);
    for (const reply of replies) expect(JSON.parse(reply).error?.code).toBe("unauthorized");
  });
});

describe("A frame whose socket closes before its grant is checked", () => {
  it("does not block its connection for the next socket", async () => {
    const app = await connectApp(await createUser(), "todos:rw");
    const [name, path] = [uniqueDatabaseName(), sessionPath(await createRxdbSession(app))];
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(name) });
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    advanceClock(2 * MINUTE_MS);
    const { held, release } = delayResult(GRANT_STATUS);
    const count = { connectionId: "c", requestId: "r", method: "findDocumentsById" };
    frames.webSocket.send(JSON.stringify({ ...count, params: [[], false] }));
    await held();
    frames.webSocket.close();
    await until(() => frames.closed !== null);
    release();
    // When these requests are answered, the frame has been processed.
    await other.findDocumentsById(["a"], false);
    await other.findDocumentsById(["a"], false);
    const again = await FrameSocket.open(path);
    await insertDocuments(other, storageDocument(todo("a")));
    await until(() => again.eventBulks.length === 1);
  });
});

/** Clients that come and go, only listen, or share a URL: each gets every event, and only once. */

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, SECOND_MS, shortenTimers } from "../support/clock";
import { appWithTokens, obtainTokens } from "../support/oauth";
import { connectApp, createUser, createUserWithApp } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { moduleObject } from "../support/rxdb/module-rows";
import { createRxdbSession, sessionPath } from "../support/rxdb/sessions";
import { bulkWriteFrame, createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { TODOS, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

describe("A client that closes its socket", () => {
  it("gets a close frame in answer (RFC 6455 §5.5.1)", async () => {
    const frames = await FrameSocket.open(socketPath(await createUserWithApp("todos:rw")));
    frames.webSocket.close(1000);
    await waitUntil(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(1000);
  });
});

describe("A page that is reloaded many times", () => {
  it("can connect each time", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    // More connections than one session may have at once.
    for (let load = 0; load < 3; load++) {
      const frames = await FrameSocket.open(socketPath(app));
      const answers = await frames.callAll(
        Array.from({ length: 105 }, (_, i) => ({
          connectionId: `${load} ${i}`,
          method: "create",
          params: createParams(name, TODOS, `c${i % 10}`),
        })),
      );
      expect(answers.flatMap(({ error }) => error ?? [])).toEqual([]);
      frames.webSocket.close();
      await waitUntil(() => frames.closed !== null);
    }
  });
});

describe("Schemas", () => {
  it("that would fill the memory of the object are refused, and it still wakes up", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(socketPath(app));
    const long = { ...TODOS, description: "x".repeat(300_000) };
    const answer = await frames.call({ method: "create", params: createParams(name, long) });
    expect(answer.error?.code).toBe("malformed");
    const large = { ...TODOS, description: "x".repeat(95_000) };
    const create = (i: number) =>
      frames.call({ connectionId: `${i}`, method: "create", params: createParams(name, large) });
    for (let i = 0; i < 40; i++) expect((await create(i)).error).toBeUndefined();
    let refused: string | undefined;
    for (let i = 40; i < 50 && !refused; i++) refused = (await create(i)).error?.code;
    expect(refused).toBe("too-many-requests");
    frames.webSocket.close();
    await evictDurableObject(await moduleObject(app.user));
    const again = await FrameSocket.open(socketPath(app));
    const own = { connectionId: "next", method: "create", params: createParams(name) };
    expect((await again.call(own)).error).toBeUndefined();
  });
});

describe("After a restart of the object", () => {
  it("a client that has missed nothing continues, however long ago the last change was", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    for (const id of ["b", "c", "a"]) await frames.call(bulkWriteFrame(storageDocument(todo(id))));
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    await abortAllDurableObjects();
    const again = await FrameSocket.open(path);
    const answer = await again.call({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });

  it("that hibernated, a client whose socket closed long after the last change continues, too", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    for (const id of ["b", "c", "a"]) await frames.call(bulkWriteFrame(storageDocument(todo(id))));
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    await evictDurableObject(await moduleObject(app.user));
    frames.webSocket.close();
    await waitUntil(() => frames.closed !== null);
    const again = await FrameSocket.open(path);
    const answer = await again.call({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });
});

describe("A client that only listens", () => {
  it("is disconnected when its session has expired, rather than silently missing events", async () => {
    shortenTimers();
    const person = await createUser();
    const listening = appWithTokens(person, await obtainTokens(person, "todos:rw"));
    const app = await connectApp(person, "todos:rw");
    const name = uniqueDatabaseName();
    const session = await createRxdbSession(listening);
    const frames = await FrameSocket.open(sessionPath(session));
    await frames.call({ method: "create", params: createParams(name) });
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    advanceClock((session.expiresAt as number) - Date.now() + SECOND_MS);
    await insertDocuments(other, storageDocument(todo("missed")));
    await waitUntil(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(4401);
    expect(frames.eventBulks).toEqual([]);
  });
});

describe("Two clients with one token", () => {
  it("of which one was away for long: that one is told that it has missed changes", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const path = sessionPath(await createRxdbSession(app));
    const [a, b] = [await FrameSocket.open(path), await FrameSocket.open(path)];
    await a.call({ connectionId: "a", method: "create", params: createParams(name) });
    await b.call({ connectionId: "b", method: "create", params: createParams(name) });
    for (const id of ["x", "y"])
      await a.call({ connectionId: "a", ...bulkWriteFrame(storageDocument(todo(id))) });
    b.webSocket.close();
    a.webSocket.close();
    await waitUntil(() => a.closed !== null && b.closed !== null);
    const a2 = await FrameSocket.open(path);
    await a2.call({ connectionId: "a", ...bulkWriteFrame(storageDocument(todo("missed"))) });
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    await a2.call({ connectionId: "a", ...bulkWriteFrame(storageDocument(todo("recent"))) });
    advanceClock(2 * MINUTE_MS);
    await a2.call({ connectionId: "a", ...bulkWriteFrame(storageDocument(todo("newest"))) });
    const b2 = await FrameSocket.open(path);
    const answer = await b2.call({
      connectionId: "b",
      method: "findDocumentsById",
      params: [["missed"], false],
    });
    expect(answer.error?.code).toBe("events-lost");
  });
});

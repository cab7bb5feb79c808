/** What an RxDB app makes the server do is limited by what it costs: bytes, values, listeners, connections. */

import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { limitBytes } from "../../src/http/rate-limits";
import { advanceClock, freezeClock, MINUTE_MS, shortenTimers } from "../support/clock";
import {
  connectApp,
  createUser,
  createUserWithApp,
  incomingRequest,
  type TestApp,
} from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { expectModuleUnchanged, moduleObject, moduleRows } from "../support/rxdb/module-rows";
import { openTodos } from "../support/rxdb/open-todos";
import { createRxdbSession, requestSession, sessionPath } from "../support/rxdb/sessions";
import {
  bulkWriteFrame,
  createParams,
  FrameSocket,
  type RequestFrame,
  socketPath,
} from "../support/rxdb/sockets";
import { storageDocument } from "../support/rxdb/storage-instances";
import { todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

const MIB = 1024 * 1024;

/** Bytes of messages that an app may exchange at once. */
const BYTE_BURST = 48 * MIB;

/** Counts bytes of the app's messages, as if they had been exchanged, so that it may exchange only so many more. */
function leaveBytes(app: TestApp, bytes: number): void {
  expect(limitBytes(env, app.claims, BYTE_BURST - bytes, Date.now())).toBeNull();
}

const FIND: RequestFrame = { method: "findDocumentsById", params: [["kept"], false] };

/** A user with an app, and a socket of it with an open connection to a collection with one to-do. */
async function connected(scope = "todos:rw") {
  const user = await createUser();
  const app = await connectApp(user, scope);
  const name = uniqueDatabaseName();
  const socket = await openOn(socketPath(app), name);
  await socket.call(bulkWriteFrame(storageDocument(todo("kept"))));
  return { user, app, name, socket };
}

async function openOn(path: string, name: string, connectionId = "c"): Promise<FrameSocket> {
  const socket = await FrameSocket.open(path);
  const answer = await socket.call({
    connectionId,
    method: "create",
    params: createParams(name),
  });
  expect(answer.error).toBeUndefined();
  return socket;
}

/** A write of one document with a title of this many characters. */
const writeOf = (id: string, length: number): RequestFrame =>
  bulkWriteFrame(storageDocument(todo(id, { title: "x".repeat(length) })));

/** The JSON of a frame, with the text of its `params`. */
const frameText = (method: string, params: string): string =>
  `{"connectionId":"c","requestId":"r","version":"17.6.0","method":"${method}","params":${params}}`;

/** Sends a text, and waits for the answer to it or for the end of the socket. */
async function sendText(socket: FrameSocket, text: string) {
  const { length } = socket.answers;
  socket.webSocket.send(text);
  await waitUntil(() => socket.closed !== null || socket.answers.length > length, 20_000);
  return socket.answers[length]?.error?.code ?? socket.closed?.code;
}

describe("A frame that is no message of RxDB", () => {
  it.each<[string, string]>([
    ["two megabytes of spaces", " ".repeat(2 * MIB)],
    ["two megabytes of arrays", `[${"[1],".repeat(MIB / 2)}0]`],
    ["arrays in arrays", "[".repeat(MIB)],
  ])("(%s) closes the socket without being parsed, and changes nothing", async (_, text) => {
    const { app, socket, name } = await connected();
    await expectModuleUnchanged(app.user, () => sendText(socket, text));
    expect(socket.closed?.code).toBe(1009);
    const again = await openOn(socketPath(app), name);
    expect((await again.call(FIND)).return).toHaveLength(1);
  });

  it("closes the socket of a client without access, too", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await FrameSocket.open(`/rxdb/${app.user}/todos?access_token=wrong`);
    expect(await sendText(socket, `[${"[1],".repeat(MIB)}0]`)).toBe(1008);
  });
});

describe("A large frame", () => {
  it("is parsed only if it has as few values as documents and attachments have", async () => {
    const { app, socket } = await connected();
    const arrays = `[[${"[1],".repeat(MIB / 2)}0],"x"]`;
    await expectModuleUnchanged(app.user, async () => {
      expect(await sendText(socket, frameText("bulkWrite", arrays))).toBe("too-large");
    });
    const data = Buffer.alloc(3 * MIB).toString("base64");
    const attachment = { data, digest: "sha256-x", length: 3 * MIB, type: "image/png" };
    const document = storageDocument(todo("a"), { _attachments: { a: attachment } });
    expect((await socket.call(bulkWriteFrame(document))).return).toEqual({ error: [] });
    const documents = Array.from({ length: 2000 }, (_, i) => storageDocument(todo(`${i}`)));
    expect((await socket.call(bulkWriteFrame(...documents))).return).toEqual({ error: [] });
  });

  it.each(["create", "query", "count", "getChangedDocumentsSince", "cleanup", "nonsense"])(
    "of the method %s is refused without having been parsed",
    async (method) => {
      const { socket } = await connected();
      const text = frameText(method, `[${'"x",'.repeat(MIB / 2)}`);
      expect(await sendText(socket, text)).toBe("too-large");
      expect((await socket.call(FIND)).return).toHaveLength(1);
    },
  );

  it("counts with its bytes: an app that sends many is refused until it has paused", async () => {
    const { app, socket } = await connected();
    freezeClock();
    leaveBytes(app, 12 * MIB);
    const text = frameText("bulkWrite", `[[],"${"x".repeat(2 * MIB)}"]`);
    let sent = 0;
    while ((await sendText(socket, text)) !== "too-many-requests") sent++;
    expect(sent).toBeGreaterThanOrEqual(3);
    expect(sent).toBeLessThanOrEqual(6);
    // Not even parsed any more.
    const unparseable = frameText("bulkWrite", `[${"[".repeat(2 * MIB)}`);
    expect(await sendText(socket, unparseable)).toBe("too-many-requests");
    // All sockets of an app count together, and those of other apps do not.
    const { error } = await (await openOn(socketPath(app), uniqueDatabaseName())).call(
      writeOf("a", 2 * MIB),
    );
    expect(error?.code).toBe("too-many-requests");
    advanceClock((error?.retryAfterSeconds ?? 0) * 1000);
    expect((await socket.call(FIND)).error).toBeUndefined();
    expect(await sendText(socket, text)).toBeUndefined();
  });

  it("is not needed to overwrite large documents: a small one that refers to too many of them is refused", async () => {
    const { app, socket } = await connected();
    const tags = Array.from({ length: 100_000 }, () => []) as never;
    const ids = ["a", "b", "c"];
    for (const id of ids) await socket.call(bulkWriteFrame(storageDocument(todo(id, { tags }))));
    const overwrite = (...ids: string[]): RequestFrame => {
      const rows = ids.map((id) => ({
        document: storageDocument(todo(id), { _rev: "2-b" }),
        previous: storageDocument(todo(id)),
      }));
      return { method: "bulkWrite", params: [rows, "x"] };
    };
    await expectModuleUnchanged(app.user, async () => {
      expect((await socket.call(overwrite(...ids))).error?.code).toBe("too-large");
    });
    expect((await socket.call(overwrite("a", "b"))).return).toEqual({ error: [] });
  });

  it("is not sent on and on: a client that ignores refusals is disconnected", async () => {
    const { app, socket } = await connected();
    freezeClock();
    leaveBytes(app, MIB / 16);
    const text = frameText("query", "[]".padEnd(MIB / 256));
    while ((await sendText(socket, text)) !== "too-many-requests");
    for (let i = 0; i < 1000; i++) socket.webSocket.send(text);
    await waitUntil(() => socket.closed !== null);
    expect(socket.closed?.code).toBe(4429);
  });
});

describe("Answers", () => {
  it("count with their bytes: an app that asks for many large ones has to pause, others do not", async () => {
    const { user, app, socket, name } = await connected();
    const other = await openOn(socketPath(await connectApp(user, "todos:rw")), name);
    freezeClock();
    const ids = ["a", "b", "c", "d", "e"];
    for (const id of ids) await socket.call(writeOf(id, 250_000));
    leaveBytes(app, 6 * MIB);
    const all = { method: "findDocumentsById", params: [ids, false] };
    let answered = 0;
    while (!(await socket.call(all)).error) answered++;
    expect(answered).toBeGreaterThanOrEqual(2);
    expect(answered).toBeLessThanOrEqual(5);
    expect((await socket.call(FIND)).error?.code).toBe("too-many-requests");
    expect((await other.call(FIND)).return).toHaveLength(1);
  });
});

describe("An event", () => {
  beforeEach(shortenTimers);

  /** The bytes of all event bulks that sockets have got. */
  const eventBytes = (sockets: FrameSocket[]): number =>
    sockets.reduce((sum, { eventBulks }) => sum + JSON.stringify(eventBulks).length, 0);

  /** A write of a megabyte. */
  const largeWrite = (id: string): RequestFrame =>
    bulkWriteFrame(
      ...[1, 2].map((i) => storageDocument(todo(`${id} ${i}`, { title: "x".repeat(475_000) }))),
    );

  it("is sent to as many listeners of an app as its bytes allow; other apps get it, too", async () => {
    const { user, name, socket: writer } = await connected();
    const greedy = await connectApp(user, "todos:r");
    const listeners = await Promise.all(
      Array.from({ length: 8 }, (_, i) => openOn(socketPath(greedy), name, `${i}`)),
    );
    const other = await openOn(socketPath(await connectApp(user, "todos:r")), name);
    freezeClock();
    leaveBytes(greedy, 3 * MIB);
    expect((await writer.call(largeWrite("large"))).return).toEqual({ error: [] });
    await waitUntil(() => other.eventBulks.length === 1);
    expect(writer.eventBulks.at(-1)?.events).toHaveLength(2);
    await waitUntil(() => listeners.some(({ closed }) => closed !== null));
    expect(eventBytes(listeners)).toBeGreaterThan(2 * MIB);
    expect(eventBytes(listeners)).toBeLessThan(3.5 * MIB);
    await waitUntil(() =>
      listeners.every(({ closed, eventBulks }) => closed !== null || eventBulks.length === 1),
    );
    const codes = listeners.map(({ closed }) => closed?.code).filter(Boolean);
    expect(new Set(codes)).toEqual(new Set([4429]));
  });

  it("is sent to as many connections on one socket as its bytes allow", async () => {
    const { user, name, socket: writer } = await connected();
    const greedy = await connectApp(user, "todos:r");
    const session = sessionPath(await createRxdbSession(greedy));
    const socket = await FrameSocket.open(session);
    for (let i = 0; i < 8; i++) {
      await socket.call({ connectionId: `${i}`, method: "create", params: createParams(name) });
    }
    freezeClock();
    leaveBytes(greedy, 3 * MIB);
    await writer.call(largeWrite("large"));
    await waitUntil(() => socket.closed !== null);
    expect(eventBytes([socket])).toBeGreaterThan(2 * MIB);
    expect(eventBytes([socket])).toBeLessThan(3.5 * MIB);
    // No way around it: neither a new socket nor a replay.
    const refused = await FrameSocket.open(`${session}&after=nonsense`);
    const { error } = await refused.call({ connectionId: "1", ...FIND });
    expect(["too-many-requests", "events-lost"]).toContain(error?.code);
    expect(eventBytes([refused])).toBeLessThan(2 * MIB);
  });

  it("that a listener did not get is replayed when it comes back after a pause", async () => {
    const { user, name, socket: writer } = await connected();
    const greedy = await connectApp(user, "todos:r");
    const sessions = await Promise.all(
      Array.from({ length: 5 }, async () => sessionPath(await createRxdbSession(greedy))),
    );
    const listeners = await Promise.all(sessions.map((path) => openOn(path, name)));
    freezeClock();
    leaveBytes(greedy, 2 * MIB);
    await writer.call(largeWrite("large"));
    await waitUntil(() => listeners.some(({ closed }) => closed !== null));
    const late = listeners.findIndex(({ closed }) => closed !== null);
    expect(listeners[late]?.eventBulks).toEqual([]);
    advanceClock(MINUTE_MS);
    const again = await FrameSocket.open(sessions[late] as string);
    expect((await again.call(FIND)).return).toHaveLength(1);
    expect(again.eventBulks.at(-1)?.events).toHaveLength(2);
  });

  it("that can't be replayed either makes the next request fail with events-lost", async () => {
    const { user, name, socket: writer } = await connected();
    const greedy = await connectApp(user, "todos:r");
    const path = sessionPath(await createRxdbSession(greedy));
    const listener = await FrameSocket.open(path);
    for (let i = 0; i < 8; i++) {
      await listener.call({ connectionId: `${i}`, method: "create", params: createParams(name) });
    }
    freezeClock();
    leaveBytes(greedy, 2 * MIB);
    await writer.call(largeWrite("large"));
    await waitUntil(() => listener.closed !== null);
    advanceClock(5 * MINUTE_MS);
    leaveBytes(greedy, 3 * MIB);
    const again = await FrameSocket.open(path);
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      codes.push((await again.call({ connectionId: `${i}`, ...FIND })).error?.code);
    }
    expect(codes).toContain("events-lost");
    expect(codes).toContain(undefined);
    expect(eventBytes([again])).toBeLessThan(3.5 * MIB);
  });
});

describe("Connections", () => {
  /** So many on each socket: a few more in all than one app may have, and than another may have then. */
  const BATCH = 251;

  /** Opens connections on new sockets of an app, until some are refused. Returns how many are open. */
  async function openAll(app: TestApp, name: string): Promise<number> {
    const params = createParams(name);
    for (let opened = 0; ; ) {
      const socket = await FrameSocket.open(sessionPath(await createRxdbSession(app)));
      const answers = await socket.callAll(
        Array.from({ length: BATCH }, (_, i) => ({
          connectionId: `${i}`,
          method: "create",
          params,
        })),
      );
      const refusals = answers.flatMap(({ error }) => error ?? []);
      opened += BATCH - refusals.length;
      if (refusals.length === 0) continue;
      for (const { code, retryAfterSeconds } of refusals) {
        expect([code, retryAfterSeconds]).toEqual(["too-many-requests", 60]);
      }
      return opened;
    }
  }

  it("of an app that may only read leave room for those of others", async () => {
    const { user, name, app } = await connected();
    expect(await openAll(await connectApp(user, "todos:r"), name)).toBeLessThanOrEqual(1000);
    expect(await openAll(await connectApp(user, "todos:r"), name)).toBeLessThanOrEqual(500);
    const { todos } = await openTodos(createClient(socketPath(app)), name);
    await todos.insert(todo("mine"));
    expect(await todos.count().exec()).toBe(2);
  });

  it.each([
    ["of one byte each", "a"],
    ["of two bytes each", "\u6f22"],
    ["of which one has two bytes", ""],
  ])("with long ids, in characters %s, leave the token usable", async (_, character) => {
    shortenTimers();
    const { app, name, socket } = await connected();
    const idOf = (i: number) =>
      `${i}-`.padEnd(255, character || "a") + (character === "" ? "\u6f22" : "-");
    const params = createParams(name);
    const answers = await socket.callAll(
      Array.from({ length: 80 }, (_, i) => ({ connectionId: idOf(i), method: "create", params })),
    );
    expect(answers.flatMap(({ error }) => error ?? [])).toEqual([]);
    await evictDurableObject(await moduleObject(app.user));
    expect((await socket.call({ connectionId: idOf(79), ...FIND })).return).toHaveLength(1);
    await abortAllDurableObjects();
    const again = await FrameSocket.open(socketPath(app));
    expect((await again.call({ connectionId: idOf(5), ...FIND })).return).toHaveLength(1);
    const { connections } = await moduleRows(app.user);
    expect(connections).toHaveLength(81);
  });
});

describe("POST …/session", () => {
  it("reads no more of a body without a length than a session needs", async () => {
    const app = await createUserWithApp("todos:rw");
    let sent = 0;
    const chunk = new TextEncoder().encode(" ".repeat(16 * 1024));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.byteLength;
        if (sent > 64 * MIB) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const headers = { Authorization: `Bearer ${app.token}` };
    const request = incomingRequest(`/rxdb/${app.user}/todos/session`, {
      method: "POST",
      headers,
      body,
    });
    const response = await exports.default.fetch(request);
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(MIB);
    expect((await requestSession(app)).status).toBe(201);
  });
});

/** What @satchel/live does when a sync fails. test/browser/live.test.ts has it with remotestorage.js itself. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Live, live, type RemoteStorage } from "../../../client/live/index.js";
import { MINUTE_MS, SECOND_MS } from "../../support/clock";

/** A socket that says what the test has the server say. */
class TestSocket {
  static latest: TestSocket;
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number }) => {};

  constructor() {
    TestSocket.latest = this;
  }

  send(): void {}
  close(): void {}

  receive(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

/** As remotestorage.js does, reports a failed request by events, and leaves the listing pending until one succeeds. */
class TestLibrary implements RemoteStorage {
  remote = {
    connected: true,
    token: "token",
    properties: { "urn:x-satchel:live:1": "wss://provider.example/live/alice" },
  };
  access = { scopes: [{ name: "notes", mode: "rw" }] };
  /** What the server answers to each request. */
  error: Error | null = null;
  /** The moments at which it has synced. */
  syncedAt: number[] = [];
  /** Folders whose listings have arrived. */
  arrived: string[] = [];
  #pending: { path: string; resolve: () => void }[] = [];
  #handlers = new Map<string, Set<(event?: unknown) => void>>();

  scope(path: string) {
    const getListing = () => new Promise<void>((resolve) => this.#pending.push({ path, resolve }));
    return { getListing };
  }

  async startSync(): Promise<void> {
    this.syncedAt.push(Date.now());
    queueMicrotask(() => this.#answer());
  }

  #answer(): void {
    if (this.error) this.emit("error", this.error);
    else
      for (const { path, resolve } of this.#pending.splice(0)) {
        this.arrived.push(path);
        resolve();
      }
    this.emit("sync-done");
  }

  emit(event: string, value?: unknown): void {
    for (const handler of this.#handlers.get(event) ?? []) handler(value);
  }

  on(event: string, handler: (event?: unknown) => void): void {
    this.#handlers.set(event, (this.#handlers.get(event) ?? new Set()).add(handler));
  }

  removeEventListener(event: string, handler: (event?: unknown) => void): void {
    this.#handlers.get(event)?.delete(handler);
  }

  getSyncInterval = () => 10_000;
  getBackgroundSyncInterval = () => 60_000;
  setSyncInterval(): void {}
  setBackgroundSyncInterval(): void {}
}

let library: TestLibrary;
let connection: Live;

const changed = (path: string): void =>
  TestSocket.latest.receive({ type: "changed", folders: [{ path, ETag: `of ${path}` }] });

beforeEach(async () => {
  vi.useFakeTimers({
    toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.stubGlobal("WebSocket", TestSocket);
  const json = async () => ({ url: "wss://provider.example/socket" });
  vi.stubGlobal("fetch", async () => ({ ok: true, status: 201, json }));
  library = new TestLibrary();
  connection = live(library);
  await vi.advanceTimersByTimeAsync(0);
  TestSocket.latest.onopen();
  TestSocket.latest.receive({ type: "watching", paths: ["/notes/"] });
  await vi.advanceTimersByTimeAsync(0);
  library.syncedAt.length = 0;
});

afterEach(() => {
  connection.stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("A sync that fails after a change is repeated soon, until it succeeds", async () => {
  library.error = new Error("HTTP response code 503 received.");
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
  expect(library.arrived).toEqual([]);
  library.error = null;
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(library.arrived).toContain("/notes/");
  const { length } = library.syncedAt;
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(library.syncedAt).toHaveLength(length);
});

it("What changes while a sync fails is synced with the repetition", async () => {
  library.error = new Error("HTTP response code 503 received.");
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(0);
  changed("/public/notes/");
  await vi.advanceTimersByTimeAsync(0);
  library.error = null;
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  expect(new Set(library.arrived)).toEqual(new Set(["/notes/", "/public/notes/"]));
});

it("A sync that fails again and again is repeated after longer and longer, and not for ever", async () => {
  library.error = new Error("HTTP response code 413 received.");
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  const waits = library.syncedAt.slice(1).map((at, i) => at - (library.syncedAt[i] as number));
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128].map((seconds) => seconds * SECOND_MS));
  library.error = null;
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(0);
  expect(library.arrived).toContain("/notes/");
});

it("A write of the app that fails is repeated as well", async () => {
  library.emit("error", new Error("HTTP response code 503 received."));
  library.emit("sync-done");
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  expect(library.syncedAt).toHaveLength(1);
});

it("Nothing is repeated when access has ended", async () => {
  library.error = Object.assign(new Error("Revoked."), { name: "Unauthorized" });
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(library.syncedAt).toHaveLength(1);
});

it("Nothing is repeated without a socket: the app's own interval applies", async () => {
  library.error = new Error("Network request failed.");
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(0);
  vi.stubGlobal("navigator", { onLine: false });
  library.remote.connected = false;
  TestSocket.latest.onclose({ code: 1006 });
  const { length } = library.syncedAt;
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(connection.status).toBe("polling");
  expect(library.syncedAt).toHaveLength(length);
});

it("An account that is disconnected during a sync does not keep the next one from syncing", async () => {
  library.startSync = async () => {};
  changed("/notes/");
  await vi.advanceTimersByTimeAsync(0);
  library.emit("disconnected");
  library.startSync = TestLibrary.prototype.startSync;
  library.emit("connected");
  await vi.advanceTimersByTimeAsync(0);
  TestSocket.latest.onopen();
  TestSocket.latest.receive({
    type: "watching",
    paths: [],
    folders: [{ path: "/notes/", ETag: "x" }],
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(library.arrived).toContain("/notes/");
});

/** Moving in: the documents of another server are copied in the background, and nothing of ours is lost. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConflictChoice } from "../../src/copying/move-in";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { mainText } from "../support/html";
import { credentialOf, loadMove, loadReport, runMove, startMove } from "../support/moving";
import {
  documentsOf,
  OLD_ORIGIN,
  OLD_TOKEN,
  type OldProvider,
  startOldProvider,
} from "../support/old-provider";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  type TestApp,
} from "../support/provider";
import { setQuota } from "../support/storage";
import { loadContents } from "../support/tasks";
import { storageOrigin } from "../support/urls";

let app: TestApp;

beforeEach(async () => {
  app = await createUserWithApp();
});

// Otherwise its alarms go on after the test.
afterEach(() => env.USERS.getByName(app.user).controlMoveIn("cancel"));

const userObject = () => env.USERS.getByName(app.user);

/** What the object has stored, as text. */
const loadStored = (): Promise<string> =>
  runInDurableObject(userObject(), (_, { storage }) =>
    JSON.stringify([...storage.kv.list()].filter(([key]) => key.startsWith("move-"))),
  );

async function move(old: OldProvider, onConflict: ConflictChoice = "keep") {
  expect(await startMove(app, old, onConflict)).toBe(true);
  return runMove(app);
}

/** Answers requests for these paths. */
const answering =
  (answers: Record<string, () => Response | Promise<Response>>): OldProvider["trouble"] =>
  (_, path) =>
    answers[path]?.();

/** A body of chunks that is sent without its length. */
const chunked = (chunks: Iterable<string>, headers: Record<string, string> = {}): Response => {
  const source = chunks[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = source.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/x", ...headers } });
};

describe("Moving in", () => {
  it("copies every document with its bytes and type, and understands old listings", async () => {
    const bodies = {
      "/notes/a b/c": "1",
      "/notes/a b/ü/d": "2",
      "/notes/%41": "3",
      "/public/x": "4",
      "/notes/empty": "",
    };
    const old = startOldProvider(documentsOf(bodies));
    expect(await move(old)).toMatchObject({
      ...{ state: "done", reason: null, pass: 1, bytes: 4 },
      counts: { created: 5, failed: 0, kept: 0 },
      ...{ found: { documents: 5 }, looked: { documents: 5 } },
    });
    expect(await loadContents(app)).toEqual(
      Object.fromEntries(Object.entries(bodies).map(([path, body]) => [path, `text/x ${body}`])),
    );
    expect(await loadReport(app)).toEqual([]);
  });

  it("sends nothing of ours along but the token, and the origin that it was granted to", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await move(old);
    const names = new Set(old.received.flatMap(({ headers }) => [...headers.keys()]));
    expect([...names].sort()).toEqual(["accept-encoding", "authorization", "origin"]);
  });

  it("keeps when a document was modified, if the old server says it of that version", async () => {
    const user = await createUser();
    app = await connectApp(user);
    const names = ["sent", "listed", "both", "none", "nonsense", "changed"];
    const old = startOldProvider(documentsOf(Object.fromEntries(names.map((n) => [`/n/${n}`, n]))));
    const [earlier, later] = ["Sat, 03 Feb 2001 04:05:06 GMT", "Mon, 04 Mar 2002 04:05:06 GMT"];
    const times = {
      sent: { sent: later },
      listed: { listed: earlier },
      both: { listed: earlier, sent: later },
      nonsense: { listed: "yesterday", sent: "Fri, 01 Jan 1960 00:00:00 GMT" },
      changed: { listed: earlier },
    };
    for (const [name, modified] of Object.entries(times)) {
      Object.assign(old.documents[`/n/${name}`] as object, { modified });
    }
    const changed = { ETag: '"another"', "Content-Type": "text/x" };
    old.trouble = answering({ "/n/changed": () => new Response("newer", { headers: changed }) });
    expect((await move(old)).counts).toMatchObject({ created: 6, failed: 0 });
    const shown = names.map(async (name) => {
      const page = await send(`/files/n/${name}`, { headers: { Cookie: user.cookie } });
      const text = mainText(await page.text());
      return [name, /Modified before the import (\w+ \d+, \d+)/.exec(text)?.[1]];
    });
    expect(Object.fromEntries(await Promise.all(shown))).toEqual({
      sent: "Mar 4, 2002",
      listed: "Feb 3, 2001",
      both: "Mar 4, 2002",
      none: undefined,
      nonsense: undefined,
      changed: undefined,
    });
  });

  it("copies from Satchel to Satchel, large documents too", async () => {
    const alice = await createUserWithApp();
    const large = "0123456789".repeat(60_000);
    await alice.put("/notes/%C3%A9%3A%5C", "one", { "Content-Type": "text/html; charset=x" });
    await alice.put("/public/large", large);
    const old = startOldProvider({});
    const root = `${storageOrigin(alice.user)}/storage/${alice.user}`;
    const storage = { address: `${alice.user}@old`, root };
    await startMove(app, storage, "keep", credentialOf(alice.token));
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 2 } });
    expect(old.requests).not.toEqual([]);
    expect(await loadContents(app)).toEqual(await loadContents(alice));
  });

  it("copies documents whose length nobody says", async () => {
    const old = startOldProvider(documentsOf({ "/small": "", "/large": "" }));
    const part = "x".repeat(1_000_000);
    old.trouble = answering({
      "/small": () => chunked(["a", "b"]),
      "/large": () => chunked(Array.from({ length: 6 }, () => part)),
    });
    expect(await move(old)).toMatchObject({
      state: "done",
      counts: { created: 2 },
      bytes: 6e6 + 2,
    });
    expect(await (await app.get("/small")).text()).toBe("ab");
    expect((await app.head("/large")).headers.get("content-length")).toBe("6000000");
  });

  it("lists folders of any size, and goes on over many alarms", async () => {
    const numbers = Array.from({ length: 24 }, (_, i) => i);
    const bodies = Object.fromEntries(numbers.map((i) => [`/n/${i % 3}/${i}`, `${i}`]));
    const old = startOldProvider(documentsOf(bodies));
    expect(await move(old)).toMatchObject({
      ...{ state: "done", counts: { created: 24 }, looked: { folders: 5, documents: 24 } },
    });
    expect(Object.keys(await loadContents(app))).toHaveLength(24);
  });
});

describe("A document that is here already", () => {
  const bodies = { "/notes/same": "same", "/notes/other": "theirs", "/notes/new": "new" };

  beforeEach(async () => {
    await app.put("/notes/same", "same", { "Content-Type": "text/x" });
    await app.put("/notes/other", "mine!!", { "Content-Type": "text/x" });
  });

  it("is kept, or is equal", async () => {
    const before = await app.version("/notes/same");
    const result = await move(startOldProvider(documentsOf(bodies)), "keep");
    expect(result.counts).toMatchObject({ created: 1, equal: 1, kept: 1, replaced: 0 });
    expect(await loadContents(app)).toMatchObject({ "/notes/other": "text/x mine!!" });
    expect(await loadReport(app)).toEqual([{ path: "/notes/other", outcome: "kept" }]);
    expect(await app.version("/notes/same")).toBe(before);
  });

  it("is replaced", async () => {
    const before = await app.version("/notes/same");
    const result = await move(startOldProvider(documentsOf(bodies)), "replace");
    expect(result.counts).toMatchObject({ created: 1, equal: 1, replaced: 1, kept: 0 });
    expect(await loadContents(app)).toMatchObject({ "/notes/other": "text/x theirs" });
    expect(await app.version("/notes/same")).toBe(before);
  });

  it("stays, and the other is copied beside it, once", async () => {
    const old = startOldProvider(documentsOf(bodies));
    expect((await move(old, "both")).counts).toMatchObject({ created: 1, equal: 1, both: 1 });
    const both = { path: "/notes/other", outcome: "both", as: "/notes/other (imported)" };
    expect(await loadReport(app)).toEqual([both]);
    expect(await loadContents(app)).toMatchObject({
      "/notes/other": "text/x mine!!",
      "/notes/other (imported)": "text/x theirs",
    });
    expect((await move(old, "both")).counts).toMatchObject({ equal: 3, both: 0 });
  });

  it("and is written by an app meanwhile is not overwritten", async () => {
    const old = startOldProvider(documentsOf({ "/notes/other": "theirs", "/notes/new": "new" }));
    let isFirst = true;
    old.trouble = async (_, path) => {
      if (path === "/notes/new" && isFirst) {
        isFirst = false;
        await app.put("/notes/new", "written meanwhile");
      }
      return undefined;
    };
    freezeClock();
    await move(old, "keep");
    advanceClock(MINUTE_MS);
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 0, kept: 2 } });
    expect(await loadContents(app)).toMatchObject({
      "/notes/new": "text/plain written meanwhile",
      "/notes/other": "text/x mine!!",
    });
  });
});

describe("A second pass", () => {
  const bodies = { "/notes/a": "1", "/notes/b": "2", "/notes/c": "3", "/notes/d": "4" };

  it("fetches only what has changed since, and overwrites nothing that was changed here", async () => {
    const old = startOldProvider(documentsOf(bodies));
    await move(old, "keep");
    Object.assign(
      old.documents,
      documentsOf({ "/notes/b": "changed", "/notes/d": "too", "/notes/e": "5" }),
    );
    await app.put("/notes/d", "mine");
    old.requests.length = 0;
    expect(await move(old, "keep")).toMatchObject({
      ...{ state: "done", pass: 2 },
      counts: { equal: 2, replaced: 1, created: 1, kept: 1 },
    });
    const documents = old.requests.filter((request) => /[a-e]$/.test(request));
    expect(documents.sort()).toEqual(["GET /storage/alice/notes/b", "GET /storage/alice/notes/e"]);
    expect(await loadContents(app)).toEqual({
      "/notes/a": "text/x 1",
      "/notes/b": "text/x changed",
      "/notes/c": "text/x 3",
      "/notes/d": "text/plain mine",
      "/notes/e": "text/x 5",
    });
  });

  it("asks with If-None-Match where the listing does not say what has changed", async () => {
    const old = startOldProvider(documentsOf(bodies));
    await move(old);
    let versions = 0;
    old.trouble = (_, path) => {
      if (path !== "/notes/") return undefined;
      const items = ["a", "b", "c", "d"].map((name) => [name, { ETag: `v${++versions}` }]);
      return Response.json({ items: Object.fromEntries(items) });
    };
    old.received.length = 0;
    expect((await move(old)).counts).toMatchObject({ equal: 4, created: 0, kept: 0 });
    const conditions = old.received.map(({ headers }) => headers.get("if-none-match"));
    expect(conditions.filter((condition) => condition !== null)).toHaveLength(4);
  });

  it("copies again what failed, and does not bring back what was deleted here", async () => {
    const old = startOldProvider(documentsOf(bodies));
    old.trouble = answering({ "/notes/a": () => new Response(null, { status: 403 }) });
    expect((await move(old)).counts).toMatchObject({ created: 3, failed: 1 });
    expect(await loadReport(app)).toEqual([
      { path: "/notes/a", outcome: "failed", code: "forbidden" },
    ]);
    await app.delete("/notes/b");
    old.trouble = () => undefined;
    expect((await move(old)).counts).toMatchObject({ created: 1, equal: 3, failed: 0 });
    expect(Object.keys(await loadContents(app))).toEqual(["/notes/a", "/notes/c", "/notes/d"]);
    expect(await loadReport(app)).toEqual([]);
  });

  it("from another storage begins anew", async () => {
    const old = startOldProvider(documentsOf(bodies));
    await move(old);
    const other = { address: "bob@old.example", root: `${OLD_ORIGIN}/storage/alice?` };
    await startMove(app, other);
    expect(await loadMove(app)).toMatchObject({ pass: 1, address: "bob@old.example" });
    await userObject().controlMoveIn("cancel");
  });
});

describe("The old token", () => {
  it("is stored encrypted, and forgotten at the end", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    expect(await loadStored()).toContain("move-token");
    expect(await loadStored()).not.toContain(OLD_TOKEN);
    await runMove(app);
    expect(await loadStored()).not.toContain("move-token");
  });

  it("is forgotten when the move is cancelled", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    await userObject().controlMoveIn("cancel");
    expect(await loadStored()).not.toContain("move-token");
    await runDurableObjectAlarm(userObject());
    expect(await loadMove(app)).toMatchObject({ state: "cancelled", counts: { created: 0 } });
    expect(old.requests).toEqual([]);
  });

  it("is forgotten after a week; then the user signs in again, and the move goes on", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    await userObject().controlMoveIn("pause");
    advanceClock(8 * DAY_MS);
    await runDurableObjectAlarm(userObject());
    expect(await loadStored()).not.toContain("move-token");
    await userObject().controlMoveIn("resume");
    expect(await runMove(app)).toMatchObject({ state: "paused", reason: "sign-in-needed" });
    expect(await move(old)).toMatchObject({ state: "done", pass: 1, counts: { created: 1 } });
  });

  it("that is refused pauses the move until the user signs in again", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1", "/b": "2" }));
    await startMove(app, old, "keep", credentialOf("wrong"));
    expect(await runMove(app)).toMatchObject({ state: "paused", reason: "sign-in-needed" });
    expect(await move(old)).toMatchObject({ state: "done", counts: { created: 2, failed: 0 } });
  });

  it("is renewed when it expires", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    const renewed: string[] = [];
    old.trouble = async (request, path) => {
      if (path !== "/token") return undefined;
      renewed.push(await request.text());
      return Response.json({ access_token: OLD_TOKEN, refresh_token: "next", expires_in: 3600 });
    };
    const refresh = { token: "first", endpoint: `${OLD_ORIGIN}/token` };
    await startMove(app, old, "keep", { token: "old", expiresAt: Date.now(), refresh });
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1 } });
    expect(renewed).toEqual([
      `grant_type=refresh_token&refresh_token=first&client_id=${encodeURIComponent(ORIGIN)}`,
    ]);
  });

  it("that is refused too early is renewed, too", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    old.trouble = (_, path) =>
      path === "/token" ? Response.json({ access_token: OLD_TOKEN }) : undefined;
    const refresh = { token: "first", endpoint: `${OLD_ORIGIN}/token` };
    await startMove(app, old, "keep", { token: "revoked", expiresAt: null, refresh });
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1 } });
  });

  it("is not sent to another host, to which the server redirects", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    old.trouble = (request, path) => {
      if (request.url.startsWith("https://cdn.example/")) return new Response("elsewhere");
      return path === "/a"
        ? new Response(null, { status: 302, headers: { Location: "https://cdn.example/a" } })
        : undefined;
    };
    expect(await move(old)).toMatchObject({ state: "done", counts: { created: 1 } });
    const there = old.received.filter(({ url }) => url.startsWith("https://cdn.example/"));
    expect(there.map(({ headers }) => headers.get("authorization"))).toEqual([null]);
  });
});

describe("An old server that misbehaves", () => {
  it.each([429, 503])("with %i is asked again when it says so, and not before", async (status) => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    const headers = { "Retry-After": "90" };
    old.trouble = answering({ "/a": () => new Response(null, { status, headers }) });
    freezeClock();
    expect(await move(old)).toMatchObject({
      state: "running",
      retryAt: Date.now() + 90 * SECOND_MS,
    });
    const requests = old.requests.length;
    advanceClock(89 * SECOND_MS);
    await runDurableObjectAlarm(userObject());
    expect(old.requests).toHaveLength(requests);
    old.trouble = () => undefined;
    advanceClock(2 * SECOND_MS);
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1, failed: 0 } });
  });

  it("that does not answer is waited for, longer each time, and at last the move is paused", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    old.trouble = () => Promise.reject(new Error("connection refused"));
    freezeClock();
    const waits: number[] = [];
    await startMove(app, old);
    for (let result = await runMove(app); result.state === "running"; result = await runMove(app)) {
      waits.push((result.retryAt - Date.now()) / 1000);
      advanceClock(result.retryAt - Date.now());
    }
    expect(waits.slice(0, 4)).toEqual([10, 20, 40, 80]);
    expect(waits.at(-1)).toBe(3600);
    expect(await loadMove(app)).toMatchObject({ state: "paused", reason: "unreachable" });
    old.trouble = () => undefined;
    await userObject().controlMoveIn("resume");
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1 } });
  });

  it("with errors for everything is waited for, and no document is given up for that", async () => {
    const old = startOldProvider(documentsOf({ "/notes/a": "1", "/notes/b": "2" }));
    let isDown = false;
    old.trouble = (_, path) => {
      isDown ||= path === "/notes/a" || path === "/notes/b";
      return isDown ? new Response(null, { status: 502 }) : undefined;
    };
    freezeClock();
    await move(old);
    for (let attempts = 0; attempts < 8; attempts++) {
      const { retryAt } = await loadMove(app);
      advanceClock(retryAt - Date.now());
      expect(await runMove(app)).toMatchObject({ state: "running", counts: { failed: 0 } });
    }
    old.trouble = () => undefined;
    advanceClock(DAY_MS / 24);
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 2, failed: 0 } });
  });

  /** Runs the move to its end, without waiting between attempts. */
  async function moveToEnd(old: OldProvider) {
    freezeClock();
    await move(old);
    for (let attempts = 0; attempts < 20; attempts++) {
      advanceClock(MINUTE_MS);
      const result = await runMove(app);
      if (result.endedAt !== null) return result;
    }
    throw new Error("The move does not end.");
  }

  it.each<[string, string, () => Response]>([
    ["says 500", "unavailable", () => new Response(null, { status: 500 })],
    ["says that it is gone", "not-found", () => new Response(null, { status: 404 })],
    ["says 418", "refused", () => new Response(null, { status: 418 })],
    [
      "sends less than it says",
      "damaged",
      () => new Response("1", { headers: { "Content-Length": "5", ETag: '"x"' } }),
    ],
    [
      "sends more than it has listed",
      "damaged",
      () => chunked(["bad but longer"], { ETag: '"bad"' }),
    ],
    [
      "sends without an end",
      "damaged",
      () => chunked(endless("x".repeat(65536)), { ETag: '"bad"' }),
    ],
    ["breaks the connection", "damaged", () => chunked(breaking())],
    [
      "redirects for ever",
      "redirects",
      () => new Response(null, { status: 302, headers: { Location: "/storage/alice/bad" } }),
    ],
    [
      "redirects to a private address",
      "not-public",
      () => new Response(null, { status: 302, headers: { Location: "https://169.254.169.254/" } }),
    ],
    [
      "redirects to plain http",
      "not-public",
      () => new Response(null, { status: 302, headers: { Location: "http://old.example/" } }),
    ],
    [
      "has a type that no header can have here",
      "malformed",
      () => new Response("bad", { headers: { "Content-Type": `text/${"x".repeat(2000)}` } }),
    ],
  ])("and %s loses only that document", async (_, code, answer) => {
    const old = startOldProvider(documentsOf({ "/bad": "bad", "/good": "good" }));
    old.trouble = answering({ "/bad": answer });
    expect(await moveToEnd(old)).toMatchObject({
      state: "done",
      counts: { created: 1, failed: 1 },
    });
    expect(await loadContents(app)).toEqual({ "/good": "text/x good" });
    expect(await loadReport(app)).toEqual([{ path: "/bad", outcome: "failed", code }]);
  });

  it.each<[string, string, () => Response]>([
    ["is no folder description", "malformed", () => new Response("<html>")],
    ["is too long", "too-large", () => chunked(endless(" ".repeat(65536)))],
    ["has too many items", "too-large", () => new Response(`{${'"":0,'.repeat(300_000)}"":0}`)],
    ["is refused", "forbidden", () => new Response(null, { status: 403 })],
    ["is never given", "unavailable", () => new Response(null, { status: 500 })],
    ["breaks off", "damaged", () => chunked(breaking())],
  ])("and has a folder whose listing %s loses only that folder", async (_, code, answer) => {
    const old = startOldProvider(documentsOf({ "/bad/x": "bad", "/good/y": "good" }));
    old.trouble = answering({ "/bad/": answer });
    expect(await moveToEnd(old)).toMatchObject({
      state: "done",
      counts: { created: 1, failed: 1 },
    });
    expect(await loadReport(app)).toEqual([{ path: "/bad/", outcome: "failed", code }]);
  });

  it("and lists what cannot be, or is not there, is not believed", async () => {
    const old = startOldProvider(documentsOf({ "/good": "good" }));
    const facts = { ETag: "x", "Content-Type": "text/x", "Content-Length": 1 };
    const names = ["..", ".", "", "a/b", "no\0", "gone", "x".repeat(5000), "\ud800", "huge"];
    const items = Object.fromEntries(names.map((name) => [name, facts]));
    const huge = { ...facts, "Content-Length": 1e15 };
    old.trouble = (request, path) =>
      path === "/" && request.url.endsWith("/")
        ? Response.json({ items: { ...items, huge, good: facts } })
        : undefined;
    expect(await moveToEnd(old)).toMatchObject({ state: "done", counts: { created: 1 } });
    const report = (await loadReport(app)).map(({ path, code }) => [path.slice(0, 10), code]);
    expect((await loadReport(app)).every(({ path }) => path.length < 200)).toBe(true);
    expect(Object.fromEntries(report)).toMatchObject({
      "/gone": "not-found",
      "/xxxxxxxxx": "path-too-long",
      "/huge": "too-large",
    });
    expect(Object.keys(await loadContents(app))).toEqual(["/good"]);
  });

  it("and lists folders without an end is not followed for ever", async () => {
    const old = startOldProvider(documentsOf({ "/loop/x": "x", "/good": "good" }));
    old.trouble = (_, path) =>
      path.endsWith("/loop/") ? Response.json({ items: { "loop/": { ETag: "1" } } }) : undefined;
    expect(await moveToEnd(old)).toMatchObject({
      state: "done",
      counts: { created: 1, failed: 1 },
    });
    expect(await loadReport(app)).toEqual([
      { path: `/${"loop/".repeat(65)}`, outcome: "failed", code: "path-too-long" },
    ]);
  });

  it.each([
    ["more folders than any account has", "/", 100_001, 1],
    ["folders with very long paths", `/${"x".repeat(2000)}/`, 16_500, 5],
  ])(
    "and lists %s makes the move end, and nothing of it is stored",
    async (_, folder, count, digits) => {
      const old = startOldProvider(documentsOf({ [`${folder}good`]: "good" }));
      const names = Array.from(
        { length: count },
        (_, at) => `${String(at).padStart(digits, "0")}/`,
      );
      const items = Object.fromEntries(names.map((name) => [name, {}]));
      old.trouble = (_, path) => (path.endsWith(folder) ? Response.json({ items }) : undefined);
      expect(await moveToEnd(old)).toMatchObject({ state: "failed", reason: "too-many" });
      expect((await loadStored()).length).toBeLessThan(10_000);
    },
  );

  it("and refuses one document as unauthorized does not stop the move for ever", async () => {
    const old = startOldProvider(documentsOf({ "/bad": "bad", "/good": "good" }));
    old.trouble = answering({ "/bad": () => new Response(null, { status: 401 }) });
    for (let signIns = 1; signIns <= 2; signIns++) {
      expect(await move(old)).toMatchObject({ state: "paused", reason: "sign-in-needed" });
    }
    expect(await move(old)).toMatchObject({ state: "done", counts: { created: 1, failed: 1 } });
  });
});

function* endless(chunk: string): Generator<string> {
  for (;;) yield chunk;
}

function* breaking(): Generator<string> {
  yield "ba";
  throw new Error("The connection is broken.");
}

describe("The limits of the account", () => {
  it("hold: what does not fit is reported, and the move pauses once nothing fits", async () => {
    await setQuota(app, 4000);
    const bodies = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`/n/${i}`, "x".repeat(1000)]),
    );
    const old = startOldProvider(documentsOf(bodies));
    expect(await move(old)).toMatchObject({ state: "paused", reason: "over-quota" });
    const { counts } = await loadMove(app);
    expect(counts.created).toBeGreaterThan(0);
    expect(counts.failed).toBeGreaterThanOrEqual(25);
    expect((await loadReport(app)).map(({ code }) => code)).toContain("over-quota");
    await setQuota(app, 1e9);
    await userObject().controlMoveIn("resume");
    expect(await runMove(app)).toMatchObject({ state: "done" });
    expect((await move(old)).counts).toMatchObject({ failed: 0 });
    expect(Object.keys(await loadContents(app))).toHaveLength(30);
  });

  it("hold for one move at a time", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    expect(await startMove(app, { address: "bob@x.example", root: "https://x.example/bob" })).toBe(
      false,
    );
    expect(await loadMove(app)).toMatchObject({ address: old.address });
  });
});

describe("Pausing", () => {
  it("ends the request that is under way, and resuming goes on", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1", "/b": "2" }));
    old.trouble = async (request, path) => {
      if (path !== "/b") return undefined;
      await userObject().controlMoveIn("pause");
      expect(request.method).toBe("GET");
      return new Response("2");
    };
    expect(await move(old)).toMatchObject({ state: "paused", reason: null });
    old.trouble = () => undefined;
    await userObject().controlMoveIn("resume");
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 2, failed: 0 } });
  });

  it("and resuming at once gives up neither folder nor document", async () => {
    const old = startOldProvider(documentsOf({ "/a/b": "1", "/c": "2" }));
    const interrupted = new Set(["/a/", "/c"]);
    old.trouble = async ({ signal }, path) => {
      if (interrupted.delete(path)) {
        await userObject().controlMoveIn("pause");
        await userObject().controlMoveIn("resume");
      }
      signal.throwIfAborted();
      return undefined;
    };
    expect(await move(old)).toMatchObject({ state: "done", counts: { created: 2, failed: 0 } });
    expect(interrupted.size).toBe(0);
  });

  it("does nothing to a move that has ended", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await move(old);
    for (const action of ["pause", "resume", "cancel"] as const) {
      await userObject().controlMoveIn(action);
      expect(await loadMove(app)).toMatchObject({ state: "done" });
    }
  });
});

it("A move is forgotten a month after its end, with all that belongs to it", async () => {
  const old = startOldProvider(documentsOf({ "/a": "1" }));
  await move(old);
  advanceClock(31 * DAY_MS);
  // A sweep is due, too.
  for (let alarms = 0; alarms < 2; alarms++) await runDurableObjectAlarm(userObject());
  expect(await loadStored()).toBe("[]");
});

/** Reads while calls to D1 or R2 fail: nothing is reported as missing, as a client would delete it. */

import { beforeAll, describe, expect, it } from "vitest";
import { DAY_MS } from "../support/clock";
import { withFault } from "../support/fault-injection";
import { testEachFault } from "../support/faults-at-each-call";
import { mainText } from "../support/html";
import { openModuleWithBytes } from "../support/modules";
import type { PlanFault } from "../support/platform-errors";
import {
  APP_ORIGIN,
  authorizeUrl,
  connectApp,
  createUser,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

let user: TestUser;
let app: TestApp;
let etag: string;

beforeAll(async () => {
  user = await createUser();
  app = await connectApp(user);
  etag = (await app.put("/notes/a", "hello")).headers.get("etag") ?? "";
  await app.put("/public/notes/a", "hello");
  await openModuleWithBytes(user.name, "todos", 3000);
});

/** Sends a request to a Worker that has just started, so has no keys in memory. */
const ask = (
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Response> =>
  sendWithSettings({})(path, { method, headers: { Origin: APP_ORIGIN, ...headers } });

const byToken = (): Record<string, string> => ({ Authorization: `Bearer ${app.token}` });
const byCookie = (): Record<string, string> => ({ Cookie: user.cookie, Accept: "text/html" });
const at = (path: string): string => `/storage/${app.user}${path}`;

interface Read {
  title: string;
  status: number;
  send: () => Promise<Response>;
}

/** Endpoints that apps call. */
const APP_READS: Read[] = [
  { title: "GET of a document", status: 200, send: () => ask(at("/notes/a"), byToken()) },
  {
    title: "GET of a document whose version the client has",
    status: 304,
    send: () => ask(at("/notes/a"), { ...byToken(), "If-None-Match": etag }),
  },
  {
    title: "HEAD of a document",
    status: 200,
    send: () => ask(at("/notes/a"), byToken(), "HEAD"),
  },
  { title: "GET of a public document", status: 200, send: () => ask(at("/public/notes/a")) },
  { title: "GET of a folder", status: 200, send: () => ask(at("/notes/"), byToken()) },
  { title: "quota", status: 200, send: () => ask(`/quota/${app.user}`, byToken()) },
  {
    title: "WebFinger",
    status: 200,
    send: () => ask(`/.well-known/webfinger?resource=acct:${app.user}@satchel.example`),
  },
];

const PAGE_READS: Read[] = [
  { title: "the home page", status: 200, send: () => ask("/", byCookie()) },
  { title: "the data page", status: 200, send: () => ask("/data", byCookie()) },
  { title: "the activity page", status: 200, send: () => ask("/activity", byCookie()) },
  { title: "the settings page", status: 200, send: () => ask("/settings", byCookie()) },
  { title: "the consent page", status: 200, send: () => ask(authorizeUrl(app.user), byCookie()) },
];

/** Kinds of limits, the status for them, what is said, and the seconds until a retry may succeed. */
const PLAN_FAULTS: [kind: PlanFault, status: number, words: RegExp, retryAfter: () => unknown][] = [
  ["day", 503, /midnight UTC/, () => expect.closeTo((DAY_MS - (Date.now() % DAY_MS)) / 1000, -3)],
  ["space", 503, /database is full/, () => 3600],
  ["length", 507, /database can(?:not)? take/, () => null],
];

describe.each([...APP_READS, ...PAGE_READS])("$title", (read) => {
  const { status, send } = read;
  const isForApps = APP_READS.includes(read);

  const faultCase = { status, send, ...(isForApps ? { origin: APP_ORIGIN } : {}) };
  testEachFault(async () => async () => faultCase);

  it("a permanent fault -> 503 that an app or a person can read", async () => {
    const { result } = await withFault({ at: 0, kind: "lost", isPermanent: true }, send);
    expect(result.status).toBe(503);
    if (isForApps) {
      expect(result.headers.get("access-control-expose-headers")).toContain("Retry-After");
    } else {
      expect(result.headers.get("content-type")).toContain("text/html");
    }
  });

  it.each(PLAN_FAULTS)(
    "a limit of the provider's plan (%s) -> %i that says so",
    async (kind, status, words, retryAfter) => {
      const { result, calls } = await withFault({ at: 0, kind, isPermanent: true }, send);
      expect(result.status).toBe(status);
      const seconds = result.headers.get("retry-after");
      expect(seconds === null ? null : Number(seconds)).toEqual(retryAfter());
      expect(new Set(calls).size).toBe(calls.length);
      const text = await result.text();
      if (!isForApps) return expect(mainText(text)).toMatch(words);
      expect(result.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
      if (text !== "") expect(JSON.parse(text).message).toMatch(words);
    },
  );

  it("an error that no retry helps -> a plain 500 with the id in the log, nothing changed", async () => {
    const { calls } = await withFault(null, send);
    const before = await allRows();
    for (const [index, call] of calls.entries()) {
      // The data page does without the details of a module that fails: `test/spec/rxdb-modules.test.ts`.
      if (call === "MODULES.inventory") continue;
      const run = await withFault({ at: index, kind: "broken" }, send);
      expect(run.result.status).toBe(500);
      // Nothing is retried; calls that were made at the same time may have been made.
      expect(run.calls.length).toBeLessThanOrEqual(calls.length);
      expect(await allRows()).toEqual(before);
      const text = await run.result.text();
      if (run.result.headers.get("content-type")?.startsWith("text/html")) {
        const said = mainText(text);
        expect(said).toMatch(/^Something went wrong .*[\w-]{22}/);
        expect(said).not.toMatch(/no such table|SQLITE|Error:/);
      } else if (text !== "") {
        expect(JSON.parse(text)).toEqual({
          error: "internal",
          message: "Something went wrong on our side.",
          id: expect.stringMatching(/^[\w-]{22}$/),
        });
      }
    }
  });
});

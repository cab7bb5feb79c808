/** Nothing is taken for missing because D1 or R2 does not answer: §5, what a client would delete. */

import { beforeAll, describe, expect, it } from "vitest";
import { CUTS, cutAtEachCall } from "../support/fault-injection";
import { cutting } from "../support/faults";
import { mainText } from "../support/html";
import { reserve } from "../support/modules";
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  APP_ORIGIN,
  authorizeUrl,
  connectApp,
  createUser,
  type TestApp,
  type TestUser,
} from "../support/provider";

let person: TestUser;
let app: TestApp;
let etag: string;

beforeAll(async () => {
  person = await createUser();
  app = await connectApp(person);
  etag = (await app.put("/notes/a", "hello")).headers.get("etag") ?? "";
  await app.put("/public/notes/a", "hello");
  await reserve(person.name, "todos", 3000);
});

/** To a Worker that has just started and so has read no keys yet. */
const ask = (
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Response> =>
  sendWithSettings({})(path, { method, headers: { Origin: APP_ORIGIN, ...headers } });

const byToken = (): Record<string, string> => ({ Authorization: `Bearer ${app.token}` });
const byCookie = (): Record<string, string> => ({ Cookie: person.cookie, Accept: "text/html" });
const at = (path: string): string => `/storage/${app.user}${path}`;

interface Read {
  title: string;
  status: number;
  send: () => Promise<Response>;
}

/** Doors that apps call from their pages. */
const APPS: Read[] = [
  { title: "GET of a document", status: 200, send: () => ask(at("/notes/a"), byToken()) },
  {
    title: "GET of a document that the client has",
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

const PAGES: Read[] = [
  { title: "the home page", status: 200, send: () => ask("/", byCookie()) },
  { title: "the data page", status: 200, send: () => ask("/data", byCookie()) },
  { title: "the activity page", status: 200, send: () => ask("/activity", byCookie()) },
  { title: "the settings page", status: 200, send: () => ask("/settings", byCookie()) },
  { title: "the consent page", status: 200, send: () => ask(authorizeUrl(app.user), byCookie()) },
];

describe.each([...APPS, ...PAGES])("$title", (read) => {
  const { status, send } = read;
  const isForApps = APPS.includes(read);

  it.each(CUTS)("at each call: $title", async (kind) => {
    await cutAtEachCall(kind, async () => ({
      status,
      send,
      ...(isForApps ? { origin: APP_ORIGIN } : {}),
    }));
  });

  it("a fault that lasts -> 503 that an app or a person can read", async () => {
    const { result } = await cutting({ at: 0, trouble: "lost", lasts: true }, send);
    expect(result.status).toBe(503);
    if (isForApps) {
      expect(result.headers.get("access-control-expose-headers")).toContain("Retry-After");
    } else {
      expect(result.headers.get("content-type")).toContain("text/html");
    }
  });

  it("a fault that will not pass -> a bare 500 with the id in the log, nothing changed", async () => {
    const { calls } = await cutting(null, send);
    for (const [index, call] of calls.entries()) {
      // The data page does without what a module cannot say: `test/spec/rxdb-modules.test.ts`.
      if (call === "MODULES.inventory") continue;
      const before = await allRows();
      const seen = await cutting({ at: index, trouble: "broken" }, send);
      expect(seen.result.status).toBe(500);
      // Nothing is tried again; what was asked for at the same time has been asked.
      expect(seen.calls.length).toBeLessThanOrEqual(calls.length);
      expect(await allRows()).toEqual(before);
      const text = await seen.result.text();
      if (seen.result.headers.get("content-type")?.startsWith("text/html")) {
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

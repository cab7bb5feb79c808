/** What holds for every door there is: the list is the router's own, so none can be forgotten. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/app";
import { findElements } from "../support/html";
import { allRows } from "../support/rows";
import {
  authorizeUrl,
  connectApp,
  createUser,
  ORIGIN,
  send,
  type TestUser,
} from "../support/provider";

let alice: TestUser;
let admin: TestUser;
let token: string;

beforeAll(async () => {
  [alice, admin] = [await createUser("alice"), await createUser("boss")];
  await env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE name = 'boss'").run();
  const app = await connectApp(alice);
  await app.put("/public/notes/x", "x");
  token = app.token;
});

/** What stands in a path for a name that it is given. */
const SAMPLES: Record<string, string> = { user: "alice", name: "alice", secret: "x".repeat(43) };

const samplePath = (pattern: string): string =>
  pattern.replace(/:(\w+)(\{[^}]*\})?\??/g, (_, name: string) => SAMPLES[name] ?? "1");

const doors = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))]
  .map((door) => door.split(" ") as [method: string, pattern: string])
  .filter(([method, pattern]) => method !== "ALL" && !pattern.includes("*"));

const paths = (method: string): string[] =>
  doors.filter(([of]) => of === method).map(([, pattern]) => samplePath(pattern));

/** Doors for programs, which have formats of their own. */
const isForPrograms = (path: string): boolean =>
  /^\/(storage|quota|rxdb|\.well-known|healthz|metrics|oauth\/(token|revoke|device_authorization))(\/|$)/.test(
    path,
  );

const pages = paths("GET").filter((path) => !isForPrograms(path));
const forms = paths("POST").filter((path) => !isForPrograms(path));

const PEOPLE = ["a stranger", "somebody", "an administrator"] as const;
const cookieOf = (who: (typeof PEOPLE)[number]): Record<string, string> =>
  who === "a stranger" ? {} : { Cookie: who === "somebody" ? alice.cookie : admin.cookie };

/** What must not be missing, and how it has to begin. */
const SAFETY: Record<string, RegExp> = {
  "content-security-policy": /^default-src 'none'; script-src 'self'; style-src 'self'; /,
  "x-content-type-options": /^nosniff$/,
  "x-frame-options": /^DENY$/,
  "referrer-policy": /^same-origin$/,
  "permissions-policy": /camera=\(\)/,
  "cross-origin-opener-policy": /^same-origin$/,
  "cross-origin-resource-policy": /^same-origin$/,
  "strict-transport-security": /^max-age=\d{8}/,
  "cache-control": /^no-store$/,
};

function expectSafe(what: string, response: Response): void {
  for (const [name, pattern] of Object.entries(SAFETY)) {
    expect([what, name, response.headers.get(name) ?? ""]).toEqual([
      what,
      name,
      expect.stringMatching(pattern),
    ]);
  }
  const policy = response.headers.get("content-security-policy");
  expect([what, policy]).toEqual([what, expect.not.stringMatching(/unsafe|\*|http:(?!\/\/)/)]);
  expect([what, response.headers.get("access-control-allow-origin")]).toEqual([what, null]);
  for (const cookie of response.headers.getSetCookie()) {
    expect([what, cookie]).toEqual([what, expect.stringMatching(/HttpOnly/i)]);
    expect([what, cookie]).toEqual([what, expect.stringMatching(/Secure/i)]);
    expect([what, cookie]).toEqual([what, expect.stringMatching(/SameSite=(Lax|Strict)/i)]);
  }
}

describe("Every page there is", () => {
  it("is known to this test", () => {
    expect(pages.length).toBeGreaterThan(4);
    expect(forms.length).toBeGreaterThan(3);
  });

  it.each(PEOPLE)("§14 has the full set of safety headers for %s", async (who) => {
    for (const path of [...pages, authorizeUrl("alice"), "/nothing/here"]) {
      const response = await send(path, { headers: cookieOf(who) });
      expect(response.status, path).toBeLessThan(500);
      expectSafe(`${path} for ${who}`, response);
    }
  });

  it("has one heading of the first rank and fields with labels, whoever looks", async () => {
    for (const who of PEOPLE) {
      for (const path of pages) {
        const response = await send(path, { headers: cookieOf(who) });
        if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
        const html = await response.text();
        expect([path, findElements(html, "h1").length]).toEqual([path, 1]);
        expect([path, findElements(html, "main").length]).toEqual([path, 1]);
      }
    }
  });

  it("speaks German to whom prefers it", async () => {
    for (const who of PEOPLE) {
      for (const path of pages) {
        const headers = { ...cookieOf(who), "Accept-Language": "de-AT,de;q=0.9,en;q=0.5" };
        const response = await send(path, { headers });
        if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
        const html = await response.text();
        expect([path, findElements(html, "html")]).toEqual([path, [{ lang: "de" }]]);
      }
    }
  });
});

describe("Every form there is", () => {
  it.each([
    ["RFC 6749 §10.12 of another site", { Origin: "https://evil.example" }],
    ["of a frame without an origin", { Origin: "null" }],
    ["of another site, as the browser says", { Origin: ORIGIN, "Sec-Fetch-Site": "cross-site" }],
    ["of a sibling host", { Origin: ORIGIN, "Sec-Fetch-Site": "same-site" }],
  ] as [string, Record<string, string>][])(
    "is refused with 403 and changes nothing when it is %s",
    async (_, headers) => {
      const before = await allRows();
      for (const path of [...forms, authorizeUrl("alice")]) {
        for (const who of PEOPLE) {
          const body = new URLSearchParams({
            name: "alice",
            decision: "allow",
            duration: "always",
          });
          const response = await send(path, {
            method: "POST",
            body,
            headers: { ...headers, ...cookieOf(who) },
          });
          expect([path, response.status]).toEqual([path, 403]);
          expectSafe(path, response);
          expect(response.headers.getSetCookie()).toEqual([]);
        }
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("asks a stranger to sign in, or for what is missing, and changes nothing", async () => {
    const before = await allRows();
    for (const path of forms) {
      const body = new URLSearchParams();
      const response = await send(path, { method: "POST", body, headers: { Origin: ORIGIN } });
      expect(response.status, path).toBeLessThan(500);
      expectSafe(path, response);
    }
    const { challenges: _, ...after } = await allRows();
    const { challenges: __, ...then } = before;
    expect(after).toEqual(then);
  });
});

describe("Every door for programs", () => {
  const storage = [
    "/storage/alice/",
    "/storage/alice/notes/",
    "/storage/alice/public/notes/x",
    "/storage/alice/notes/none",
    "/storage/alice/%2e%2e/",
    "/storage/",
    "/quota/alice",
    "/quota/nobody",
  ];

  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"])(
    "§7 answers %s with CORS and without a cookie, whatever the answer is",
    async (method) => {
      for (const path of storage) {
        for (const authorization of [undefined, `Bearer ${token}`, "Bearer nonsense", "Basic x"]) {
          const response = await send(path, {
            method,
            headers: {
              Origin: "https://app.example",
              Cookie: alice.cookie,
              ...(authorization ? { Authorization: authorization } : {}),
            },
            ...(method === "PUT" ? { body: "x" } : {}),
          });
          const what = `${method} ${path} ${authorization}`;
          expect([what, response.headers.get("access-control-allow-origin")]).toEqual([
            what,
            "https://app.example",
          ]);
          expect([what, response.headers.getSetCookie()]).toEqual([what, []]);
          expect(response.status, what).toBeLessThan(500);
        }
      }
    },
  );
});

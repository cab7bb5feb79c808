/** What holds for every route. The list comes from the router, so none can be forgotten. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/app";
import { findElements } from "../support/html";
import {
  authorizeUrl,
  connectApp,
  createUser,
  ORIGIN,
  send,
  type TestUser,
} from "../support/provider";
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { countedStream } from "../support/storage";

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

/** Values for path parameters. */
const SAMPLES: Record<string, string> = { user: "alice", name: "alice", secret: "x".repeat(43) };

const samplePath = (pattern: string): string =>
  pattern.replace(/:(\w+)(\{[^}]*\})?\??/g, (_, name: string) => SAMPLES[name] ?? "1");

const allRoutes = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))].map(
  (route) => route.split(" ") as [method: string, pattern: string],
);
const routes = allRoutes.filter(([method, pattern]) => method !== "ALL" && !pattern.includes("*"));

const paths = (method: string): string[] =>
  routes
    .filter(([routeMethod]) => routeMethod === method)
    .map(([, pattern]) => samplePath(pattern));

/** Whether the path is an API endpoint, not a page. */
const isApi = (path: string): boolean =>
  /^\/(storage|quota|batch|preview|live|rxdb|databases|backup|\.well-known|healthz|metrics|oauth\/(token|revoke|device_authorization))(\/|$)/.test(
    path,
  );

const pages = paths("GET").filter((path) => !isApi(path));
const forms = paths("POST").filter((path) => !isApi(path));

const VISITORS = ["anonymous", "a user", "an administrator"] as const;
const cookieHeader = (visitor: (typeof VISITORS)[number]): Record<string, string> =>
  visitor === "anonymous" ? {} : { Cookie: visitor === "a user" ? alice.cookie : admin.cookie };

/** The required security headers. */
const SECURITY_HEADERS: Record<string, RegExp> = {
  "content-security-policy":
    /^default-src 'none'; script-src (?!'self').+; style-src (?!'self').+; worker-src 'none'; /,
  "x-content-type-options": /^nosniff$/,
  "x-frame-options": /^DENY$/,
  "referrer-policy": /^same-origin$/,
  "permissions-policy": /camera=\(\)/,
  "cross-origin-opener-policy": /^(same-origin|unsafe-none)$/,
  "cross-origin-resource-policy": /^same-origin$/,
  "strict-transport-security": /^max-age=\d{8}/,
  "cache-control": /^no-store(, no-transform)?$/,
};

function expectSecurityHeaders(what: string, response: Response): void {
  for (const [name, pattern] of Object.entries(SECURITY_HEADERS)) {
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

describe("The router", () => {
  it("is the one that finds each route by one regular expression", async () => {
    await send("/healthz");
    expect(app.router.name).toBe("SmartRouter + RegExpRouter");
  });
});

describe("Every page", () => {
  it("is in the list of this test", () => {
    expect(pages.length).toBeGreaterThan(4);
    expect(forms.length).toBeGreaterThan(3);
  });

  it.each(VISITORS)(
    "§14 has all security headers, one h1 and one main element for %s",
    async (visitor) => {
      for (const path of [...pages, authorizeUrl("alice"), "/nothing/here"]) {
        const response = await send(path, { headers: cookieHeader(visitor) });
        expect(response.status, path).toBeLessThan(500);
        expectSecurityHeaders(`${path} for ${visitor}`, response);
        if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
        const html = await response.text();
        expect([path, findElements(html, "h1").length]).toEqual([path, 1]);
        expect([path, findElements(html, "main").length]).toEqual([path, 1]);
      }
    },
  );

  it("is in German for Accept-Language: de", async () => {
    for (const visitor of VISITORS) {
      for (const path of pages) {
        const headers = { ...cookieHeader(visitor), "Accept-Language": "de-AT,de;q=0.9,en;q=0.5" };
        const response = await send(path, { headers });
        if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
        const html = await response.text();
        expect([path, findElements(html, "html")]).toEqual([path, [{ lang: "de" }]]);
      }
    }
  });
});

describe("Every form", () => {
  it.each([
    ["RFC 6749 §10.12 from another site", { Origin: "https://evil.example" }],
    ["from a frame without an origin", { Origin: "null" }],
    ["from another site by Sec-Fetch-Site", { Origin: ORIGIN, "Sec-Fetch-Site": "cross-site" }],
    ["from a sibling host", { Origin: ORIGIN, "Sec-Fetch-Site": "same-site" }],
  ] as [string, Record<string, string>][])(
    "sent %s is refused with 403 and changes nothing",
    async (_, headers) => {
      const before = await allRows();
      for (const path of [...forms, authorizeUrl("alice")]) {
        for (const visitor of VISITORS) {
          const body = new URLSearchParams({
            name: "alice",
            decision: "allow",
            duration: "always",
          });
          const response = await send(path, {
            method: "POST",
            body,
            headers: { ...headers, ...cookieHeader(visitor) },
          });
          expect([path, response.status]).toEqual([path, 403]);
          expectSecurityHeaders(path, response);
          expect(response.headers.getSetCookie()).toEqual([]);
        }
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("without sign-in and fields is refused and changes nothing", async () => {
    const before = await allRows();
    for (const path of forms) {
      const body = new URLSearchParams();
      const response = await send(path, { method: "POST", body, headers: { Origin: ORIGIN } });
      expect(response.status, path).toBeLessThan(500);
      expectSecurityHeaders(path, response);
    }
    const { challenges: _, ...after } = await allRows();
    const { challenges: __, ...unchanged } = before;
    expect(after).toEqual(unchanged);
  });
});

describe("Every route", () => {
  const CHUNK_BYTES = 64 * 1024;
  const sendLimited = sendWithSettings({ MAX_DOCUMENT_BYTES: String(CHUNK_BYTES) });

  /** Each route with each method that may have a body, and the path of a document for `*`. */
  const requests = [
    ...new Set(
      allRoutes.flatMap(([method, pattern]) =>
        (method === "ALL" ? ["POST", "PUT", "PATCH"] : [method])
          .filter((method) => method !== "GET")
          .map((method) => `${method} ${samplePath(pattern).replace(/\*$/, "alice/notes/x")}`),
      ),
    ),
  ].map((request) => request.split(" ") as [method: string, path: string]);

  /** A body of 16 MiB whose length is not known before its end. */
  const longBody = () =>
    countedStream(
      (function* () {
        for (let i = 0; i < 256; i++) yield new Uint8Array(CHUNK_BYTES).fill(120);
      })(),
    );

  it("refuses a long chunked body before it has read much of it, and changes nothing", async () => {
    expect(requests).toContainEqual(["PUT", "/storage/alice/notes/x"]);
    expect(requests).toContainEqual(["POST", "/rxdb/alice/1/session"]);
    expect(requests).toContainEqual(["POST", "/sign-in"]);
    const before = await allRows();
    for (const [method, path] of requests) {
      const stream = longBody();
      const response = await sendLimited(path, {
        method,
        body: stream.body,
        headers: {
          Origin: ORIGIN,
          Cookie: admin.cookie,
          Authorization: `Bearer ${token}`,
          "Content-Type": "application/x-www-form-urlencoded",
        },
      });
      const what = `${method} ${path}`;
      // A live session has no use for a body, and reads none.
      const isIgnored = path.startsWith("/live/");
      expect([what, isIgnored || response.status >= 400]).toEqual([what, true]);
      // Documents are read in parts of 5 MiB; forms with texts or many paths have up to 2 MiB.
      const isLarge = /^\/(storage|files|tasks)(\/|$)/.test(path);
      // A batch has up to 256 KiB.
      const smallBytes = (path.startsWith("/batch/") ? 6 : 3) * CHUNK_BYTES;
      const maxBytes = isLarge ? 6 * 1024 * 1024 : smallBytes;
      expect([what, stream.pulls * CHUNK_BYTES <= maxBytes]).toEqual([what, true]);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("Every API endpoint", () => {
  const apiPaths = [
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
    "§7 answers %s with CORS and without a cookie, whatever the status",
    async (method) => {
      for (const path of apiPaths) {
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

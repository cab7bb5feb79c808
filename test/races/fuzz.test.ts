/**
 * Fuzzing: thousands of malformed requests to every route get no 500, no data of another account, and
 * CORS headers from the storage. FUZZ_RUNS sets the number of requests of each kind.
 */

import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { app } from "../../src/app";
import { connectApp, createSession, createUser, ORIGIN, send } from "../support/provider";
import { accountId, allRows } from "../support/rows";

declare module "vitest" {
  interface ProvidedContext {
    fuzzRuns: string | undefined;
  }
}

const RUNS = Number(inject("fuzzRuns") || 400);

/** Part of everything that bob stores; no response to alice may contain it. */
const SECRET = "what-only-bob-knows";

let alice: { id: string; token: string };
let bob: { id: string; token: string };

beforeAll(async () => {
  const [a, b] = [await createUser("alice"), await createUser("bob")];
  const [alicesApp, bobsApp] = [await connectApp(a), await connectApp(b)];
  await alicesApp.put("/notes/mine.txt", "mine");
  for (const path of ["/notes/mine.txt", `/notes/${SECRET}`, `/public/notes/${SECRET}/x`]) {
    expect((await bobsApp.put(path, SECRET)).status).toBe(201);
  }
  alice = { id: await accountId("alice"), token: alicesApp.token };
  bob = { id: await accountId("bob"), token: bobsApp.token };
});

/** The rows and body keys of bob's account. */
async function readBobsData(): Promise<unknown> {
  const { challenges: _, traffic: __, ...tables } = await allRows();
  const rows = Object.values(tables)
    .flat()
    .filter((row) => JSON.stringify(row).includes(bob.id));
  const { objects } = await env.BODIES.list({ prefix: `${bob.id}/` });
  return [rows, objects.map(({ key }) => key)];
}

const nastyText = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "...",
    "%2e%2e",
    "%2E%2E%2f",
    "..%2f",
    "..%5c",
    "%00",
    "%",
    "%zz",
    "%c0%ae",
    "%ff%fe",
    "%F0%9F%98%80",
    "\\",
    "a%2Fb",
    "%0d%0aX-Injected:%201",
    "*",
    "public",
    "notes",
    "alice",
    "bob",
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    '"><script>',
    "%252e%252e",
    "a".repeat(300),
    "é".repeat(50),
    "﷽",
    "‮",
    "-1",
    "1e309",
    "9007199254740993",
    "null",
    "{}",
    "[]",
    "*:rw",
    "notes:rw notes:rw",
    "https://evil.example/",
    "//evil.example",
    "javascript:alert(1)",
    "allow",
    "always",
    "0",
    "x".repeat(43),
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 10 }),
);

const path = fc
  .array(nastyText, { maxLength: 6 })
  .map((segments) => segments.map((part) => (/^[\x20-\x7e]*$/.test(part) ? part : encode(part))))
  .map((segments) => segments.join("/").replaceAll("#", "%23").replaceAll(" ", "%20"));

/** Percent-encodes, after replacing lone surrogates, which cannot be encoded. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

const headers = fc.dictionary(
  fc.constantFrom(
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
    "Content-Range",
    "Content-Type",
    "Content-Encoding",
    "Expect",
    "Accept",
    "Accept-Language",
    "Cookie",
    "X-Forwarded-Host",
    "X-HTTP-Method-Override",
    "CF-Connecting-IP",
    "Referer",
    "User-Agent",
  ),
  fc.oneof(
    fc.constantFrom(
      "*",
      '"a"',
      'W/"a"',
      '"a", "b", W/"c"',
      '"',
      '"a"b"',
      ",,,,",
      '"a",'.repeat(500),
      "bytes=0-",
      "bytes=-1",
      "bytes=5-2",
      "bytes=0-0,1-1,2-2",
      "bytes=99999999999999999999-",
      "bytes=a-b",
      "bytes 0-1/2",
      "Sun, 22 Nov 2026 04:33:27 GMT",
      "yesterday",
      "gzip",
      "100-continue",
      "text/html; charset=x\\",
      "a/b;".repeat(200),
      "::1",
      "not-an-address",
      "de;q=x,*",
      "A".repeat(4000),
    ),
    fc.string({ maxLength: 30 }),
  ),
  { maxKeys: 4 },
);

/** The valid headers; a client cannot send the others. */
const validHeaders = (fields: Record<string, string>): Headers => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    try {
      headers.set(name, value);
    } catch {
      // Not a valid header.
    }
  }
  return headers;
};

const base64url = (text: string): string => Buffer.from(text).toString("base64url");

/** Authorization headers: none, malformed, forged, and alice's token. */
const authorization = fc.oneof(
  fc.constantFrom(
    () => "",
    () => `Bearer ${alice.token}`,
    () => `bearer  ${alice.token} `,
    () => `Bearer ${alice.token},${bob.token}`,
    () => `Bearer ${alice.token.slice(0, -3)}AAA`,
    () => {
      const [, claims] = bob.token.split(".");
      return `Bearer ${base64url('{"alg":"none","typ":"at+jwt"}')}.${claims}.`;
    },
    () => {
      const [header, , signature] = alice.token.split(".");
      const [, claims] = bob.token.split(".");
      return `Bearer ${header}.${claims}.${signature}`;
    },
    () => "Bearer a.b.c",
    () => `Bearer ${base64url('{"alg":"HS256","kid":{}}')}.${base64url("[]")}.x`,
    () => `Bearer ${"x".repeat(9000)}`,
    () => "Basic YTpi",
  ),
  fc.string({ maxLength: 40 }).map((text) => () => `Bearer ${text}`),
);

interface FuzzRequest {
  path: string;
  method: string;
  headers: Headers;
  body: string | null;
}

/** Sends a request and checks that its response leaks nothing. Undefined if it cannot be sent. */
async function sendAndCheck({
  path,
  method,
  headers,
  body,
}: FuzzRequest): Promise<Response | undefined> {
  if (!URL.canParse(path, ORIGIN) || new URL(path, ORIGIN).origin !== ORIGIN) return undefined;
  const init = { method, headers, ...(body === null ? {} : { body }) };
  const response = await send(path, init);
  const text = await response.text();
  const received = [text, ...response.headers.values()].join("\n");
  const sent = path + [...headers.values()].join() + (body ?? "");
  if (!sent.includes(SECRET)) expect(received).not.toContain(SECRET);
  expect(received).not.toContain(bob.token);
  if (response.status >= 500) expect(response.status).toBe(503);
  expect(response.headers.has("x-injected")).toBe(false);
  return response;
}

const checkProperty = async (
  property: fc.IAsyncProperty<unknown>,
  numRuns = RUNS,
): Promise<void> => {
  const before = await readBobsData();
  await fc.assert(property, { numRuns });
  expect(await readBobsData()).toEqual(before);
};

describe("Malformed requests", () => {
  it("§4 §7 to the storage: no 500, nothing of another account, CORS on every response", async () => {
    const method = fc.constantFrom("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH");
    const root = fc.constantFrom("/storage/alice/", "/storage/bob/", "/storage/", "/quota/");
    await checkProperty(
      fc.asyncProperty(
        fc.record({ method, root, path, headers, authorization, body: nastyText }),
        async ({ method, root, path, headers, authorization, body }) => {
          const allHeaders = validHeaders({ ...headers, Authorization: authorization() });
          if (allHeaders.get("authorization") === "") allHeaders.delete("authorization");
          allHeaders.set("Origin", "https://app.example");
          const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
          const response = await sendAndCheck({
            method,
            path: root + path,
            headers: allHeaders,
            body: isRead ? null : body,
          });
          // The URL parser may have resolved a ".." that leads out of the storage.
          const { pathname } = new URL(root + path, ORIGIN);
          if (!response || !/^\/(storage|quota)\//.test(pathname)) return;
          expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
          expect(response.headers.getSetCookie()).toEqual([]);
          const isBobsStorage = pathname.startsWith("/storage/bob/");
          if (isBobsStorage && method !== "OPTIONS") expect(response.ok).toBe(false);
        },
      ),
      4 * RUNS,
    );
  });

  const routes = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))]
    .map((route) => route.split(" ") as [string, string])
    .filter(([, pattern]) => !pattern.startsWith("/storage") && !pattern.includes("*"));

  const fillPath = (pattern: string, values: string[]): string =>
    pattern.replace(/:(\w+)(\{[^}]*\})?\??/g, () => encode(values.pop() ?? "x"));

  const fields = fc.dictionary(
    fc.constantFrom(
      ...`name next invitation code token scope origin app id label decision duration level:notes
      level:* module level expires user_code redirect_uri response_type state code_challenge
      code_challenge_method client_id grant_type refresh_token code_verifier device_code resource
      email language note uses days quota unit admin q after before part confirm key hash`.split(
        /\s+/,
      ),
    ),
    nastyText,
    { maxKeys: 6 },
  );

  it("to every page with any query: no 500, nothing of another account", async () => {
    const route = fc.constantFrom(...routes.filter(([method]) => method === "GET"));
    const cookie = await createSession(alice.id);
    await checkProperty(
      fc.asyncProperty(
        fc.record({ route, fields, headers, values: fc.array(nastyText, { maxLength: 3 }) }),
        async ({ route: [, pattern], fields, headers, values }) => {
          const allHeaders = validHeaders(headers);
          allHeaders.set("Cookie", cookie);
          const query = new URLSearchParams(
            Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()]),
          );
          const path = `${fillPath(pattern, values)}?${query}`;
          await sendAndCheck({ method: "GET", path, headers: allHeaders, body: null });
        },
      ),
    );
  });

  it("to every form with any fields: no 500, bob's data unchanged", async () => {
    const route = fc.constantFrom(...routes.filter(([method]) => method === "POST"));
    const type = fc.constantFrom(
      "application/x-www-form-urlencoded",
      "application/json",
      "multipart/form-data; boundary=x",
      "",
    );
    await checkProperty(
      fc.asyncProperty(
        fc.record({ route, fields, type, raw: fc.option(nastyText), values: fc.array(nastyText) }),
        async ({ route: [, pattern], fields, type, raw, values }) => {
          const allHeaders = validHeaders({ Origin: ORIGIN, "Content-Type": type });
          allHeaders.set("Cookie", await createSession(alice.id));
          const form = new URLSearchParams(
            Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()]),
          );
          const body = raw ?? (type === "application/json" ? JSON.stringify(fields) : `${form}`);
          await sendAndCheck({
            method: "POST",
            path: fillPath(pattern, values),
            headers: allHeaders,
            body,
          });
        },
      ),
    );
  });
});

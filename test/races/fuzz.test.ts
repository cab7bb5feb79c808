/**
 * Thousands of malformed requests at every door: never a 500, never anything of another account, CORS
 * on every answer of the storage. FUZZ_RUNS sets how many there are of each kind.
 */

import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { app } from "../../src/app";
import { accountId, allRows } from "../support/rows";
import { connectApp, createSession, createUser, ORIGIN, send } from "../support/provider";

declare module "vitest" {
  interface ProvidedContext {
    fuzzRuns: string | undefined;
  }
}

const RUNS = Number(inject("fuzzRuns") || 400);

/** Stands in all that bob keeps; nobody else may ever be told. */
const SECRET = "what-only-bob-knows";

let alice: { id: string; token: string };
let bob: { id: string; token: string };

beforeAll(async () => {
  const [a, b] = [await createUser("alice"), await createUser("bob")];
  const [hers, his] = [await connectApp(a), await connectApp(b)];
  await hers.put("/notes/mine.txt", "mine");
  for (const path of ["/notes/mine.txt", `/notes/${SECRET}`, `/public/notes/${SECRET}/x`]) {
    expect((await his.put(path, SECRET)).status).toBe(201);
  }
  alice = { id: await accountId("alice"), token: hers.token };
  bob = { id: await accountId("bob"), token: his.token };
});

/** What stands about bob in the index, and the keys of his bodies. */
async function bobs(): Promise<unknown> {
  const { challenges: _, traffic: __, ...tables } = await allRows();
  const rows = Object.values(tables)
    .flat()
    .filter((row) => JSON.stringify(row).includes(bob.id));
  const { objects } = await env.BODIES.list({ prefix: `${bob.id}/` });
  return [rows, objects.map(({ key }) => key)];
}

const nasty = fc.oneof(
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
  .array(nasty, { maxLength: 6 })
  .map((segments) => segments.map((part) => (/^[\x20-\x7e]*$/.test(part) ? part : encode(part))))
  .map((segments) => segments.join("/").replaceAll("#", "%23").replaceAll(" ", "%20"));

/** Lone surrogates cannot be encoded. */
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

/** Headers that may be sent at all: others never reach a server. */
const sendable = (wanted: Record<string, string>): Headers => {
  const found = new Headers();
  for (const [name, value] of Object.entries(wanted)) {
    try {
      found.set(name, value);
    } catch {
      // Refused on this side.
    }
  }
  return found;
};

const base64url = (text: string): string => Buffer.from(text).toString("base64url");

/** Tokens: none, broken, forged, and good ones of both people. */
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

interface Sent {
  path: string;
  method: string;
  headers: Headers;
  body: string | null;
}

/** Sends, and looks whether the answer may be given. Undefined if it cannot be sent at all. */
async function shoot({ path, method, headers, body }: Sent): Promise<Response | undefined> {
  if (!URL.canParse(path, ORIGIN) || new URL(path, ORIGIN).origin !== ORIGIN) return undefined;
  const init = { method, headers, ...(body === null ? {} : { body }) };
  const response = await send(path, init);
  const text = await response.text();
  const told = [text, ...response.headers.values()].join("\n");
  const asked = path + [...headers.values()].join() + (body ?? "");
  if (!asked.includes(SECRET)) expect(told).not.toContain(SECRET);
  expect(told).not.toContain(bob.token);
  if (response.status >= 500) expect(response.status).toBe(503);
  expect(response.headers.has("x-injected")).toBe(false);
  return response;
}

const run = async (property: fc.IAsyncProperty<unknown>, numRuns = RUNS): Promise<void> => {
  const before = await bobs();
  await fc.assert(property, { numRuns });
  expect(await bobs()).toEqual(before);
};

describe("Malformed requests", () => {
  it("§4 §7 at the storage: no 500, nothing of another account, CORS on every answer", async () => {
    const method = fc.constantFrom("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH");
    const root = fc.constantFrom("/storage/alice/", "/storage/bob/", "/storage/", "/quota/");
    await run(
      fc.asyncProperty(
        fc.record({ method, root, path, headers, authorization, body: nasty }),
        async ({ method, root, path, headers, authorization, body }) => {
          const found = sendable({ ...headers, Authorization: authorization() });
          if (found.get("authorization") === "") found.delete("authorization");
          found.set("Origin", "https://app.example");
          const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
          const response = await shoot({
            method,
            path: root + path,
            headers: found,
            body: isRead ? null : body,
          });
          // A ".." may have led out of the storage before it was sent.
          const { pathname } = new URL(root + path, ORIGIN);
          if (!response || !/^\/(storage|quota)\//.test(pathname)) return;
          expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
          expect(response.headers.getSetCookie()).toEqual([]);
          const isBobs = pathname.startsWith("/storage/bob/");
          if (isBobs && method !== "OPTIONS") expect(response.ok).toBe(false);
        },
      ),
      4 * RUNS,
    );
  });

  const doors = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))]
    .map((door) => door.split(" ") as [string, string])
    .filter(([, pattern]) => !pattern.startsWith("/storage") && !pattern.includes("*"));

  const filled = (pattern: string, values: string[]): string =>
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
    nasty,
    { maxKeys: 6 },
  );

  it("at every page with any query: no 500, nothing of another account", async () => {
    const door = fc.constantFrom(...doors.filter(([method]) => method === "GET"));
    await run(
      fc.asyncProperty(
        fc.record({ door, fields, headers, values: fc.array(nasty, { maxLength: 3 }) }),
        async ({ door: [, pattern], fields, headers, values }) => {
          const found = sendable(headers);
          found.set("Cookie", await createSession(alice.id));
          const query = new URLSearchParams(
            Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()]),
          );
          const path = `${filled(pattern, values)}?${query}`;
          await shoot({ method: "GET", path, headers: found, body: null });
        },
      ),
    );
  });

  it("at every form with any fields: no 500, and bob keeps what is his", async () => {
    const door = fc.constantFrom(...doors.filter(([method]) => method === "POST"));
    const type = fc.constantFrom(
      "application/x-www-form-urlencoded",
      "application/json",
      "multipart/form-data; boundary=x",
      "",
    );
    await run(
      fc.asyncProperty(
        fc.record({ door, fields, type, raw: fc.option(nasty), values: fc.array(nasty) }),
        async ({ door: [, pattern], fields, type, raw, values }) => {
          const found = sendable({ Origin: ORIGIN, "Content-Type": type });
          found.set("Cookie", await createSession(alice.id));
          const form = new URLSearchParams(
            Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()]),
          );
          const body = raw ?? (type === "application/json" ? JSON.stringify(fields) : `${form}`);
          await shoot({ method: "POST", path: filled(pattern, values), headers: found, body });
        },
      ),
    );
  });
});

/** Attacks across endpoints: caches, active documents, long input. */

import { beforeAll, describe, expect, it } from "vitest";
import {
  authorizeUrl,
  connectApp,
  createUser,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { allRows } from "../support/rows";

let alice: TestUser;
let app: TestApp;

beforeAll(async () => {
  alice = await createUser("alice");
  app = await connectApp(alice);
  await app.put("/public/notes/x", "<script>alert(1)</script>", { "Content-Type": "text/html" });
  await app.put("/notes/private", "private");
});

const PUBLIC = "/storage/alice/public/notes/x";

describe("A shared cache", () => {
  it("§6 revalidates each public document, and stores a response per origin", async () => {
    for (const [path, headers] of [
      [PUBLIC, {}],
      [PUBLIC, { Range: "bytes=0-3" }],
      [`${PUBLIC}?cache=1`, {}],
    ] as [string, Record<string, string>][]) {
      const response = await send(path, { headers: { ...headers, Origin: "https://a.example" } });
      expect(response.headers.get("cache-control")).toBe("no-cache, public");
      expect(response.headers.get("vary")).toBe("Origin");
    }
  });

  it("§6 stores nothing that needs a token, and no refusals", async () => {
    for (const response of [
      await app.get("/notes/private"),
      await app.get("/notes/"),
      await app.get("/notes/none"),
      await send("/storage/alice/notes/private"),
      await send("/storage/alice/public/notes/none"),
    ]) {
      expect(response.headers.get("cache-control")).toBe("no-cache");
    }
  });

  it.each([
    "X-Forwarded-Host",
    "X-Host",
    "X-Forwarded-Server",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Forwarded-Proto",
    "Forwarded",
    "X-HTTP-Method-Override",
  ])("gets the same response whatever %s says", async (name) => {
    const paths = [
      PUBLIC,
      "/.well-known/webfinger?resource=acct:alice@satchel.example",
      "/.well-known/oauth-authorization-server",
      "/sign-in",
    ];
    for (const path of paths) {
      const plain = await send(path);
      const modified = await send(path, { headers: { [name]: "evil.example/evil" } });
      expect(modified.status).toBe(plain.status);
      expect(await modified.text()).toBe(await plain.text());
    }
  });
});

describe("An active document", () => {
  it.each([
    "text/html",
    "image/svg+xml",
    "application/pdf",
    "application/xhtml+xml",
    "text/xml",
    "text/javascript",
  ])("§14 of type %s is served as stored, sandboxed, without scripts", async (type) => {
    await app.put("/public/notes/evil", "<script>alert(1)</script>", { "Content-Type": type });
    const response = await send("/storage/alice/public/notes/evil");
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^sandbox; default-src 'none';/);
    expect(policy).not.toMatch(/allow-|script-src/);
  });
});

describe("A script out of the storage", () => {
  const refusalOf = async (path: string, headers: Record<string, string>) => {
    const response = await app.get(path, headers);
    const body = await response.text();
    return [response.status, body.startsWith("{") ? JSON.parse(body).error : body];
  };

  beforeAll(async () => {
    for (const path of ["/public/notes/script", "/notes/script"]) {
      await app.put(path, "attack()", { "Content-Type": "text/javascript" });
    }
  });

  it.each(["script", "worker", "sharedworker", "serviceworker", "audioworklet"])(
    "§14 is refused to a page of the same origin that would run it: %s",
    async (destination) => {
      const headers = { "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": destination };
      for (const path of ["/public/notes/script", "/notes/script", "/notes/missing", "/notes/"]) {
        expect(await refusalOf(path, headers)).toEqual([403, "not-executable"]);
      }
    },
  );

  it("§14 is never registered as a service worker", async () => {
    const headers = { "Service-Worker": "script" };
    expect(await refusalOf("/public/notes/script", headers)).toEqual([403, "not-executable"]);
  });

  it.each([
    ["an app on another origin", "cross-site", "script"],
    ["an app on another host of the domain", "same-site", "worker"],
    ["a request by fetch()", "same-origin", "empty"],
    ["an image", "same-origin", "image"],
    ["a link", "same-origin", "document"],
    ["the address bar", "none", "document"],
  ])("is served to %s", async (_, site, destination) => {
    const headers = { "Sec-Fetch-Site": site, "Sec-Fetch-Dest": destination };
    expect(await refusalOf("/public/notes/script", headers)).toEqual([200, "attack()"]);
  });
});

describe("Long, almost valid input", () => {
  const LONG = 15_000;
  const LONG_VALUES = [
    '"'.repeat(LONG),
    '"a",'.repeat(LONG / 4),
    'W/"'.repeat(LONG / 3),
    " ".repeat(LONG),
    `bytes=${"0-0,".repeat(LONG / 4)}`,
    `bytes=${"0".repeat(LONG)}-`,
    `Bearer ${"a".repeat(LONG)}!`,
    `Bearer${" ".repeat(LONG)}!`,
    `Bearer ${".".repeat(LONG)}`,
    `a${"-".repeat(LONG)}`,
    "notes:rw ".repeat(LONG / 9),
    `https://${"a@".repeat(LONG / 2)}`,
    `https://app.example/${"../".repeat(LONG / 3)}`,
    `text/plain${";a=b".repeat(LONG / 4)}`,
    "de;q=0.1,".repeat(LONG / 9),
    "Mozilla/5.0 Version/".repeat(LONG / 20),
    `${"a=b; ".repeat(LONG / 5)}__Host-session=x`,
    `${"::1,".repeat(LONG / 4)}`,
    `x@${"a.".repeat(LONG / 2)}`,
  ];

  it("in any header of a storage request is answered and changes nothing", async () => {
    const before = await allRows();
    for (const value of LONG_VALUES) {
      for (const name of [
        "Authorization",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Range",
        "Range",
        "Content-Type",
        "Cookie",
        "Origin",
        "CF-Connecting-IP",
      ]) {
        const response = await send("/storage/alice/notes/none", { headers: { [name]: value } });
        expect([name, value.slice(0, 9), response.status]).toEqual([
          name,
          value.slice(0, 9),
          expect.any(Number),
        ]);
        expect(response.status).toBeLessThan(500);
      }
    }
    expect(await allRows()).toEqual(before);
  });

  it("in authorization requests and pages is answered and changes nothing", async () => {
    const before = await allRows();
    const cookie = alice.cookie;
    for (const value of LONG_VALUES) {
      for (const name of ["redirect_uri", "scope", "state", "response_type", "code_challenge"]) {
        const response = await send(authorizeUrl("alice", { [name]: value }), {
          headers: { Cookie: cookie },
        });
        expect(response.status, name).toBeLessThan(500);
      }
      for (const name of ["Accept-Language", "User-Agent", "Cookie", "Referer"]) {
        const response = await send("/sign-in", { headers: { [name]: value } });
        expect(response.status, name).toBe(200);
      }
      const found = await send(`/.well-known/webfinger?resource=${encodeURIComponent(value)}`);
      expect(found.status).toBeGreaterThanOrEqual(400);
      const language = await sendForm("/language", { language: value });
      expect(language.status).toBe(303);
    }
    expect(await allRows()).toEqual(before);
  });
});

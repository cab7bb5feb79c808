/** §14: pages and storage on two hosts, if STORAGE_ORIGIN is set. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  APP_ORIGIN,
  authorizeUrl,
  createUser,
  fragmentParameters,
  ORIGIN,
  PASSWORD,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";

const STORAGE = "https://storage.example";

const send = sendWithSettings({ ORIGIN, STORAGE_ORIGIN: STORAGE });

let alice: TestUser;
let token: string;

beforeAll(async () => {
  alice = await createUser("alice");
  const allowed = await send(authorizeUrl("alice", { scope: "*:rw" }), {
    method: "POST",
    body: new URLSearchParams({ decision: "allow", duration: "always" }),
    headers: { Origin: ORIGIN, Cookie: alice.cookie },
  });
  token = fragmentParameters(allowed).access_token ?? "";
});

const PAGES = [
  "/",
  "/sign-in",
  "/sign-up",
  authorizeUrl("alice"),
  "/.well-known/webfinger?resource=acct:alice@satchel.example",
  "/.well-known/host-meta.json",
  "/.well-known/oauth-authorization-server",
  "/style.css",
  "/copy.js",
  "/favicon.svg",
  "/robots.txt",
];

describe("With STORAGE_ORIGIN", () => {
  it.each(PAGES)("§14.2 only the page host serves %s", async (path) => {
    const headers = { Cookie: alice.cookie };
    expect((await send(path, { headers })).status).toBe(200);
    const there = await send(STORAGE + path, { headers });
    expect([there.status, there.headers.get("set-cookie")]).toEqual([404, null]);
  });

  it.each([
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/apps/disconnect-all",
    authorizeUrl("alice"),
    "/oauth/token",
    "/oauth/revoke",
  ])("§14 the storage host accepts no form: %s", async (path) => {
    for (const Origin of [ORIGIN, STORAGE]) {
      const response = await send(STORAGE + path, {
        method: "POST",
        body: new URLSearchParams({ name: "alice", password: "correct horse battery", token }),
        headers: { Origin, Cookie: alice.cookie },
      });
      expect([response.status, response.headers.get("set-cookie")]).toEqual([404, null]);
    }
  });

  it("§14.2 only the storage host serves the storage", async () => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/html" };
    const put = { method: "PUT", body: "<script>alert(1)</script>", headers };
    expect((await send(`${STORAGE}/storage/alice/public/a.html`, put)).status).toBe(201);
    expect((await send(`${STORAGE}/storage/alice/public/`, { headers })).status).toBe(200);
    expect((await send(`${STORAGE}/storage/alice/public/a.html`)).status).toBe(200);
    for (const path of ["/storage/alice/public/a.html", "/storage/alice/", "/storage/alice"]) {
      for (const method of ["GET", "HEAD", "OPTIONS", "DELETE"]) {
        const response = await send(path, { method, headers });
        expect(response.status).toBe(method === "OPTIONS" ? 204 : 421);
        expect(response.headers.get("access-control-allow-origin")).toBe("*");
      }
    }
    expect((await send("/storage/alice/public/b.html", put)).status).toBe(421);
    expect((await send(`${STORAGE}/storage/alice/public/a.html`)).status).toBe(200);
    expect((await send(`${STORAGE}/storage/alice/public/b.html`)).status).toBe(404);
  });

  it("§8.2 WebFinger names the storage on its host and the dialog on the page host, which is in the address", async () => {
    const path = "/.well-known/webfinger?resource=acct:alice@satchel.example";
    const { links } = (await (await send(path)).json()) as {
      links: { href: string; properties: Record<string, string> }[];
    };
    expect(links[0]?.href).toBe(`${STORAGE}/storage/alice`);
    expect(links[0]?.properties).toMatchObject({
      "http://tools.ietf.org/html/rfc6749#section-4.2": `${ORIGIN}/oauth/authorize/alice`,
      "http://tools.ietf.org/html/rfc6749#section-3.1": `${ORIGIN}/oauth/authorize/alice`,
      "http://tools.ietf.org/html/rfc6749#section-3.2": `${ORIGIN}/oauth/token`,
    });
    const wrong = "/.well-known/webfinger?resource=acct:alice@storage.example";
    expect((await send(wrong)).status).toBe(404);
    const home = await (await send("/", { headers: { Cookie: alice.cookie } })).text();
    expect(home).toContain("alice@satchel.example");
    expect(home).not.toContain("storage.example");
  });

  it("§14 a form sent from the storage host comes from another site", async () => {
    const response = await send("/sign-out", {
      method: "POST",
      body: new URLSearchParams(),
      headers: { Origin: STORAGE, Cookie: alice.cookie },
    });
    expect(response.status).toBe(403);
    const home = await (await send("/", { headers: { Cookie: alice.cookie } })).text();
    expect(home).toContain("alice@satchel.example");
  });

  it("§14 a personal domain serves WebFinger, but no pages", async () => {
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES ('alice.example', ?)")
      .bind(await accountId("alice"))
      .run();
    const there = "https://alice.example";
    const found = await send(`${there}/.well-known/webfinger?resource=https://alice.example/`);
    expect(found.status).toBe(200);
    expect(JSON.stringify(await found.json())).toContain(`${STORAGE}/storage/alice`);
    for (const path of ["/", "/sign-in", "/sign-up", authorizeUrl("alice")]) {
      expect((await send(there + path)).status).toBe(404);
    }
    expect((await send(`${there}/storage/alice/public/a.html`)).status).toBe(421);
  });

  it("§7.1 an app's page can read refusals of the storage host", async () => {
    const headers = { Origin: APP_ORIGIN };
    for (const path of ["/storage/alice/nothing", "/storage/alice/", "/storage/nobody/public/a"]) {
      const response = await send(STORAGE + path, { headers });
      expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    }
  });
});

describe("Without STORAGE_ORIGIN", () => {
  it("one host serves both", async () => {
    const sendHere = sendWithSettings({ ORIGIN });
    const headers = { Authorization: `Bearer ${token}` };
    expect((await sendHere("/storage/alice/", { headers })).status).toBe(200);
    expect((await sendHere("/sign-in")).status).toBe(200);
  });
});

describe("With OLD_HOSTS", () => {
  const OLD = "https://old.example";
  const jrdOf = async (sendIt: Send, host: string, resource: string) => {
    const found = await sendIt(`${host}/.well-known/webfinger?resource=${resource}`);
    return found.ok ? JSON.stringify(await found.json()) : found.status;
  };

  it("clients that know the storage of before STORAGE_ORIGIN go on; new ones learn the new one", async () => {
    const sendIt = sendWithSettings({
      ORIGIN,
      STORAGE_ORIGIN: STORAGE,
      OLD_HOSTS: "satchel.example",
    });
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
    const put = { method: "PUT", body: "old and new", headers };
    expect((await sendIt("/storage/alice/notes/moved", put)).status).toBe(201);
    const moved = await sendIt(`${STORAGE}/storage/alice/notes/moved`, { headers });
    expect(await moved.text()).toBe("old and new");
    expect((await sendIt("/quota/alice", { headers })).status).toBe(200);
    const jrd = await jrdOf(sendIt, ORIGIN, "acct:alice@satchel.example");
    expect(jrd).toContain(`${STORAGE}/storage/alice`);
    expect(jrd).not.toContain(`${ORIGIN}/storage/alice`);
    expect((await sendIt("/sign-in")).status).toBe(200);
    expect((await sendIt(`${STORAGE}/sign-in`)).status).toBe(404);
  });

  it.each([
    ["one host", { ORIGIN }, ORIGIN],
    ["two hosts", { ORIGIN, STORAGE_ORIGIN: STORAGE }, STORAGE],
  ])("a provider on %s that was renamed is found by its old addresses", async (_, now, storage) => {
    const sendIt = sendWithSettings({ ...now, OLD_HOSTS: "older.example:8443, old.example" });
    for (const host of ["old.example", "older.example:8443"]) {
      for (const at of [ORIGIN, `https://${host}`]) {
        const jrd = await jrdOf(sendIt, at, `acct:alice@${host}`);
        expect(jrd).toContain(`"href":"${storage}/storage/alice"`);
        expect(jrd).toContain(`${ORIGIN}/oauth/authorize/alice`);
      }
    }
    expect(await jrdOf(sendIt, ORIGIN, "acct:alice@other.example")).toBe(404);

    const headers = { Authorization: `Bearer ${token}` };
    expect((await sendIt(`${OLD}/storage/alice/`, { headers })).status).toBe(200);
    const refused = await sendIt(`${OLD}/oauth/token`, { method: "POST" });
    expect(refused.status).toBe(400);
  });

  it("pages of an old host lead to the new one, with their query", async () => {
    const sendIt = sendWithSettings({
      ORIGIN,
      STORAGE_ORIGIN: STORAGE,
      OLD_HOSTS: "old.example",
    });
    for (const path of ["/", authorizeUrl("alice")]) {
      const response = await sendIt(OLD + path, { headers: { Cookie: alice.cookie } });
      expect([response.status, response.headers.get("location")]).toEqual([308, ORIGIN + path]);
    }
    const form = { method: "POST", body: new URLSearchParams({ name: "alice" }) };
    const posted = await sendIt(`${OLD}/sign-in`, { ...form, headers: { Origin: OLD } });
    expect([posted.status, posted.headers.get("set-cookie")]).toEqual([403, null]);
  });

  it("no other host serves anything more", async () => {
    const sendIt = sendWithSettings({
      ORIGIN,
      STORAGE_ORIGIN: STORAGE,
      OLD_HOSTS: "old.example",
    });
    expect((await sendIt("https://evil.example/storage/alice/")).status).toBe(421);
    expect((await sendIt("https://evil.example/sign-in")).status).toBe(404);
    expect((await sendIt("/storage/alice/")).status).toBe(421);
  });
});

describe("Behind a proxy that ends TLS", () => {
  const AT = "http://satchel.example";
  const storageRoot = async (sendIt: Send, headers: Record<string, string>) => {
    const path = `${AT}/.well-known/webfinger?resource=acct:alice@satchel.example`;
    const { links } = (await (await sendIt(path, { headers })).json()) as {
      links: { href: string }[];
    };
    return links[0]?.href;
  };

  it.each<[Record<string, string>, string]>([
    [{ "X-Forwarded-Proto": "https" }, "https"],
    [{ "X-Forwarded-Proto": "http, HTTPS" }, "https"],
    [{ Forwarded: 'for=192.0.2.1;host=x.example;proto="https";by=10.0.0.1' }, "https"],
    [{ Forwarded: "proto=http, for=192.0.2.1;proto=https" }, "https"],
    // What the client itself has sent comes first.
    [{ "X-Forwarded-Proto": "https, http" }, "http"],
    [{ Forwarded: "proto=https, proto=http" }, "http"],
    [{ Forwarded: "for=192.0.2.1", "X-Forwarded-Proto": "https" }, "https"],
    [{ Forwarded: "proto=http", "X-Forwarded-Proto": "https" }, "https"],
    [{ "X-Forwarded-Proto": "ftp" }, "http"],
    [{}, "http"],
  ])("a trusted one says which protocol clients use: %j", async (headers, protocol) => {
    const sendIt = sendWithSettings({ TRUST_PROXY: "yes" });
    const root = `${protocol}://satchel.example/storage/alice`;
    expect(await storageRoot(sendIt, headers)).toBe(root);
  });

  it("with a trusted one people sign in over https, and their uploads arrive whole", async () => {
    const sendIt = sendWithSettings({ TRUST_PROXY: "yes" });
    const proxy = { "X-Forwarded-Proto": "https" };
    const signedIn = await sendIt(`${AT}/sign-in`, {
      method: "POST",
      body: new URLSearchParams({ name: "alice", password: PASSWORD }),
      headers: { ...proxy, Origin: ORIGIN },
    });
    expect([signedIn.status, signedIn.headers.get("set-cookie")]).toEqual([
      303,
      expect.stringMatching(/^__Host-session=.*; Secure/),
    ]);
    const headers = { ...proxy, Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
    const url = `${AT}/storage/alice/notes/proxied`;
    expect((await sendIt(url, { method: "PUT", body: "whole", headers })).status).toBe(201);
    expect(await (await sendIt(url, { headers })).text()).toBe("whole");
  });

  it("one that is not trusted changes nothing, and pages say what to set", async () => {
    const sendIt = sendWithSettings({ ORIGIN: "" });
    const headers = { "X-Forwarded-Proto": "https" };
    expect(await storageRoot(sendIt, headers)).toBe(`${AT}/storage/alice`);
    const page = await (await sendIt(`${AT}/`, { headers })).text();
    expect(page).toContain("set ORIGIN or TRUST_PROXY");
    for (const [variables, url, sent] of [
      [{ ORIGIN: "" }, AT, {}],
      [{ ORIGIN: "" }, ORIGIN, headers],
      [{ ORIGIN }, AT, headers],
      [{ TRUST_PROXY: "yes" }, AT, headers],
    ] as const) {
      const other = await (await sendWithSettings(variables)(`${url}/`, { headers: sent })).text();
      expect(other).not.toContain("TRUST_PROXY");
    }
  });
});

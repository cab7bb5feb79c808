/** §14: pages and storage on two hosts, if STORAGE_ORIGIN is set. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  APP_ORIGIN,
  authorizeUrl,
  createUser,
  fragmentParameters,
  ORIGIN,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

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

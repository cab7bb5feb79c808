/** §14: each user's storage at an origin of its own, if STORAGE_ORIGIN has a "*". */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  authorizeUrl,
  createUser,
  fragmentParameters,
  ORIGIN,
  type TestUser,
} from "../support/provider";
import { sendWithSettings } from "../support/send-with-settings";

const send = sendWithSettings({
  ORIGIN,
  STORAGE_ORIGIN: "https://*.storage.example",
  OLD_HOSTS: "old.example",
});

let alice: TestUser;
let bob: TestUser;
let token: string;
let home: string;
let neighbour: string;

beforeAll(async () => {
  [alice, bob] = [await createUser(), await createUser()];
  const allowed = await send(authorizeUrl(alice.name, { scope: "*:rw" }), {
    method: "POST",
    body: new URLSearchParams({ decision: "allow", duration: "always" }),
    headers: { Origin: ORIGIN, Cookie: alice.cookie },
  });
  token = fragmentParameters(allowed).access_token ?? "";
  home = `https://${alice.name}.storage.example`;
  neighbour = `https://${bob.name}.storage.example`;
});

const headers = () => ({ Authorization: `Bearer ${token}`, "Content-Type": "text/plain" });

describe("With an origin for each user", () => {
  it("§10 no document at any of them is an app that can be connected", async () => {
    const elsewhere = { redirect_uri: "https://storage.example/", scope: "notes:r" };
    const cookie = { Cookie: alice.cookie };
    expect((await send(authorizeUrl(alice.name, elsewhere), { headers: cookie })).status).toBe(200);
    for (const host of [
      home,
      neighbour,
      `${neighbour}.`,
      ORIGIN,
      `${ORIGIN}.`,
      "https://old.example",
    ]) {
      const own = { redirect_uri: `${host}/storage/${bob.name}/public/a.html`, scope: "notes:r" };
      const refused = await send(authorizeUrl(alice.name, own), { headers: cookie });
      expect([refused.status, host]).toEqual([400, host]);
      expect(await refused.text()).not.toContain("storage.example/storage");
    }
  });

  it("§10 WebFinger names it, for all endpoints of the storage", async () => {
    const path = `/.well-known/webfinger?resource=acct:${alice.name}@satchel.example`;
    const { links } = (await (await send(path)).json()) as {
      links: { href: string; properties: Record<string, string> }[];
    };
    expect(links[0]?.href).toBe(`${home}/storage/${alice.name}`);
    const urls = Object.values(links[0]?.properties ?? {}).filter((value) => /:\/\//.test(value));
    const elsewhere = urls.filter((url) => !url.startsWith("http://tools.ietf.org"));
    expect(elsewhere.filter((url) => url.includes("*"))).toEqual([]);
    const hosts = new Set(elsewhere.map((url) => new URL(url.replace("{module}", "m")).host));
    expect(hosts).toEqual(new Set(["satchel.example", `${alice.name}.storage.example`]));
  });

  it("the storage of a user is served at their origin, with their token, and nowhere else", async () => {
    const document = `/storage/${alice.name}/public/a`;
    const put = { method: "PUT", body: "a", headers: headers() };
    expect((await send(home + document, put)).status).toBe(201);
    expect(await (await send(home + document)).text()).toBe("a");
    for (const host of [
      neighbour,
      ORIGIN,
      "https://storage.example",
      `https://www.${alice.name}.storage.example`,
      "https://evil.example",
    ]) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const body = method === "PUT" ? "b" : null;
        const response = await send(host + document, { method, body, headers: headers() });
        expect([host, method, response.status]).toEqual([host, method, 421]);
        expect(response.headers.get("access-control-allow-origin")).toBe("*");
      }
    }
    expect(await (await send(home + document)).text()).toBe("a");
  });

  it("another user's storage is not served there, with whatever token", async () => {
    const path = `/storage/${bob.name}/public/a`;
    expect((await send(home + path)).status).toBe(421);
    expect((await send(home + path, { headers: headers() })).status).toBe(421);
    // At Bob's own origin Alice's token opens nothing.
    const there = await send(`${neighbour}/storage/${bob.name}/`, { headers: headers() });
    expect(there.status).toBe(403);
  });

  it.each([
    ["quota", "GET", (user: string) => `/quota/${user}`],
    ["batch", "POST", (user: string) => `/batch/${user}`],
    ["databases", "GET", (user: string) => `/databases/${user}`],
    ["live", "POST", (user: string) => `/live/${user}/session`],
    ["rxdb", "POST", (user: string) => `/rxdb/${user}/notes/session`],
  ])("so are its other endpoints: %s", async (_, method, path) => {
    const options = { method, headers: headers(), body: method === "POST" ? "" : null };
    const at = async (host: string) => (await send(host + path(alice.name), options)).status;
    expect(await at(home)).not.toBe(421);
    expect(await at(neighbour)).toBe(421);
    expect(await at(ORIGIN)).toBe(421);
  });

  it("the one-time URL of a socket opens nothing at another user's origin, and still opens it here", async () => {
    const opening = { method: "POST", headers: headers() };
    const opened = await send(`${home}/live/${alice.name}/session`, opening);
    const { url } = (await opened.json()) as { url: string };
    const here = url.replace(/^ws/, "http");
    expect(here.startsWith(`${home}/live/`)).toBe(true);
    const upgrade = { headers: { Upgrade: "websocket" } };
    for (const host of [neighbour, ORIGIN]) {
      expect((await send(here.replace(home, host), upgrade)).status).toBe(421);
    }
    const { status, webSocket } = await send(here, upgrade);
    expect(status).toBe(101);
    webSocket?.accept();
    webSocket?.close();
  });

  it("§14 pages, forms and WebFinger are not served there", async () => {
    for (const path of ["/", "/sign-in", authorizeUrl(alice.name), "/style.css", "/files/"]) {
      const response = await send(home + path, { headers: { Cookie: alice.cookie } });
      expect([path, response.status, response.headers.get("set-cookie")]).toEqual([
        path,
        404,
        null,
      ]);
    }
    const finger = `/.well-known/webfinger?resource=acct:${alice.name}@satchel.example`;
    expect((await send(home + finger)).status).toBe(404);
    const form = { method: "POST", body: new URLSearchParams(), headers: { Origin: home } };
    expect((await send(`${home}/sign-out`, form)).status).toBe(404);
    const sibling = { ...form, headers: { Origin: home, Cookie: alice.cookie } };
    expect((await send("/sign-out", sibling)).status).toBe(403);
  });

  it("a page shows pictures from the user's own origin only", async () => {
    const picture = `/storage/${alice.name}/notes/a.png`;
    const png = {
      method: "PUT",
      body: "png",
      headers: { ...headers(), "Content-Type": "image/png" },
    };
    expect((await send(home + picture, png)).status).toBe(201);
    const page = await send("/files/notes/a.png", { headers: { Cookie: alice.cookie } });
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain(`${home}/preview/`);
    expect(policy).not.toContain("*");
    const [url = ""] = /https:[^"]*\/preview\/[^"]*/.exec(await page.text()) ?? [];
    expect(url.startsWith(`${home}/preview/`)).toBe(true);
    expect((await send(url)).status).toBe(200);
    expect((await send(url.replace(home, neighbour))).status).toBe(421);
  });

  it("the storage of before goes on where it was", async () => {
    const moved = sendWithSettings({
      ORIGIN,
      STORAGE_ORIGIN: "https://*.storage.example",
      OLD_HOSTS: "storage.example",
    });
    const path = `/storage/${alice.name}/`;
    const there = await moved(`https://storage.example${path}`, { headers: headers() });
    expect(there.status).toBe(200);
    expect((await moved(home + path, { headers: headers() })).status).toBe(200);
  });

  it("nobody can claim the storage's hosts as a domain", async () => {
    for (const domain of ["storage.example", `${bob.name}.storage.example`]) {
      const claimed = await send("/settings/domains", {
        method: "POST",
        body: new URLSearchParams({ domain }),
        headers: { Origin: ORIGIN, Cookie: alice.cookie },
      });
      expect(claimed.status).toBe(400);
    }
    const { results } = await env.DB.prepare("SELECT 1 FROM domain_claims").all();
    expect(results).toEqual([]);
  });
});

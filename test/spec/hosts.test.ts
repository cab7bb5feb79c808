/** §14: what each kind of host serves, of whom. A truth table. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Variables } from "../../src/env";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { mainText } from "../support/html";
import {
  authorizeUrl,
  createUser,
  fragmentParameters,
  ORIGIN,
  PASSWORD,
  type TestUser,
  uniqueUserName,
} from "../support/provider";
import { accountId } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";

const OLD_HOSTS = "old.example";

/** The providers: pages and storage on one host, on two, or with an origin for each user. */
const PROVIDERS = {
  "one host": { ORIGIN, OLD_HOSTS },
  "two hosts": { ORIGIN, OLD_HOSTS, STORAGE_ORIGIN: "https://storage.example" },
  "user origins": { ORIGIN, OLD_HOSTS, STORAGE_ORIGIN: "https://*.storage.example" },
} satisfies Record<string, Variables>;

type Provider = keyof typeof PROVIDERS;

/** The hosts, each with its name; Alice has two domains, and her storage is served at one of them. */
const hostNames = (alice: string, bob: string) => ({
  pages: "satchel.example",
  storage: "storage.example",
  "her origin": `${alice}.storage.example`,
  "another's origin": `${bob}.storage.example`,
  "her domain": `${alice}.example`,
  "her domain with storage": `data.${alice}.example`,
  old: "old.example",
  unknown: "unknown.example",
});

type HostKind = keyof ReturnType<typeof hostNames>;

/** What a host serves: pages, WebFinger, and whose storage. */
interface Serves {
  pages: "yes" | "moved" | "no";
  discovery: boolean;
  storage: "everybody's" | "hers" | "another's" | "nobody's";
}

const serves = (
  pages: Serves["pages"],
  discovery: boolean,
  storage: Serves["storage"],
): Serves => ({ pages, discovery, storage });

const WEBFINGER_ONLY = serves("no", true, "nobody's");
const HER_STORAGE = serves("no", true, "hers");
const MOVED = serves("moved", true, "everybody's");
/** Where nobody has said which hosts lead here, an unknown one is like the only one. */
const ALL = serves("yes", true, "everybody's");

const TABLE: Record<Provider, Record<HostKind, Serves>> = {
  "one host": {
    pages: ALL,
    storage: ALL,
    "her origin": ALL,
    "another's origin": ALL,
    "her domain": WEBFINGER_ONLY,
    "her domain with storage": HER_STORAGE,
    old: MOVED,
    unknown: ALL,
  },
  "two hosts": {
    pages: serves("yes", true, "nobody's"),
    storage: serves("no", false, "everybody's"),
    "her origin": WEBFINGER_ONLY,
    "another's origin": WEBFINGER_ONLY,
    "her domain": WEBFINGER_ONLY,
    "her domain with storage": HER_STORAGE,
    old: MOVED,
    unknown: WEBFINGER_ONLY,
  },
  "user origins": {
    pages: serves("yes", true, "nobody's"),
    storage: WEBFINGER_ONLY,
    "her origin": serves("no", false, "hers"),
    "another's origin": serves("no", false, "another's"),
    "her domain": WEBFINGER_ONLY,
    "her domain with storage": HER_STORAGE,
    old: MOVED,
    unknown: WEBFINGER_ONLY,
  },
};

let alice: TestUser;
let bob: TestUser;
let token: string;
let hosts: ReturnType<typeof hostNames>;

beforeAll(async () => {
  [alice, bob] = [await createUser(), await createUser()];
  hosts = hostNames(alice.name, bob.name);
  const account = await accountId(alice.name);
  const insert = "INSERT INTO domains (host, account, has_storage) VALUES (?, ?, ?)";
  await env.DB.batch([
    env.DB.prepare(insert).bind(hosts["her domain"], account, 0),
    env.DB.prepare(insert).bind(hosts["her domain with storage"], account, 1),
  ]);
  const allowed = await sendWithSettings(PROVIDERS["one host"])(
    authorizeUrl(alice.name, { scope: "*:rw" }),
    {
      method: "POST",
      body: new URLSearchParams({ decision: "allow", duration: "always" }),
      headers: { Origin: ORIGIN, Cookie: alice.cookie },
    },
  );
  token = fragmentParameters(allowed).access_token ?? "";
});

const authorization = () => ({ Authorization: `Bearer ${token}`, "Content-Type": "text/plain" });

/** Requests to the storage of a user, and the status with Alice's token if it is served: hers, another's. */
const STORAGE_REQUESTS: [path: (user: string) => string, method: string, own: number][] = [
  [(user) => `/storage/${user}/`, "GET", 200],
  [(user) => `/storage/${user}/notes/none`, "GET", 404],
  [(user) => `/storage/${user}/notes/none`, "DELETE", 404],
  [(user) => `/quota/${user}`, "GET", 200],
  [(user) => `/batch/${user}`, "POST", 400],
  [(user) => `/live/${user}/session`, "POST", 201],
  [(user) => `/rxdb/${user}/notes/session`, "POST", 201],
  [(user) => `/databases/${user}`, "GET", 200],
];

describe.each(Object.keys(PROVIDERS) as Provider[])("A provider on %s", (provider) => {
  const send = sendWithSettings(PROVIDERS[provider]);

  describe.each(Object.entries(TABLE[provider]))("at the host %s", (kind, expected) => {
    const at = (path: string) => `https://${hosts[kind as HostKind]}${path}`;

    it(`§14 serves the storage of ${expected.storage}`, async () => {
      for (const [path, method, own] of STORAGE_REQUESTS) {
        const status = async (user: string) => {
          const body = method === "POST" ? "" : null;
          const response = await send(at(path(user)), { method, body, headers: authorization() });
          expect(response.headers.get("access-control-allow-origin")).toBe("*");
          return response.status;
        };
        const [hers, another] = {
          "everybody's": [own, 403],
          hers: [own, 421],
          // Her token opens nothing there.
          "another's": [421, 403],
          "nobody's": [421, 421],
        }[expected.storage] as [number, number];
        const what = `${method} ${path("user")}`;
        expect([what, await status(alice.name)]).toEqual([what, hers]);
        expect([what, await status(bob.name)]).toEqual([what, another]);
      }
    });

    it("§7 answers preflights for the storage", async () => {
      const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "PUT" };
      const url = at(`/storage/${alice.name}/notes/a`);
      expect((await send(url, { method: "OPTIONS", headers })).status).toBe(204);
    });

    it(`§14 pages: ${expected.pages}`, async () => {
      const [status, post] = { yes: [200, 303], moved: [308, 403], no: [404, 404] }[expected.pages];
      for (const path of [
        "/sign-in",
        "/",
        "/settings/domains",
        authorizeUrl(alice.name),
        "/style.css",
      ]) {
        const response = await send(at(path), { headers: { Cookie: alice.cookie } });
        // Signed in, /sign-in leads home.
        expect([path, response.status]).toEqual([
          path,
          status === 200 && path === "/sign-in" ? response.status : status,
        ]);
      }
      const form = new URLSearchParams({ name: alice.name, password: PASSWORD });
      const signedIn = await send(at("/sign-in"), {
        method: "POST",
        body: form,
        headers: { Origin: kind === "old" ? at("") : ORIGIN, Accept: "text/html" },
      });
      expect(signedIn.status).toBe(post);
      const cookies = signedIn.headers.getSetCookie();
      expect(cookies.filter((cookie) => !/^__Host-|; Domain=/i.test(cookie))).toEqual([]);
      if (post !== 303) expect(cookies).toEqual([]);
    });

    it(`WebFinger: ${expected.discovery ? "yes" : "no"}`, async () => {
      const resource = `acct:${alice.name}@satchel.example`;
      const found = await send(at(`/.well-known/webfinger?resource=${resource}`));
      expect(found.status).toBe(expected.discovery ? 200 : 404);
    });

    it("OAuth tokens are where pages are, and on old hosts; the state is everywhere", async () => {
      const response = await send(at("/oauth/token"), { method: "POST" });
      expect(response.status).toBe(expected.pages === "no" ? 404 : 400);
      expect((await send(at("/healthz"))).status).toBe(200);
    });
  });

  it("§10 WebFinger names the storage at the domain for the address with it, and for no other", async () => {
    const rootOf = async (host: string) => {
      const found = await send(`/.well-known/webfinger?resource=acct:${alice.name}@${host}`);
      const { links } = (await found.json()) as { links: { href: string }[] };
      return links[0]?.href;
    };
    const ordinary = await rootOf("satchel.example");
    const domain = hosts["her domain with storage"];
    expect(await rootOf(hosts["her domain"])).toBe(ordinary);
    expect(await rootOf(domain)).toBe(`https://${domain}/storage/${alice.name}`);
    expect(new URL(ordinary ?? "").host).not.toBe(domain);
  });

  it("a document at the domain is the same one, and its ETag, too", async () => {
    const root = `https://${hosts["her domain with storage"]}/storage/${alice.name}`;
    const path = `/notes/${uniqueUserName()}`;
    const put = { method: "PUT", body: "mine", headers: authorization() };
    const written = await send(root + path, put);
    expect(written.status).toBe(201);
    const ordinary = {
      "one host": ORIGIN,
      "two hosts": "https://storage.example",
      "user origins": `https://${alice.name}.storage.example`,
    }[provider];
    const read = await send(`${ordinary}/storage/${alice.name}${path}`, {
      headers: authorization(),
    });
    expect([await read.text(), read.headers.get("etag")]).toEqual([
      "mine",
      written.headers.get("etag"),
    ]);
  });

  it("§5 what is served at the domain names its other endpoints there", async () => {
    const host = hosts["her domain with storage"];
    const at = (path: string, method: string) =>
      send(`https://${host}${path}`, { method, headers: authorization() });
    const listing = await at(`/storage/${alice.name}/`, "GET");
    expect(listing.headers.get("link")).toContain(`<wss://${host}/live/${alice.name}>`);
    for (const path of [`/live/${alice.name}`, `/rxdb/${alice.name}/notes`]) {
      const opened = await at(`${path}/session`, "POST");
      expect(await opened.json()).toMatchObject({
        url: expect.stringContaining(`wss://${host}${path}?session=`),
      });
    }
  });

  it.each([
    ["a port", (host: string) => `${host}:8443`],
    ["a final dot", (host: string) => `${host}.`],
    ["a final dot and a port", (host: string) => `${host}.:8443`],
    ["capitals", (host: string) => host.toUpperCase()],
  ])("a domain is the same host with %s: no pages, nobody else's storage", async (_, write) => {
    for (const kind of ["her domain", "her domain with storage"] as const) {
      const host = `https://${write(hosts[kind])}`;
      expect((await send(`${host}/sign-in`)).status).toBe(404);
      expect((await send(`${host}/storage/${bob.name}/public/a`)).status).toBe(421);
    }
    for (const kind of ["her origin", "another's origin"] as const) {
      if (provider !== "user origins") continue;
      const host = `https://${write(hosts[kind])}`;
      expect((await send(`${host}/sign-in`)).status).toBe(404);
      expect((await send(`${host}/storage/${bob.name}/public/a`)).status).toBe(
        kind === "another's origin" && write("a.example") === "A.EXAMPLE" ? 404 : 421,
      );
    }
  });
});

describe("A personal storage host", () => {
  const send: Send = sendWithSettings(PROVIDERS["two hosts"]);

  it("is not named by WebFinger if an ORIGIN is no longer set, without which it is not served", async () => {
    const user = await createUser();
    const host = `${user.name}.example`;
    await env.DB.prepare("INSERT INTO domains (host, account, has_storage) VALUES (?, ?, 1)")
      .bind(host, await accountId(user.name))
      .run();
    const sendIt = sendWithSettings({ STORAGE_ORIGIN: "https://storage.example" });
    const found = await sendIt(`/.well-known/webfinger?resource=acct:${user.name}@${host}`);
    const { links } = (await found.json()) as { links: { href: string }[] };
    expect(links[0]?.href).toBe(`https://storage.example/storage/${user.name}`);
  });

  it("is switched on and off by its user, on the page of the domain", async () => {
    const [carol, dave] = [await createUser(), await createUser()];
    const host = `${carol.name}.example`;
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES (?, ?)")
      .bind(host, await accountId(carol.name))
      .run();
    const page = async (user: TestUser) =>
      mainText(
        await (
          await send(`/settings/domains/${host}`, { headers: { Cookie: user.cookie } })
        ).text(),
      );
    const change = (user: TestUser, storage: string) =>
      send(`/settings/domains/${host}/storage`, {
        method: "POST",
        body: new URLSearchParams({ storage }),
        headers: { Origin: ORIGIN, Cookie: user.cookie },
      });
    // Without a token it is refused, but it is served.
    const status = async () => (await send(`https://${host}/storage/${carol.name}/`)).status;
    expect(await page(carol)).toContain("Serve my storage there");
    expect(await status()).toBe(421);
    await change(dave, "on");
    advanceClock(MINUTE_MS);
    expect(await status()).toBe(421);
    await change(carol, "on");
    advanceClock(MINUTE_MS);
    expect(await status()).toBe(401);
    expect(await page(carol)).toContain(`https://${host}/storage/${carol.name}`);
    await change(carol, "off");
    advanceClock(MINUTE_MS);
    expect(await status()).toBe(421);
  });

  it("that still leads here after its user has removed it serves nobody's storage", async () => {
    const [carol, dave] = [await createUser(), await createUser()];
    const host = `${carol.name}.example`;
    await env.DB.prepare("INSERT INTO domains (host, account, has_storage) VALUES (?, ?, 1)")
      .bind(host, await accountId(carol.name))
      .run();
    // Alice's token is good for no other storage, but shows whether there is one.
    const status = async (path: string) =>
      (await send(`https://${host}${path}`, { headers: authorization() })).status;
    expect(await status(`/storage/${carol.name}/`)).toBe(403);
    const removed = await send(`/settings/domains/${host}/remove`, {
      method: "POST",
      headers: { Origin: ORIGIN, Cookie: carol.cookie },
    });
    expect(removed.status).toBe(303);
    advanceClock(MINUTE_MS);
    for (const { name } of [carol, dave]) expect(await status(`/storage/${name}/`)).toBe(421);
    expect(await status("/sign-in")).toBe(404);
    expect(await status(`/.well-known/webfinger?resource=acct:${carol.name}@${host}`)).toBe(404);
  });

  it("does not make another request cost more: the provider's own hosts ask nobody", async () => {
    const asked: string[] = [];
    const prepare = env.DB.prepare.bind(env.DB);
    const counting = new Proxy(env.DB, {
      get: (target, name) =>
        name === "prepare"
          ? (sql: string) => {
              asked.push(sql);
              return prepare(sql);
            }
          : (Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)),
    });
    const sendCounted = sendWithSettings({ ...PROVIDERS["two hosts"], DB: counting } as never);
    const headers = authorization();
    await sendCounted(`https://storage.example/storage/${alice.name}/`, { headers });
    await sendCounted("/sign-in");
    expect(asked.filter((sql) => sql.includes("domains"))).toEqual([]);
    // Of another host it is asked once in half a minute.
    for (let i = 0; i < 3; i++) {
      await sendCounted(`https://${uniqueHost}/storage/${alice.name}/`, { headers });
    }
    expect(asked.filter((sql) => sql.includes("domains"))).toHaveLength(1);
    // Not of what cannot be anybody's domain.
    for (const host of ["192.0.2.1", "[2001:db8::1]", "a_b.example", `${"a".repeat(64)}.example`]) {
      await sendCounted(`https://${host}/storage/${alice.name}/`, { headers });
    }
    expect(asked.filter((sql) => sql.includes("domains"))).toHaveLength(1);
  });
});

const uniqueHost = "asked-once.example";

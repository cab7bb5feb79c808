/** WebFinger (§10, RFC 7033) and the other well-known URIs. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { findElements } from "../support/html";
import {
  appWithTokens,
  CODE_VERIFIER,
  codeFlowQuery,
  oauthError,
  obtainCode,
  parseTokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  fragmentParameters,
  locationOf,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { hosts, socketsOf } from "../support/urls";

/** Where WebFinger says that Alice's storage is. */
const STORAGE = hosts.namedOrigin("alice");

/** To a provider whose own address no setting says. */
const sendAnywhere = sendWithSettings({ ORIGIN: "" });

const REL = "http://tools.ietf.org/id/draft-dejong-remotestorage";
const PROPERTY = {
  version: "http://remotestorage.io/spec/version",
  implicitGrant: "http://tools.ietf.org/html/rfc6749#section-4.2",
  authorizationEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.1",
  tokenEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.2",
  pkce: "http://tools.ietf.org/html/rfc7636",
  tokenInQuery: "http://tools.ietf.org/html/rfc6750#section-2.3",
  ranges: "http://tools.ietf.org/html/rfc7233",
  quota: "urn:x-satchel:quota",
  rxdb: "urn:x-satchel:rxdb",
  databases: "urn:x-satchel:databases:1",
  batch: "urn:x-satchel:batch:1",
  live: "urn:x-satchel:live:1",
};

interface Link {
  rel: string;
  href: string;
  properties: Record<string, string>;
}

interface Jrd {
  subject: string;
  links: Link[];
}

const webfinger = (query: string, init?: RequestInit): Promise<Response> =>
  send(`/.well-known/webfinger?${query}`, init);

const jrdOf = async (response: Response): Promise<Jrd> => {
  expect(response.status).toBe(200);
  return response.json();
};

const resource = (uri: string): string => `resource=${encodeURIComponent(uri)}`;

let alice: TestUser;
let link: Link;

beforeAll(async () => {
  alice = await createUser("alice");
  const jrd = await jrdOf(await webfinger("resource=acct:alice@satchel.example"));
  link = jrd.links[0] as Link;
});

describe("The JRD of a user", () => {
  it("§10.1 §10.2 §10.3 has one link, to the storage, with the properties of the draft", async () => {
    expect(await jrdOf(await webfinger("resource=acct:alice@satchel.example"))).toEqual({
      subject: "acct:alice@satchel.example",
      links: [
        {
          rel: REL,
          href: `${STORAGE}/storage/alice`,
          properties: {
            [PROPERTY.version]: "draft-dejong-remotestorage-26",
            [PROPERTY.implicitGrant]: "https://satchel.example/oauth/authorize/alice",
            [PROPERTY.tokenInQuery]: "true",
            [PROPERTY.ranges]: "GET",
            [PROPERTY.authorizationEndpoint]: "https://satchel.example/oauth/authorize/alice",
            [PROPERTY.tokenEndpoint]: "https://satchel.example/oauth/token",
            [PROPERTY.pkce]: "S256",
            [PROPERTY.quota]: `${STORAGE}/quota/alice`,
            [PROPERTY.rxdb]: `${socketsOf(STORAGE)}/rxdb/alice/{module}`,
            [PROPERTY.databases]: `${STORAGE}/databases/alice`,
            [PROPERTY.batch]: `${STORAGE}/batch/alice`,
            [PROPERTY.live]: `${socketsOf(STORAGE)}/live/alice`,
          },
        },
      ],
    });
  });

  it.each([
    [{ ORIGIN: "http://localhost:8000" }, "ws://localhost:8000"],
    [
      { ORIGIN: "https://satchel.example", STORAGE_ORIGIN: "https://storage.example" },
      "wss://storage.example",
    ],
  ])(
    "names the RxDB endpoint on the storage host, with TLS if the origin has it: %j",
    async (variables, origin) => {
      const query = `resource=acct:alice@${new URL(variables.ORIGIN).host}`;
      const found = await sendWithSettings(variables)(
        `${variables.ORIGIN}/.well-known/webfinger?${query}`,
      );
      const jrd = await jrdOf(found);
      expect(jrd.links[0]?.properties[PROPERTY.rxdb]).toBe(`${origin}/rxdb/alice/{module}`);
    },
  );

  it("§8.2 names <storage_root> as https, host and path, with no slash at the end", () => {
    expect(link.href).toMatch(/^https:\/\/[^/]+(\/[^/]+)+$/);
    expect(link.href.endsWith("/")).toBe(false);
  });

  it("§8.5 names draft-dejong-remotestorage-26 as <storage_api>", () => {
    expect(link.properties[PROPERTY.version]).toBe("draft-dejong-remotestorage-26");
  });

  it("§8.6 names a <storage_root> with the folders and documents below it", async () => {
    const { token } = await connectApp(alice, "documents:rw");
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
    const url = `${link.href}/public/documents/draft.txt`;
    expect((await send(url, { method: "PUT", body: "a draft", headers })).status).toBe(201);
    expect(await (await send(url, { headers })).text()).toBe("a draft");
    const folder = await send(`${link.href}/public/documents/`, { headers });
    expect(Object.keys(((await folder.json()) as { items: object }).items)).toEqual(["draft.txt"]);
  });

  it("§8.1 §10.5 names an <auth-dialog> that grants a token for the storage", async () => {
    const query = new URLSearchParams({
      redirect_uri: `${APP_ORIGIN}/`,
      scope: "notes:rw",
      client_id: APP_ORIGIN,
      response_type: "token",
    });
    const dialog = `${link.properties[PROPERTY.implicitGrant]}?${query}`;
    const shown = await send(dialog, { headers: { Cookie: alice.cookie } });
    expect(shown.status).toBe(200);
    const allowed = await send(dialog, {
      method: "POST",
      body: new URLSearchParams({ decision: "allow", duration: "always" }),
      headers: { Cookie: alice.cookie, Origin: ORIGIN },
    });
    const headers = { Authorization: `Bearer ${fragmentParameters(allowed).access_token}` };
    expect((await send(`${link.href}/notes/`, { headers })).status).toBe(200);
    expect((await send(`${link.href}/notes/`)).status).toBe(401);
  });

  it("§10.9 §9.11 §9.12 advertises tokens in the query, which are accepted for reading only", async () => {
    expect(link.properties[PROPERTY.tokenInQuery]).toBe("true");
    const app = await connectApp(alice, "query:rw");
    await app.put("/query/a", "first");
    const url = `${link.href}/query/a?access_token=${app.token}`;
    expect(await (await send(url)).text()).toBe("first");
    expect((await send(url, { method: "HEAD" })).status).toBe(200);
    const headers = { "Content-Type": "text/plain" };
    expect((await send(url, { method: "PUT", body: "second", headers })).status).toBe(401);
    expect((await send(url, { method: "DELETE" })).status).toBe(401);
    expect(await (await app.get("/query/a")).text()).toBe("first");
  });

  it("§10.10 advertises range requests, which work", async () => {
    expect(link.properties[PROPERTY.ranges]).toBe("GET");
    const app = await connectApp(alice, "ranges:rw");
    await app.put("/ranges/a", "0123456789");
    const part = await app.get("/ranges/a", { Range: "bytes=2-4" });
    expect([part.status, await part.text()]).toEqual([206, "234"]);
    expect(part.headers.get("content-range")).toBe("bytes 2-4/10");
  });

  it("§10.1-1 §10.1-2 §10.1-3 §10.1-4 §10.1-5 names the endpoints of the code flow with S256", async () => {
    expect(link.properties[PROPERTY.pkce]).toBe("S256");
    const query = new URLSearchParams({
      redirect_uri: `${APP_ORIGIN}/`,
      scope: "notes:rw",
      ...(await codeFlowQuery()),
    });
    const answer = await send(`${link.properties[PROPERTY.authorizationEndpoint]}?${query}`, {
      method: "POST",
      body: new URLSearchParams({ decision: "allow", duration: "year" }),
      headers: { Cookie: alice.cookie, Origin: ORIGIN },
    });
    const code = new URL(locationOf(answer)).searchParams.get("code") ?? "";
    const response = await send(link.properties[PROPERTY.tokenEndpoint] ?? "", {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: `${APP_ORIGIN}/`,
        code_verifier: CODE_VERIFIER,
      }),
    });
    const app = appWithTokens(alice, await parseTokens(response));
    expect((await app.get("/notes/")).status).toBe(200);
  });

  it("§10.1-6 does not advertise plain, which is refused", async () => {
    expect(link.properties[PROPERTY.pkce]).not.toContain("plain");
    const refused = await submitConsent(alice, {
      ...(await codeFlowQuery()),
      code_challenge: CODE_VERIFIER,
      code_challenge_method: "plain",
      scope: "plain:rw",
    });
    expect(new URL(locationOf(refused)).searchParams.get("error")).toBe("invalid_request");
    await expect(obtainCode(alice, { code_challenge_method: "plain" })).rejects.toThrow();
  });
});

describe("The resource", () => {
  it.each([
    "resource=acct:alice@satchel.example",
    "resource=acct%3Aalice%40satchel.example",
    "resource=acct:alice%40satchel.example",
    "resource=acct:Alice@Satchel.Example",
    "resource=ACCT:alice@satchel.example",
    `${resource("acct:%61lice@satchel.example")}`,
    "resource=acct:alice@satchel.example:443",
    "resource=acct:alice@satchel.example.",
    "resource=acct:alice@satchel.example.:443",
    "resource=%20acct:alice@satchel.example%20",
    "resource=acct:%20alice@satchel.example%20",
    `${resource("acct:alice@ＳＡＴＣＨＥＬ。example")}`,
  ])("RFC 7033 §4.1 §10.3 finds alice by %s", async (query) => {
    const { links } = await jrdOf(await webfinger(query));
    expect(links).toEqual([link]);
  });

  it.each([
    "b\u00fccher.example", // NFC
    "bu\u0308cher.example", // NFD
    "B\u00dcCHER.Example",
    "b\u00fccher.example.",
    "xn--bcher-kva.example",
    "XN--BCHER-KVA.example",
  ])("§10.3 has an internationalised host in any form: %s", async (host) => {
    const origin = "https://xn--bcher-kva.example";
    const query = resource(`acct:alice@${host}`);
    const { links } = await jrdOf(await sendAnywhere(`${origin}/.well-known/webfinger?${query}`));
    expect(links.map(({ href }) => href)).toEqual([`${origin}/storage/alice`]);
    const other = `https://xn--bcher-zva.example/.well-known/webfinger?${query}`;
    expect((await sendAnywhere(other)).status).toBe(404);
  });

  it("§10.3 has the port of a provider on a non-default port, and so have all links", async () => {
    const origin = "https://satchel.example:8443";
    const { links } = await jrdOf(
      await sendAnywhere(
        `${origin}/.well-known/webfinger?resource=acct:alice@satchel.example:8443`,
      ),
    );
    expect(links.map(({ href }) => href)).toEqual([`${origin}/storage/alice`]);
    expect(links[0]?.properties[PROPERTY.implicitGrant]).toBe(`${origin}/oauth/authorize/alice`);
    expect(links[0]?.properties[PROPERTY.tokenEndpoint]).toBe(`${origin}/oauth/token`);
    const other = "acct:alice@satchel.example:9999";
    const path = `/.well-known/webfinger?resource=${other}`;
    expect((await sendAnywhere(origin + path)).status).toBe(404);
    expect((await sendAnywhere(path)).status).toBe(404);
  });

  it("RFC 7565 §7 may leave out the port of the provider, since the host of an acct URI has none", async () => {
    const origin = "https://satchel.example:8443";
    const find = (address: string) =>
      sendAnywhere(`${origin}/.well-known/webfinger?resource=acct:${address}`);
    const { subject, links } = await jrdOf(await find("alice@satchel.example"));
    expect(subject).toBe("acct:alice@satchel.example");
    expect(links.map(({ href }) => href)).toEqual([`${origin}/storage/alice`]);
    expect((await find("nobody@satchel.example")).status).toBe(404);
    expect((await find("alice@other.example")).status).toBe(404);
  });

  it.each([
    "acct:nobody@satchel.example",
    "acct:alice@other.example",
    "acct:alice@sub.satchel.example",
    "acct:alice@satchel.example.evil.example",
    "acct:@satchel.example",
    "acct:alice",
    "acct:alice@",
    "acct:alice@bob@satchel.example",
    "acct:alice@satchel.example/",
    "acct:alice@satchel.example\\evil.example",
    "acct:alice@satchel.example..",
    "acct:alice@satchel.example:x",
    "acct:alice@[satchel.example",
    "acct:alice@.satchel.example",
    "acct:alice%00@satchel.example",
    "acct:alice@satchel.example%00",
    "acct:alice@%01satchel.example",
    "acct:%@satchel.example",
    "acct:' OR 1=1--@satchel.example".replaceAll(" ", "%20"),
    "mailto:alice@satchel.example",
    "https://satchel.example/",
    "https://satchel.example/alice",
    "https://nobody.example/",
  ])("RFC 7033 §4.2 of an unknown user -> 404: %s", async (uri) => {
    const response = await webfinger(resource(uri), { headers: { Origin: APP_ORIGIN } });
    expect(response.status).toBe(404);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(await response.text()).not.toContain("/storage/");
  });

  it.each([
    "",
    "resource=",
    "resource",
    "rel=avatar",
    "resource=alice@satchel.example",
    "resource=alice",
    "resource=acct%20alice",
    "resource=://satchel.example",
    `${resource("acct:alice @satchel.example")}`,
    `${resource("acct:alice@satchel. example")}`,
    "resource=acct:alice@satchel.example&resource=acct:alice@satchel.example",
    "resource=acct:alice@satchel.example&resource=acct:bob@satchel.example",
  ])('RFC 7033 §4.2 that is missing, duplicate or not a URI -> 400: "%s"', async (query) => {
    const response = await webfinger(query, { headers: { Origin: APP_ORIGIN } });
    expect(response.status).toBe(400);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(await response.text()).not.toContain("/storage/");
  });
});

describe("The response", () => {
  it("RFC 7033 §10.2 has the type of a JRD", async () => {
    const { headers } = await webfinger("resource=acct:alice@satchel.example");
    expect(headers.get("content-type")).toMatch(/^application\/jrd\+json\b/);
  });

  it("is sent without a redirect, whatever the client accepts", async () => {
    for (const Accept of ["application/jrd+json, application/json", "*/*", "text/html"]) {
      const headers = { Accept };
      const response = await webfinger("resource=acct:alice@satchel.example", { headers });
      expect([response.status, response.headers.get("location")]).toEqual([200, null]);
    }
  });

  it("RFC 7033 §5 is readable by any origin, and the same for all", async () => {
    const query = "resource=acct:alice@satchel.example";
    const named = await webfinger(query, { headers: { Origin: APP_ORIGIN } });
    expect(["*", APP_ORIGIN]).toContain(named.headers.get("access-control-allow-origin"));
    expect((await webfinger(query)).headers.get("access-control-allow-origin")).toBe("*");
    expect(named.headers.get("access-control-allow-credentials")).toBeNull();
    expect(await named.text()).toBe(await (await webfinger(query)).text());
  });

  it("allows a preflight", async () => {
    const preflight = await webfinger("resource=acct:alice@satchel.example", {
      method: "OPTIONS",
      headers: { Origin: APP_ORIGIN, "Access-Control-Request-Method": "GET" },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("GET");
  });

  it("to HEAD is that to GET without the body", async () => {
    const query = "resource=acct:alice@satchel.example";
    const [head, get] = [await webfinger(query, { method: "HEAD" }), await webfinger(query)];
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect([...head.headers]).toEqual([...get.headers]);
  });

  it.each<[string, number]>([
    [`rel=${REL}`, 1],
    [`rel=avatar&rel=${REL}`, 1],
    [`rel=${REL}&rel=avatar`, 1],
    [`rel=${encodeURIComponent(REL)}`, 1],
    ["rel=avatar", 0],
    ["rel=avatar&rel=vcard", 0],
    [`rel=${REL.slice(0, -1)}`, 0],
  ])("RFC 7033 §4.3 with %s has only the matching links: %i", async (rels, count) => {
    const jrd = await jrdOf(await webfinger(`resource=acct:alice@satchel.example&${rels}`));
    expect(jrd).toEqual({
      subject: "acct:alice@satchel.example",
      links: [link].slice(0, count),
    });
  });

  it("names the ORIGIN, whatever the host of the request", async () => {
    const sendOn = sendWithSettings({ ...hosts.settings, ORIGIN });
    for (const host of ["satchel.example", "evil.example", "satchel.preview.example"]) {
      const path = `/.well-known/webfinger?resource=acct:alice@satchel.example`;
      const response = await sendOn(`https://${host}${path}`);
      expect(await jrdOf(response)).toEqual({
        subject: "acct:alice@satchel.example",
        links: [link],
      });
    }
  });
});

describe("A public profile", () => {
  const PICTURE = "https://carol.example/me.png?size=96";
  const AVATAR = { rel: "http://webfinger.net/rel/avatar", href: PICTURE };
  const NAME = { "http://packetizer.com/ns/name": "Carol Jones" };
  const carols = "acct:carol@satchel.example";
  let carol: TestUser;

  beforeAll(async () => {
    carol = await createUser("carol");
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES ('carol.example', ?)")
      .bind(await accountId("carol"))
      .run();
  });

  const find = async (uri: string, query = "") =>
    jrdOf(await webfinger(`${resource(uri)}${query}`));
  const setProfile = async (displayName: string, picture: string) => {
    const { cookie } = carol;
    expect((await sendForm("/settings", { displayName, picture }, { cookie })).status).toBe(303);
  };

  it("adds a link to the picture and the name as a property, as far as the user gives them", async () => {
    const before = await find(carols);
    await setProfile("Carol Jones", PICTURE);
    const links = [...before.links, AVATAR];
    expect(await find(carols)).toEqual({ subject: carols, properties: NAME, links });
    const domain = "https://carol.example/";
    expect(await find(domain)).toEqual({ subject: domain, properties: NAME, links });
    expect((await find(carols, `&rel=${REL}`)).links).toEqual(before.links);
    expect((await find(carols, `&rel=${AVATAR.rel}`)).links).toEqual([AVATAR]);
    expect((await find("acct:alice@satchel.example")).links).toEqual([link]);

    await setProfile("Carol Jones", "");
    expect(await find(carols)).toEqual({ ...before, properties: NAME });
    await setProfile("", PICTURE);
    expect(await find(carols)).toEqual({ ...before, links });
    await setProfile("", "");
    expect(await find(carols)).toEqual(before);
  });

  it("is not shown while the account is suspended", async () => {
    const before = await find(carols);
    await setProfile("Carol Jones", PICTURE);
    const suspend = (at: number | null) =>
      env.DB.prepare("UPDATE accounts SET suspended_at = ? WHERE name = 'carol'").bind(at).run();
    await suspend(1);
    expect(await find(carols)).toEqual(before);
    await suspend(null);
    expect((await find(carols)).links).toContainEqual(AVATAR);
  });
});

describe("A personal domain", () => {
  beforeAll(async () => {
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES (?1, ?2), (?3, ?2)")
      .bind("alice.example", await accountId("alice"), "alice.example:8443")
      .run();
  });

  it.each([
    "http://alice.example/",
    "https://alice.example/",
    "http://alice.example",
    "https://alice.example",
    "HTTPS://Alice.Example/",
    "https://alice.example:443/",
    "https://alice.example:8443/",
    "acct:alice@alice.example",
    "acct:alice@Alice.Example",
    "https://alice.example./",
    "acct:alice@alice.example.",
  ])("§10.4 identifies its owner: %s", async (uri) => {
    expect(await jrdOf(await webfinger(resource(uri)))).toEqual({ subject: uri, links: [link] });
  });

  it.each([
    "https://alice.example/about",
    "https://alice.example/?q",
    "https://alice.example/#me",
    "https://bob@alice.example/",
    "https://alice.example:9999/",
    "https://www.alice.example/",
    "acct:bob@alice.example",
    "ftp://alice.example/",
  ])("does not identify its owner by %s", async (uri) => {
    expect((await webfinger(resource(uri))).status).toBe(404);
  });

  it("§10.4 may serve WebFinger itself; the links name the provider's ORIGIN", async () => {
    const path = "/.well-known/webfinger?resource=https://alice.example/";
    const response = await sendWithSettings({ ...hosts.settings, ORIGIN })(
      `https://alice.example${path}`,
    );
    expect((await jrdOf(response)).links).toEqual([link]);
  });
});

describe("Other well-known URIs", () => {
  it("RFC 6415 host-meta.json with a resource is its JRD", async () => {
    const query = "resource=acct:alice@satchel.example";
    const response = await send(`/.well-known/host-meta.json?${query}`);
    expect(await jrdOf(response)).toEqual(await jrdOf(await webfinger(query)));
    const unknown = "/.well-known/host-meta.json?resource=acct:nobody@satchel.example";
    expect((await send(unknown)).status).toBe(404);
  });

  it("RFC 6415 §3 host-meta.json has a working template of the WebFinger URL", async () => {
    const { links } = (await (await send("/.well-known/host-meta.json")).json()) as {
      links: { rel: string; template: string }[];
    };
    const template = links.find(({ rel }) => rel === "lrdd")?.template ?? "";
    const url = template.replace("{uri}", encodeURIComponent("acct:alice@satchel.example"));
    expect((await jrdOf(await send(url))).links).toEqual([link]);
  });

  it("RFC 6415 §3 host-meta is XRD with the same template; with a resource it is its JRD", async () => {
    const response = await send("/.well-known/host-meta", { headers: { Origin: APP_ORIGIN } });
    expect(response.headers.get("content-type")).toMatch(/^application\/xrd\+xml\b/);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    const xml = await response.text();
    expect(xml).toMatch(/^<\?xml .*<XRD xmlns="http:\/\/docs.oasis-open.org\/ns\/xri\/xrd-1.0">/s);
    const template = /<Link rel="lrdd" template="([^"]+)"\/>/.exec(xml)?.[1] ?? "";
    const url = template.replace("{uri}", "acct:alice@satchel.example");
    expect((await jrdOf(await send(url))).links).toEqual([link]);
    const query = "resource=acct:alice@satchel.example";
    expect((await jrdOf(await send(`/.well-known/host-meta?${query}`))).links).toEqual([link]);
  });

  it("a 404 of what older clients try has CORS headers", async () => {
    for (const path of ["host-meta?resource=acct:nobody@satchel.example", "nothing-here"]) {
      const response = await send(`/.well-known/${path}`, { headers: { Origin: APP_ORIGIN } });
      expect(response.status).toBe(404);
      expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    }
  });

  it("RFC 8414 §3 oauth-authorization-server describes the endpoints", async () => {
    const response = await send("/.well-known/oauth-authorization-server", {
      headers: { Origin: APP_ORIGIN },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json\b/);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(await response.json()).toMatchObject({
      issuer: ORIGIN,
      authorization_endpoint: `${ORIGIN}/oauth/authorize`,
      token_endpoint: `${ORIGIN}/oauth/token`,
      revocation_endpoint: `${ORIGIN}/oauth/revoke`,
      response_types_supported: ["token", "code"],
      device_authorization_endpoint: `${ORIGIN}/oauth/device_authorization`,
      grant_types_supported: [
        "implicit",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
      ],
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none"],
      revocation_endpoint_auth_methods_supported: ["none"],
    });
  });

  it("RFC 8414 §2 its endpoints work without a user name in their URLs", async () => {
    const metadata = (await (
      await send("/.well-known/oauth-authorization-server")
    ).json()) as Record<string, string>;
    const query = new URLSearchParams({
      redirect_uri: `${APP_ORIGIN}/`,
      scope: "notes:r",
      response_type: "token",
    });
    const dialog = `${metadata.authorization_endpoint}?${query}`;
    expect((await send(dialog, { headers: { Cookie: alice.cookie } })).status).toBe(200);
    const post = { method: "POST", body: new URLSearchParams() };
    const answer = await send(metadata.token_endpoint ?? "", post);
    expect(await oauthError(answer)).toEqual([400, "invalid_request"]);
    const app = await connectApp(alice);
    const body = new URLSearchParams({ token: app.token });
    expect((await send(metadata.revocation_endpoint ?? "", { method: "POST", body })).status).toBe(
      200,
    );
    expect((await new TestApp("alice", app.token).get("/")).status).toBe(401);
  });

  it("change-password redirects to a page", async () => {
    const response = await send("/.well-known/change-password");
    expect([302, 303, 307]).toContain(response.status);
    const { cookie } = await createUser();
    const page = await send(response.headers.get("location") ?? "", {
      headers: { Cookie: cookie },
    });
    expect(page.status).toBe(200);
  });

  it("robots.txt disallows everything but the front page", async () => {
    const response = await send("/robots.txt");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain\b/);
    expect((await response.text()).split("\n")).toEqual(
      expect.arrayContaining(["User-agent: *", "Disallow: /"]),
    );
  });

  it("the icon of the pages exists", async () => {
    const icon = findElements(await (await send("/")).text(), "link").find(
      ({ rel }) => rel === "icon",
    );
    const response = await send(icon?.href ?? "");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, icon?.type]);
  });
});

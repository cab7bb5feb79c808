/** Domains that lead here through Cloudflare for SaaS: asked for, checked, ended; attacks and failures. */

import { env } from "cloudflare:workers";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createAdministrator } from "../support/admin";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS } from "../support/clock";
import {
  apiAnswer,
  CustomHostnamesApi,
  TARGET,
  TOKEN,
  ZONE,
} from "../support/custom-hostnames-api";
import worker from "../support/guard/worker";
import { findElements, mainText } from "../support/html";
import { TestInternet } from "../support/internet";
import { createUser, ORIGIN, type TestUser } from "../support/provider";
import { accountId } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";

const HOUR_MS = 60 * MINUTE_MS;

const SETTINGS = {
  ORIGIN,
  CUSTOM_HOSTNAMES_ZONE: ZONE,
  CUSTOM_HOSTNAMES_TARGET: TARGET,
  CUSTOM_HOSTNAMES_TOKEN: TOKEN,
  CUSTOM_HOSTNAMES_MAX: "10000",
};

const internet = new TestInternet();
const api = new CustomHostnamesApi(internet);
const sendIt = sendWithSettings(SETTINGS);

beforeEach(async () => {
  internet.dns.clear();
  internet.requests.length = 0;
  api.clear();
  internet.install();
  // The daily job is to have those of one test only.
  await env.DB.batch(
    ["custom_hostnames", "domains", "domain_claims"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
});

afterAll(() => {
  vi.unstubAllGlobals();
});

let created = 0;
const uniqueHost = (): string => `hosted${++created}.example`;

const submit = (
  user: TestUser,
  path: string,
  fields: Record<string, string> = {},
  send: Send = sendIt,
): Promise<Response> =>
  send(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "text/html", Origin: ORIGIN, Cookie: user.cookie },
  });

const change = (user: TestUser, host: string, hostname: "on" | "off"): Promise<Response> =>
  submit(user, `/settings/domains/${host}/hostname`, { hostname });

/** The page of a domain: what it says, and what its buttons do. */
async function open(user: TestUser, host: string, send: Send = sendIt) {
  const response = await send(`/settings/domains/${host}`, { headers: { Cookie: user.cookie } });
  const html = await response.text();
  const buttons = findElements(html, "button").map(({ name, value }) => `${name}=${value}`);
  const states = findElements(html, "div").flatMap((element) => element["data-state"] ?? []);
  return { status: response.status, text: mainText(html), html, buttons, state: states[1] };
}

/** A user with a domain that is proved. */
async function userWithDomain(host = uniqueHost()): Promise<{ user: TestUser; host: string }> {
  freezeClock();
  const user = await createUser();
  await proveFor(user, host);
  return { user, host };
}

/** Claims and proves a domain; the proof of another account is no longer published. */
async function proveFor(user: TestUser, host: string): Promise<void> {
  await submit(user, "/settings/domains", { domain: host });
  const claim = await env.DB.prepare(
    "SELECT value FROM domain_claims WHERE host = ? AND account = ?",
  )
    .bind(host, await accountId(user.name))
    .first<{ value: string }>();
  internet.publish(`_satchel.${host}`, claim?.value ?? "");
  await open(user, host);
  expect(await ownerOf(host)).toBe(await accountId(user.name));
}

/** A user whose domain leads here, with its certificate. */
async function userWithHost(): Promise<{ user: TestUser; host: string; id: string }> {
  const { user, host } = await userWithDomain();
  await change(user, host, "on");
  api.change(host, "active", "active");
  advanceClock(MINUTE_MS);
  expect((await open(user, host)).state).toBe("ready");
  const id = api.hostnames.get(host)?.id ?? "";
  api.takeCalls();
  return { user, host, id };
}

const ownerOf = (host: string) =>
  env.DB.prepare("SELECT account FROM domains WHERE host = ?").bind(host).first("account");

const rowOf = (host: string) =>
  env.DB.prepare("SELECT * FROM custom_hostnames WHERE host = ?").bind(host).first();

const hasStorage = (host: string) =>
  env.DB.prepare("SELECT has_storage FROM domains WHERE host = ?").bind(host).first("has_storage");

const runDaily = (delayMs: number, variables: Record<string, string> = {}): Promise<void> =>
  worker.scheduled({ scheduledTime: Date.now() + delayMs } as ScheduledController, {
    ...env,
    ...SETTINGS,
    ...variables,
  });

describe("Leading a domain here", () => {
  it("asks for a custom hostname, with the token, and shows what to enter", async () => {
    const { user, host } = await userWithDomain();
    const before = await open(user, host);
    expect(before.buttons).toContain("hostname=on");
    expect(before.buttons).not.toContain("storage=on");
    expect(api.calls).toEqual([]);

    const response = await change(user, host, "on");
    expect(response.headers.get("location")).toBe(`/settings/domains/${host}`);
    expect(api.calls).toEqual([
      {
        method: "POST",
        path: "",
        body: { hostname: host, ssl: { method: "http", type: "dv" } },
        authorization: `Bearer ${TOKEN}`,
      },
    ]);
    expect(await rowOf(host)).toMatchObject({
      account: await accountId(user.name),
      id: api.hostnames.get(host)?.id,
      status: "pending",
      problem: null,
    });
    const page = await open(user, host);
    expect(page.state).toBe("waiting");
    expect(page.text).toMatch(new RegExp(`CNAME .*${host}.* ${TARGET}`));
    expect(page.text).toContain("doesn’t point here yet");
    expect(page.text).toContain("certificate is being requested");
    const copies = findElements(page.html, "button").map((button) => button["data-copy"]);
    expect(copies).toEqual(expect.arrayContaining(["cname", "cname-name"]));
    // WebFinger must not name a host without a certificate.
    expect(page.buttons).not.toContain("storage=on");
    expect(page.html).not.toContain(TOKEN);
  });

  it.each([
    ["pending", "pending_validation", "waiting", /waits until the domain points here/],
    ["active", "pending_issuance", "waiting", /points here\. The certificate is being issued/],
    ["active", "pending_deployment", "waiting", /is being installed/],
    ["active_redeploying", "active", "ready", /points here\. The certificate is valid/],
    ["active", "pending_expiration", "ready", /certificate is valid/],
    ["provisioned", "a_word_of_tomorrow", "waiting", /doesn’t point here yet/],
    ["pending", "validation_timed_out", "stuck", /couldn’t be issued in time/],
    ["active", "expired", "stuck", /no certificate any more/],
    ["moved", "active", "stuck", /doesn’t point here any more/],
    ["blocked", "pending_validation", "stuck", /zone hold/],
    ["deleted", "deleted", "stuck", /has given up/],
  ])("says what %s and %s mean", async (status, certificate, state, text) => {
    const { user, host } = await userWithDomain();
    await change(user, host, "on");
    api.change(host, status, certificate);
    advanceClock(MINUTE_MS);
    const page = await open(user, host);
    expect([page.state, page.text]).toEqual([state, expect.stringMatching(text)]);
    expect(page.buttons.includes("storage=on")).toBe(state === "ready");
    expect(page.buttons.includes("hostname=on")).toBe(state === "stuck");
  });

  it("shows what Cloudflare and the certificate authority say is wrong, as text", async () => {
    const { user, host } = await userWithDomain();
    await change(user, host, "on");
    api.change(host, "pending", "pending_validation", {
      verification_errors: ["custom hostname does not CNAME to this zone."],
      ssl: {
        method: "http",
        type: "dv",
        status: "pending_validation",
        validation_errors: [{ message: "CAA <b>forbids</b> issuing" }],
      },
    });
    advanceClock(MINUTE_MS);
    const { html, text } = await open(user, host);
    expect(text).toContain("custom hostname does not CNAME to this zone. · CAA <b>forbids</b>");
    expect(html).not.toContain("<b>forbids");
  });

  it("is checked again while it waits, but not at once; and not once it works", async () => {
    const { user, host } = await userWithDomain();
    await change(user, host, "on");
    const { id } = api.hostnames.get(host) ?? {};
    api.takeCalls();
    const page = await open(user, host);
    expect(api.takeCalls()).toEqual([]);
    expect(page.html).toContain("/domain.js");
    advanceClock(MINUTE_MS);
    await open(user, host);
    await open(user, host);
    expect(api.takeCalls()).toEqual([`GET /${id}`]);
    api.change(host, "active", "active");
    advanceClock(MINUTE_MS);
    await open(user, host);
    expect(api.takeCalls()).toEqual([`GET /${id}`]);
    advanceClock(MINUTE_MS);
    expect((await open(user, host)).html).not.toContain("/domain.js");
    expect(api.takeCalls()).toEqual([]);
  });

  it("pressed again and again asks once", async () => {
    const { user, host } = await userWithDomain();
    await change(user, host, "on");
    await change(user, host, "on");
    await Promise.all([change(user, host, "on"), change(user, host, "on")]);
    expect(api.takeCalls()).toEqual(["POST "]);
  });

  it("has the storage there once it works, and no pages", async () => {
    const { user, host } = await userWithHost();
    await submit(user, `/settings/domains/${host}/storage`, { storage: "on" });
    expect(await hasStorage(host)).toBe(1);
    // First the storage ends there, which apps use.
    const { buttons } = await open(user, host);
    expect(buttons).toContain("storage=off");
    expect(buttons).not.toContain("hostname=off");
    advanceClock(MINUTE_MS);
    expect((await sendIt(`https://${host}/storage/${user.name}/`)).status).toBe(401);
    expect((await sendIt(`https://${host}/sign-in`)).status).toBe(404);
  });

  it("gives a long name Cloudflare's as the common name of its certificate", async () => {
    const { user, host } = await userWithDomain(`${"a".repeat(60)}.${uniqueHost()}`);
    await change(user, host, "on");
    expect(api.calls[0]?.body).toMatchObject({ ssl: { cloudflare_branding: true } });
  });
});

describe("A call whose answer is lost", () => {
  it("is repeated, and finds the custom hostname that it has made, among others like it", async () => {
    const { user, host } = await userWithDomain();
    api.hostnames.set(`x.${host}`, {
      id: "another-one",
      hostname: `x.${host}`,
      status: "active",
      ssl: { method: "http", type: "dv", status: "active" },
    });
    api.answers = [() => null];
    await change(user, host, "on");
    const { id } = api.hostnames.get(host) ?? {};
    expect(await rowOf(host)).toMatchObject({ id: null, problem: "unavailable" });
    expect((await open(user, host)).text).toContain("couldn’t be asked just now");
    advanceClock(MINUTE_MS);
    expect((await open(user, host)).state).toBe("waiting");
    expect(api.takeCalls()).toEqual(["POST ", "POST ", `GET ?hostname=${host}`]);
    expect(await rowOf(host)).toMatchObject({ id, problem: null });
  });

  it("leaves nothing behind if the domain is removed meanwhile, even if it is carried out late", async () => {
    const { user, host } = await userWithDomain();
    api.answers = [() => null];
    await change(user, host, "on");
    const late = api.hostnames.get(host);
    api.hostnames.delete(host);
    await submit(user, `/settings/domains/${host}/remove`);
    await runDaily(10 * MINUTE_MS);
    expect(await rowOf(host)).not.toBeNull();
    if (late) api.hostnames.set(host, late);
    await runDaily(2 * HOUR_MS);
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
  });
});

describe("An answer about another custom hostname", () => {
  it.each(["POST", "list", "GET"])("is not believed: %s", async (kind) => {
    const { user, host } = await userWithDomain();
    const other = {
      id: "of-somebody-else",
      hostname: "other.example",
      status: "active",
      ssl: { method: "http", type: "dv", status: "active" },
    };
    api.hostnames.set(other.hostname, other);
    if (kind === "POST") api.answers = [() => apiAnswer(201, other)];
    if (kind === "list") {
      api.fault = (method) =>
        method === "POST"
          ? apiAnswer(409, null, [[1406, "Duplicate custom hostname found."]])
          : apiAnswer(200, [other]);
    }
    await change(user, host, "on");
    if (kind === "GET") {
      api.answers = [() => apiAnswer(200, other)];
      advanceClock(MINUTE_MS);
      await open(user, host);
    }
    const row = await rowOf(host);
    expect(row?.id).toBe(kind === "GET" ? api.hostnames.get(host)?.id : null);
    expect(row?.status).not.toBe("active");
    expect(row?.problem).toBe(kind === "list" ? "taken" : "unavailable");
    await submit(user, `/settings/domains/${host}/remove`);
    await runDaily(2 * HOUR_MS);
    expect(api.hostnames.get(other.hostname)).toEqual(other);
  });
});

describe("What Cloudflare refuses", () => {
  it.each<[string, () => Response, string, RegExp]>([
    [
      "missing rights",
      () => apiAnswer(403, null, [[10000, "Authentication error"]]),
      "operator",
      /operator of this site has to change/,
    ],
    [
      "a wrong zone",
      () => apiAnswer(404, null, [[7003, "Could not route to /zones/x."]]),
      "operator",
      /operator of this site has to change/,
    ],
    [
      "a full quota",
      () => apiAnswer(403, null, [[1405, "Quota exceeded."]]),
      "quota",
      /No more domains can point here/,
    ],
    [
      "the name",
      () => apiAnswer(400, null, [[1409, "Reserved top domain custom hostnames"]]),
      "refused",
      /doesn’t accept the name.*Reserved top domain/,
    ],
    [
      "too many calls",
      () => apiAnswer(429, null, [[10429, "Rate limited."]]),
      "busy",
      /asked too often/,
    ],
    [
      "an error of its own",
      () => apiAnswer(500, null, [[1500, "Internal"]]),
      "unavailable",
      /just now/,
    ],
    [
      "the page of a proxy",
      () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
      "unavailable",
      /just now/,
    ],
    [
      "an answer without an end",
      () => new Response("x".repeat(2 ** 21)),
      "unavailable",
      /just now/,
    ],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { Location: "https://evil.example/" } }),
      "unavailable",
      /just now/,
    ],
  ])(
    "is said to the user and to the operator, without the token: %s",
    async (_, answer, problem, text) => {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const { user, host } = await userWithDomain();
      api.fault = answer;
      await change(user, host, "on");
      expect(await rowOf(host)).toMatchObject({ id: null, problem });
      expect((await open(user, host)).text).toMatch(text);
      const lines = warn.mock.calls.map(([line]) => String(line));
      warn.mockRestore();
      expect(lines.some((line) => line.includes("Cloudflare"))).toBe(true);
      for (const secret of [TOKEN, host, user.name]) expect(lines.join()).not.toContain(secret);
      expect(internet.requests.filter((url) => url.includes("evil.example"))).toEqual([]);
    },
  );

  it("because somebody else has the name there: nothing of theirs is shown or deleted", async () => {
    const { user, host } = await userWithDomain();
    api.fault = (method) =>
      method === "POST" ? apiAnswer(409, null, [[1406, "Duplicate"]]) : apiAnswer(200, []);
    await change(user, host, "on");
    expect((await open(user, host)).text).toContain("Somebody else has this domain");
    api.fault = null;
    api.takeCalls();
    await submit(user, `/settings/domains/${host}/remove`);
    await runDaily(2 * HOUR_MS);
    expect(api.takeCalls()).toEqual([`GET ?hostname=${host}`]);
    expect(await rowOf(host)).toBeNull();
  });

  it("for a reason of the operator's is tried again each day, other refusals only on request", async () => {
    const [one, two] = [await userWithDomain(), await userWithDomain()];
    api.fault = () => apiAnswer(403, null, [[10000, "Authentication error"]]);
    await change(one.user, one.host, "on");
    api.fault = () => apiAnswer(400, null, [[1409, "Reserved"]]);
    await change(two.user, two.host, "on");
    api.fault = null;
    await runDaily(DAY_MS);
    expect(api.hostnames.has(one.host)).toBe(true);
    expect(api.hostnames.has(two.host)).toBe(false);
    advanceClock(MINUTE_MS);
    await change(two.user, two.host, "on");
    expect(api.hostnames.has(two.host)).toBe(true);
  });

  it("says nothing about a host that works", async () => {
    const { user, host, id } = await userWithHost();
    api.fault = () => apiAnswer(500, null, [[1500, "Internal"]]);
    await runDaily(8 * DAY_MS);
    expect(await rowOf(host)).toMatchObject({ id, status: "active", problem: "unavailable" });
    expect((await open(user, host)).state).toBe("ready");
    api.fault = () => apiAnswer(403, null, [[10000, "Authentication error"]]);
    await runDaily(9 * DAY_MS);
    api.fault = null;
    api.takeCalls();
    advanceClock(MINUTE_MS);
    await change(user, host, "on");
    expect(api.takeCalls()).toEqual([`GET /${id}`]);
    expect(await rowOf(host)).toMatchObject({ id, status: "active", problem: null });
  });
});

describe("A custom hostname on which Cloudflare has given up", () => {
  it("because it moved away is looked at again on request", async () => {
    const { user, host, id } = await userWithHost();
    api.change(host, "moved", "active");
    await runDaily(8 * DAY_MS);
    expect((await open(user, host)).state).toBe("stuck");
    api.takeCalls();
    advanceClock(MINUTE_MS);
    await change(user, host, "on");
    expect(api.calls[0]).toMatchObject({
      method: "PATCH",
      path: `/${id}`,
      body: { ssl: { method: "http", type: "dv" } },
    });
    expect((await open(user, host)).state).toBe("waiting");
  });

  it("and deleted it is not made again by itself, but on request", async () => {
    const { user, host } = await userWithHost();
    api.hostnames.delete(host);
    await runDaily(8 * DAY_MS);
    await runDaily(9 * DAY_MS);
    expect((await open(user, host)).text).toContain("has given up");
    expect(api.takeCalls().filter((call) => call.startsWith("POST"))).toEqual([]);
    advanceClock(MINUTE_MS);
    await change(user, host, "on");
    expect(api.hostnames.has(host)).toBe(true);
  });
});

describe("Nobody can lead here", () => {
  it("a domain that is not theirs, or not proved", async () => {
    const { host } = await userWithDomain();
    const other = await createUser();
    const open = uniqueHost();
    await submit(other, "/settings/domains", { domain: host });
    await submit(other, "/settings/domains", { domain: open });
    for (const domain of [host, open, "none.example"]) {
      expect((await change(other, domain, "on")).status).toBe(404);
      expect((await change(other, domain, "off")).status).toBe(404);
      expect(await rowOf(domain)).toBeNull();
    }
    expect(api.calls).toEqual([]);
  });

  it("another's host, by ending it", async () => {
    const { host } = await userWithHost();
    const other = await createUser();
    await submit(other, "/settings/domains", { domain: host });
    expect((await change(other, host, "off")).status).toBe(404);
    await submit(other, `/settings/domains/${host}/remove`);
    expect(api.hostnames.has(host)).toBe(true);
    expect(api.calls).toEqual([]);
  });

  it.each(["target.example", "x.target.example"])(
    "the target, or a name below it: %s",
    async (domain) => {
      const user = await createUser();
      const send = sendWithSettings({ ...SETTINGS, CUSTOM_HOSTNAMES_TARGET: "target.example" });
      const response = await submit(user, "/settings/domains", { domain }, send);
      expect([response.status, mainText(await response.text())]).toEqual([
        400,
        expect.stringContaining("belongs to this site"),
      ]);
    },
  );

  it("more domains than the operator pays for", async () => {
    const { user, host } = await userWithDomain();
    const sendFull = sendWithSettings({ ...SETTINGS, CUSTOM_HOSTNAMES_MAX: "0" });
    const path = `/settings/domains/${host}/hostname`;
    const response = await submit(user, path, { hostname: "on" }, sendFull);
    expect([response.status, mainText(await response.text())]).toEqual([
      400,
      expect.stringContaining("No more domains can point here"),
    ]);
    expect(api.calls).toEqual([]);
    expect(await rowOf(host)).toBeNull();
  });

  it.each([
    ["a token", { ...SETTINGS, CUSTOM_HOSTNAMES_TOKEN: "" }],
    ["a zone", { ...SETTINGS, CUSTOM_HOSTNAMES_ZONE: "" }],
  ])("without %s: the page explains the route instead", async (_, settings) => {
    const { user, host } = await userWithDomain();
    const send = sendWithSettings(settings);
    const page = await open(user, host, send);
    expect(page.text).toContain(`${host}/*`);
    expect(page.buttons).not.toContain("hostname=on");
    const path = `/settings/domains/${host}/hostname`;
    expect((await submit(user, path, { hostname: "on" }, send)).status).toBe(404);
    expect(api.calls).toEqual([]);
  });
});

describe("A custom hostname is deleted", () => {
  it("at once when its user ends it, with the storage there", async () => {
    const { user, host, id } = await userWithHost();
    await submit(user, `/settings/domains/${host}/storage`, { storage: "on" });
    await change(user, host, "off");
    expect(api.takeCalls()).toEqual([`DELETE /${id}`]);
    expect(await rowOf(host)).toBeNull();
    expect(await hasStorage(host)).toBe(0);
    expect((await open(user, host)).buttons).toContain("hostname=on");
  });

  it("at once when its domain is removed", async () => {
    const { user, host, id } = await userWithHost();
    await submit(user, `/settings/domains/${host}/remove`);
    expect(api.takeCalls()).toEqual([`DELETE /${id}`]);
    expect(await rowOf(host)).toBeNull();
  });

  it("by an administrator who removes its domain, and sees its state before", async () => {
    const { user, host } = await userWithHost();
    const admin = await createAdministrator();
    const list = await sendIt("/admin/domains", { headers: { Cookie: admin.cookie } });
    expect(mainText(await list.text())).toMatch(
      new RegExp(`${host} .*at Cloudflare: active, certificate: active`),
    );
    await submit(admin, `/admin/domains/${host}/${user.name}/remove`);
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
  });

  it.each([
    ["fails", () => apiAnswer(500, null, [[1500, "Internal"]])],
    ["is replaced by a page", () => new Response("<p>Welcome</p>")],
  ])("by the daily job, each day until it succeeds, if the API %s at first", async (_, fault) => {
    const { user, host, id } = await userWithHost();
    api.fault = fault;
    await submit(user, `/settings/domains/${host}/remove`);
    await runDaily(DAY_MS);
    expect(api.takeCalls()).toEqual([`DELETE /${id}`, `DELETE /${id}`]);
    expect(await rowOf(host)).toMatchObject({ id });
    api.fault = null;
    await runDaily(2 * DAY_MS);
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
    await runDaily(3 * DAY_MS);
    expect(api.takeCalls()).toEqual([`DELETE /${id}`]);
  });

  it("if it was deleted there already", async () => {
    const { user, host } = await userWithHost();
    api.hostnames.delete(host);
    await submit(user, `/settings/domains/${host}/remove`);
    expect(await rowOf(host)).toBeNull();
  });

  it("not while only the API says that it is not there: a wrong zone is no deletion", async () => {
    const { user, host, id } = await userWithHost();
    api.fault = () => apiAnswer(404, null, [[7003, "Could not route."]]);
    await submit(user, `/settings/domains/${host}/remove`);
    expect(await rowOf(host)).toMatchObject({ id });
  });

  it("by the daily job when another account has taken the domain", async () => {
    const { host } = await userWithHost();
    const bob = await createUser();
    await proveFor(bob, host);
    const page = await open(bob, host);
    expect(page.buttons).toContain("hostname=on");
    expect(api.hostnames.has(host)).toBe(true);
    await runDaily(DAY_MS);
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
  });

  it("not if that account wants it by then: it is found again", async () => {
    const { user, host, id } = await userWithHost();
    await submit(user, `/settings/domains/${host}/storage`, { storage: "on" });
    const bob = await createUser();
    await proveFor(bob, host);
    await change(bob, host, "on");
    await runDaily(DAY_MS);
    expect(api.hostnames.get(host)?.id).toBe(id);
    expect(await rowOf(host)).toMatchObject({ id, account: await accountId(bob.name) });
    expect(await hasStorage(host)).toBe(0);
    expect((await open(bob, host)).state).toBe("ready");
    advanceClock(MINUTE_MS);
    expect((await sendIt(`https://${host}/storage/${user.name}/`)).status).toBe(421);
  });

  it("by the daily job that ends the domain, because its proof is gone", async () => {
    const { host } = await userWithHost();
    internet.dns.clear();
    await runDaily(31 * DAY_MS);
    expect(api.hostnames.has(host)).toBe(true);
    await runDaily(46 * DAY_MS);
    expect(await ownerOf(host)).toBeNull();
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
  });

  it("by the daily job after its account was deleted, and then nothing of it is left", async () => {
    const { user, host } = await userWithHost();
    await submit(user, "/settings/delete", { name: user.name });
    expect(await ownerOf(host)).toBeNull();
    await runDaily(DAY_MS);
    expect(api.hostnames.has(host)).toBe(false);
    expect(await rowOf(host)).toBeNull();
  });
});

describe("A host that still leads here after its domain was removed", () => {
  it("serves no pages and no storage, also while it is still there at Cloudflare", async () => {
    const { user, host } = await userWithHost();
    await submit(user, `/settings/domains/${host}/storage`, { storage: "on" });
    api.fault = () => apiAnswer(500, null, [[1500, "Internal"]]);
    await submit(user, `/settings/domains/${host}/remove`);
    advanceClock(MINUTE_MS);
    for (const unknown of [host, "never-ours.example", "192.0.2.1"]) {
      expect((await sendIt(`https://${unknown}/sign-in`)).status).toBe(404);
      expect((await sendIt(`https://${unknown}/storage/${user.name}/`)).status).toBe(421);
    }
    expect((await sendIt("/sign-in")).status).toBe(200);
    expect((await sendIt(`/storage/${user.name}/`)).status).toBe(401);
  });
});

describe("The daily job on the free plan", () => {
  it("checks some within its calls, and those first that wait for longest", async () => {
    const hosts = Array.from({ length: 8 }, uniqueHost);
    const user = await createUser();
    for (const host of hosts) {
      await proveFor(user, host);
      await change(user, host, "on");
    }
    const checked = new Set<string>();
    for (let day = 1; checked.size < hosts.length; day++) {
      expect(day).toBeLessThanOrEqual(hosts.length);
      await env.DB.prepare("UPDATE domain_claims SET next_check_at = 0").run();
      api.takeCalls();
      internet.requests.length = 0;
      await runDaily(day * DAY_MS, { SUBREQUESTS: "50" });
      const calls = api.takeCalls();
      expect(calls.length).toBeGreaterThan(0);
      expect(internet.requests.length).toBeLessThan(30);
      for (const call of calls) checked.add(call);
    }
  });
});

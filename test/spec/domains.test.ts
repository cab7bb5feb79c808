/** Domains of users: claims, proof in DNS or in a file, taking over, daily checks, administrators. */

import { env } from "cloudflare:workers";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { listLocalEmails } from "../../src/accounts/send-email";
import worker from "../../src/index";
import { createAdministrator, loadAuditLog, openPage, submitForm } from "../support/admin";
import { advanceClock, DAY_MS, runDailyJob, SECOND_MS } from "../support/clock";
import { guardBindings } from "../support/guard/bindings";
import { findElements, mainText } from "../support/html";
import { TestInternet } from "../support/internet";
import { createUser, send, type TestUser } from "../support/provider";
import { accountId, activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

const internet = new TestInternet();

beforeEach(() => {
  internet.dns.clear();
  internet.files.clear();
  internet.down.clear();
  internet.requests.length = 0;
  internet.install();
});

afterAll(() => {
  vi.unstubAllGlobals();
});

let created = 0;
/** A host that no other test has. */
const uniqueHost = (): string => `d${++created}.example`;

const add = (user: TestUser, domain: string): Promise<Response> =>
  submitForm(user, "/settings/domains", { domain });

/** The page of a domain, which checks it. */
async function open(user: TestUser, host: string) {
  const response = await openPage(user, `/settings/domains/${host}`);
  const html = await response.text();
  const [state] = findElements(html, "div").flatMap((element) => element["data-state"] ?? []);
  return { status: response.status, state, html, text: mainText(html) };
}

/** Claims a host. Returns the value that proves it. */
async function claim(user: TestUser, host: string): Promise<string> {
  expect((await add(user, host)).status).toBe(303);
  return claimedValue(user, host);
}

async function claimedValue(user: TestUser, host: string): Promise<string> {
  const row = await env.DB.prepare("SELECT value FROM domain_claims WHERE host = ? AND account = ?")
    .bind(host, await accountId(user.name))
    .first<{ value: string }>();
  return row?.value ?? "";
}

/** Claims a host, and proves it in DNS. Returns the value. */
async function prove(user: TestUser, host: string): Promise<string> {
  const value = await claim(user, host);
  internet.publish(`_satchel.${host}`, value);
  expect((await open(user, host)).state).toBe("active");
  return value;
}

/** Whom WebFinger finds at a host. */
async function ownerOf(host: string): Promise<string | null> {
  const response = await send(`/.well-known/webfinger?resource=https://${host}/`);
  if (response.status !== 200) return null;
  const { links } = (await response.json()) as { links: { href: string }[] };
  return links[0]?.href.split("/").at(-1) ?? null;
}

describe("Adding a domain", () => {
  it("shows exactly what to publish, and whose address it names", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    expect(value).toMatch(new RegExp(`^satchel:${user.name}@satchel.example:[\\w-]{22}$`));
    const page = await open(user, host);
    expect(page.state).toBe("open");
    for (const text of [`_satchel.${host}`, value, `https://${host}/.well-known/satchel.txt`]) {
      expect(page.text).toContain(text);
    }
    expect(findElements(page.html, "button").filter((button) => button["data-copy"])).toHaveLength(
      4,
    );
    expect(await ownerOf(host)).toBeNull();
  });

  it.each([
    ["Alice.Example-1.EXAMPLE", "alice.example-1.example"],
    ["https://pasted-url.example/", "pasted-url.example"],
    ["alice@pasted-address.example", "pasted-address.example"],
    ["final-dot.example.", "final-dot.example"],
    ["Blümchen.example", "xn--blmchen-o2a.example"],
  ])("takes %s as %s", async (typed, host) => {
    const response = await add(await createUser(), typed);
    expect(response.headers.get("location")).toBe(`/settings/domains/${host}`);
  });

  it.each([
    "",
    "alice",
    "alice.example/path",
    "alice.example:8443",
    "alice_1.example",
    "192.0.2.1",
    "0x7f.1",
    "[2001:db8::1]",
    "localhost",
    "printer.local",
    "app.localhost",
    "vault.internal",
    "4.3.2.1.in-addr.arpa",
    "co.uk",
    "github.io",
    "com",
    "satchel.example",
    "SATCHEL.example.",
    "alice.satchel.example",
    `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`,
  ])("refuses %j, and claims nothing", async (typed) => {
    const user = await createUser();
    const response = await add(user, typed);
    expect(response.status).toBe(400);
    expect(findElements(await response.text(), "p").some((p) => p.role === "alert")).toBe(true);
    const { results } = await env.DB.prepare("SELECT 1 FROM domain_claims WHERE account = ?")
      .bind(await accountId(user.name))
      .all();
    expect(results).toEqual([]);
    expect(internet.requests).toEqual([]);
  });

  it("again keeps the value that may be published already", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    expect(await claim(user, host)).toBe(value);
  });

  it("is refused beyond ten", async () => {
    const user = await createUser();
    for (let i = 0; i < 10; i++) await claim(user, uniqueHost());
    const response = await add(user, uniqueHost());
    expect([response.status, mainText(await response.text())]).toEqual([
      400,
      expect.stringContaining("at most 10"),
    ]);
  });
});

describe("Proof in DNS", () => {
  it("makes the domain an address at once", async () => {
    const user = await createUser();
    const host = uniqueHost();
    await prove(user, host);
    expect(await ownerOf(host)).toBe(user.name);
    const page = await open(user, host);
    expect(page.text).toContain(`${user.name}@${host}`);
    expect((await activityRows(user.name)).map(({ kind }) => kind)).toContain("domain-added");
  });

  it("is found among other records, in pieces, and with another case of the name", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    internet.publish(`_satchel.${host}`, "v=spf1 -all", `${value}x`, value);
    expect((await open(user, host)).state).toBe("active");
  });

  it.each<[string, (host: string, value: string) => void, RegExp]>([
    ["there is no record", () => {}, /no such record yet/],
    [
      "the record has another value",
      (host) => internet.publish(`_satchel.${host}`, "satchel:alice@satchel.example:old"),
      /another value, perhaps an older one/,
    ],
    [
      "only one resolver sees it",
      (host, value) => internet.dns.set(`dns.google _satchel.${host}`, { txt: [value] }),
      /only one of two DNS servers/,
    ],
    [
      "it is behind a CNAME, which somebody else may have registered",
      (host, value) =>
        internet.dns.set(`_satchel.${host}`, { cname: "dangling.example", txt: [value] }),
      /an alias \(CNAME\)/,
    ],
    [
      "the name servers fail",
      (host) => internet.dns.set(`_satchel.${host}`, { status: 2 }),
      /name servers don’t answer/,
    ],
    [
      "a resolver does not answer",
      (host, value) => {
        internet.publish(`_satchel.${host}`, value);
        internet.down.add("dns.google");
      },
      /couldn’t be asked/,
    ],
    [
      "it is at the domain itself",
      (host, value) => internet.publish(host, value),
      /no such record yet/,
    ],
  ])(
    "is not there if %s: the page says so, and nobody has the domain",
    async (_, publish, text) => {
      const user = await createUser();
      const host = uniqueHost();
      publish(host, await claim(user, host));
      const page = await open(user, host);
      expect([page.state, page.text]).toEqual(["open", expect.stringMatching(text)]);
      expect(await ownerOf(host)).toBeNull();
    },
  );

  it("is looked for again when the page is loaded, but not at once", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    expect((await open(user, host)).state).toBe("open");
    internet.publish(`_satchel.${host}`, value);
    const before = internet.requests.length;
    expect((await open(user, host)).state).toBe("open");
    expect(internet.requests.length).toBe(before);
    advanceClock(30 * SECOND_MS);
    expect((await open(user, host)).state).toBe("active");
    expect(internet.requests.length).toBe(before + 3);
  });

  it("does not count for another account, or for another host", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const [host, other] = [uniqueHost(), uniqueHost()];
    const value = await claim(alice, host);
    await claim(bob, host);
    await claim(alice, other);
    internet.publish(`_satchel.${host}`, value);
    internet.publish(`_satchel.${other}`, value);
    expect((await open(bob, host)).state).toBe("open");
    expect((await open(alice, other)).state).toBe("open");
    expect(await ownerOf(host)).toBeNull();
  });
});

describe("Proof in a file", () => {
  const urlOf = (host: string) => `https://${host}/.well-known/satchel.txt`;

  it("is a line of it", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    internet.files.set(urlOf(host), () => new Response(`# mine\r\n${value}\r\n`));
    expect((await open(user, host)).state).toBe("active");
    expect(await ownerOf(host)).toBe(user.name);
  });

  it.each<[string, (value: string) => Response, RegExp]>([
    [
      "a redirect, wherever it leads",
      (v) => new Response(v, { status: 302, headers: { Location: "https://evil.example/" } }),
      /redirects to another/,
    ],
    ["a part of a longer line", (v) => new Response(`<a>${v}</a>`), /none of its lines/],
    ["an error page with the value", (v) => new Response(v, { status: 404 }), /no such file/],
    ["an answer of a failing server", (v) => new Response(v, { status: 503 }), /No web site/],
    [
      "beyond the first kilobytes",
      (v) => new Response(`${"x\n".repeat(4096)}${v}`),
      /none of its lines/,
    ],
  ])("is not %s", async (_, respond, text) => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    internet.files.set(urlOf(host), () => respond(value));
    const page = await open(user, host);
    expect([page.state, page.text]).toEqual(["open", expect.stringMatching(text)]);
    expect(internet.requests.filter((url) => url.includes("evil.example"))).toEqual([]);
    expect(await ownerOf(host)).toBeNull();
  });
});

describe("On the local server, a file", () => {
  it("is not looked for by the local server, whose network is private", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await claim(user, host);
    internet.files.set(`https://${host}/.well-known/satchel.txt`, () => new Response(value));
    const sendLocally = sendWithSettings({ LOCAL_SERVER: "yes" } as never);
    const page = await sendLocally(`/settings/domains/${host}`, {
      headers: { Cookie: user.cookie },
    });
    expect(await page.text()).not.toContain("satchel.txt");
    expect(internet.requests.length).toBe(2);
    expect(internet.requests.filter((url) => url.includes("satchel.txt"))).toEqual([]);
    expect(await ownerOf(host)).toBeNull();
  });
});

describe("A domain of another account", () => {
  it("cannot be taken while that account's value is published: the page says so", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    const value = await prove(alice, host);
    internet.publish(`_satchel.${host}`, value, await claim(bob, host));
    const page = await open(bob, host);
    expect([page.state, page.text]).toEqual([
      "taken",
      expect.stringContaining("belongs to another account here"),
    ]);
    expect(page.text).not.toContain(alice.name);
    expect(await ownerOf(host)).toBe(alice.name);
  });

  it("cannot be taken while a resolver does not answer, whatever a file says", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await prove(alice, host);
    const value = await claim(bob, host);
    internet.files.set(`https://${host}/.well-known/satchel.txt`, () => new Response(value));
    internet.down.add("cloudflare-dns.com");
    expect((await open(bob, host)).state).toBe("taken");
    expect(await ownerOf(host)).toBe(alice.name);
  });

  it("cannot be taken while its name servers fail, whatever a file says", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await prove(alice, host);
    const value = await claim(bob, host);
    internet.files.set(`https://${host}/.well-known/satchel.txt`, () => new Response(value));
    internet.dns.set(`_satchel.${host}`, { status: 2 });
    expect((await open(bob, host)).state).toBe("taken");
    expect(await ownerOf(host)).toBe(alice.name);
  });

  it("is taken with a proof of one's own once the other is gone, and that account is told", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await prove(alice, host);
    internet.publish(`_satchel.${host}`, await claim(bob, host));
    expect((await open(bob, host)).state).toBe("active");
    expect(await ownerOf(host)).toBe(bob.name);
    expect((await open(alice, host)).status).toBe(404);
    const [lost] = (await activityRows(alice.name)).filter(({ kind }) => kind === "domain-lost");
    expect(lost).toMatchObject({ host, why: "taken" });
    // With a new value it goes back the same way.
    internet.publish(`_satchel.${host}`, await claim(alice, host));
    expect((await open(alice, host)).state).toBe("active");
    expect(await ownerOf(host)).toBe(alice.name);
  });

  it("that the operator has given is never taken", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES (?, ?)")
      .bind(host, await accountId(alice.name))
      .run();
    internet.publish(`_satchel.${host}`, await claim(bob, host));
    expect((await open(bob, host)).state).toBe("taken");
    expect(await ownerOf(host)).toBe(alice.name);
    expect(await open(alice, host)).toMatchObject({ status: 200, state: "given" });
    // To add it oneself changes nothing: no proof is needed.
    await add(alice, host);
    expect(await claimedValue(alice, host)).toBe("");
  });
});

describe("A domain that the operator gives to an account with an open claim to it", () => {
  it("is never taken either", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await claim(alice, host);
    await env.DB.prepare("INSERT INTO domains (host, account) VALUES (?, ?)")
      .bind(host, await accountId(alice.name))
      .run();
    internet.publish(`_satchel.${host}`, await claim(bob, host));
    expect((await open(bob, host)).state).toBe("taken");
    await runDailyJob(DAY_MS);
    expect(await ownerOf(host)).toBe(alice.name);
  });
});

describe("The daily job", () => {
  it("proves open claims, too", async () => {
    const user = await createUser();
    const host = uniqueHost();
    internet.publish(`_satchel.${host}`, await claim(user, host));
    await runDailyJob(DAY_MS);
    expect(await ownerOf(host)).toBe(user.name);
  });

  it("deletes claims that are not proved in two weeks", async () => {
    const user = await createUser();
    const host = uniqueHost();
    await claim(user, host);
    await runDailyJob(13 * DAY_MS);
    expect((await open(user, host)).status).toBe(200);
    await runDailyJob(15 * DAY_MS);
    expect((await open(user, host)).status).toBe(404);
  });

  it("looks once a month; if the value is gone, the user is told, and two weeks later it stops", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await prove(user, host);
    const kinds = async () => (await activityRows(user.name)).map(({ kind }) => kind);
    await runDailyJob(29 * DAY_MS);
    internet.dns.clear();
    internet.requests.length = 0;
    await runDailyJob(29 * DAY_MS);
    expect(internet.requests).toEqual([]);

    await runDailyJob(31 * DAY_MS);
    expect(await ownerOf(host)).toBe(user.name);
    expect(await kinds()).toContain("domain-failing");
    await runDailyJob(32 * DAY_MS);
    await runDailyJob(44 * DAY_MS);
    expect((await kinds()).filter((kind) => kind === "domain-failing")).toHaveLength(1);
    expect(await ownerOf(host)).toBe(user.name);

    await runDailyJob(46 * DAY_MS);
    expect(await ownerOf(host)).toBeNull();
    expect(await kinds()).toContain("domain-lost");
    internet.publish(`_satchel.${host}`, value);
    await runDailyJob(48 * DAY_MS);
    expect(await ownerOf(host)).toBe(user.name);
  });

  it("sends an email before a domain stops, and when it has, in all languages", async () => {
    const user = await createUser();
    const host = uniqueHost();
    await prove(user, host);
    const address = `${user.name}@mail.example`;
    await env.DB.prepare("UPDATE accounts SET email = ? WHERE name = ?")
      .bind(address, user.name)
      .run();
    const withMail = guardBindings({ ...env, MAIL: "local", ORIGIN: "https://satchel.example" });
    const day = (days: number) =>
      worker.scheduled(
        { scheduledTime: Date.now() + days * DAY_MS } as ScheduledController,
        withMail,
      );
    internet.dns.clear();
    for (const days of [31, 32, 46]) await day(days);
    const emails = listLocalEmails().filter(({ to }) => to === address);
    expect(emails.map(({ subject }) => subject)).toEqual([
      `Your domain ${host} has stopped`,
      `Your domain ${host} needs your attention`,
    ]);
    for (const { text } of emails) {
      expect(text).toContain(`https://satchel.example/settings/domains/${host}`);
      expect(text).toContain("nicht mehr");
    }
  });

  it("does not count a month in which DNS could not be asked", async () => {
    const user = await createUser();
    const host = uniqueHost();
    await prove(user, host);
    internet.down.add("dns.google");
    await runDailyJob(31 * DAY_MS);
    await runDailyJob(60 * DAY_MS);
    expect(await ownerOf(host)).toBe(user.name);
    expect((await activityRows(user.name)).map(({ kind }) => kind)).not.toContain("domain-failing");
  });
});

describe("The daily job's calls", () => {
  it("are bounded: on the free plan the claims that wait for longest come first", async () => {
    const user = await createUser();
    const hosts = Array.from({ length: 10 }, uniqueHost);
    for (const host of hosts) internet.publish(`_satchel.${host}`, await claim(user, host));
    await env.DB.prepare("UPDATE domain_claims SET next_check_at = 0").run();
    await env.DB.prepare("UPDATE domain_claims SET next_check_at = 1 WHERE host = ?")
      .bind(hosts[0])
      .run();
    internet.requests.length = 0;
    const free = guardBindings({ ...env, SUBREQUESTS: "50" });
    await worker.scheduled({ scheduledTime: Date.now() + DAY_MS } as ScheduledController, free);
    const asked = internet.requests.length;
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(40);
    expect(asked % 3).toBe(0);
    expect(internet.requests.join()).not.toContain(`${hosts[0]}`);
  });
});

describe("Removing a domain", () => {
  it("ends the address, and the proof of before counts no more", async () => {
    const user = await createUser();
    const host = uniqueHost();
    const value = await prove(user, host);
    expect((await submitForm(user, `/settings/domains/${host}/remove`)).status).toBe(303);
    expect(await ownerOf(host)).toBeNull();
    await add(user, host);
    expect(await claimedValue(user, host)).not.toBe(value);
    expect((await open(user, host)).state).toBe("open");
  });

  it("of another account does nothing", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await prove(alice, host);
    await submitForm(bob, `/settings/domains/${host}/remove`);
    expect((await openPage(bob, `/settings/domains/${host}/remove`)).status).toBe(404);
    expect(await ownerOf(host)).toBe(alice.name);
  });
});

describe("An administrator", () => {
  it("sees all domains with their state, and removes one", async () => {
    const [admin, alice] = [await createAdministrator(), await createUser()];
    const [proved, open] = [uniqueHost(), uniqueHost()];
    await prove(alice, proved);
    const value = await claim(alice, open);
    const html = await (await openPage(admin, "/admin/domains")).text();
    expect(mainText(html)).toMatch(new RegExp(`${proved} ${alice.name} , proved, last on`));
    expect(mainText(html)).toMatch(new RegExp(`${open} ${alice.name} , not proved, added on`));
    expect(html).not.toContain(value);

    const path = `/admin/domains/${proved}/${alice.name}/remove`;
    expect((await submitForm(alice, path)).status).toBe(403);
    expect(await ownerOf(proved)).toBe(alice.name);
    expect((await submitForm(admin, path)).status).toBe(303);
    expect(await ownerOf(proved)).toBeNull();
    expect((await loadAuditLog())[0]).toMatchObject({
      admin: admin.name,
      kind: "domain-removed",
      account: alice.name,
      detail: JSON.stringify({ host: proved }),
    });
    const [lost] = (await activityRows(alice.name)).filter(({ kind }) => kind === "domain-lost");
    expect(lost).toMatchObject({ host: proved, why: "administrator" });
    expect((await submitForm(admin, path)).status).toBe(404);
  });
});

describe("Leading a domain here", () => {
  it("is explained with the provider's own address, and only once the domain is proved", async () => {
    const user = await createUser();
    const host = uniqueHost();
    await claim(user, host);
    expect((await open(user, host)).text).not.toContain("location =");
    expect((await openPage(user, `/settings/domains/${host}/webfinger`)).status).toBe(404);
    const other = uniqueHost();
    await prove(user, other);
    const { text } = await open(user, other);
    expect(text).toContain("return 307 https://satchel.example$request_uri;");
    expect(text).toContain("redir @webfinger https://satchel.example{uri} 307");
  });

  it("offers what WebFinger says as a file", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const host = uniqueHost();
    await prove(user, host);
    const path = `/settings/domains/${host}/webfinger`;
    const file = await openPage(user, path);
    const resource = `acct:${user.name}@${host}`;
    const asked = await send(`/.well-known/webfinger?resource=${resource}`);
    expect(file.headers.get("content-disposition")).toContain("attachment");
    expect(await file.json()).toEqual(await asked.json());
    expect((await openPage(other, path)).status).toBe(404);
  });
});

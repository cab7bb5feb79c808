/** The pages of administration: who gets in, what they show, and what they never show. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { act, actOn, administrator, adminLog, forgetProofs, open } from "../support/admin";
import { DAY_MS, runDailyJob } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { activityRows, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { connectApp, createUser, send, type TestUser } from "../support/provider";

let admin: TestUser;
let person: TestUser;
beforeAll(async () => {
  admin = await administrator("the-admin");
  person = await createUser("somebody");
});

const text = async (response: Response): Promise<string> => mainText(await response.text());

const READS = [
  "/admin",
  "/admin/accounts",
  "/admin/accounts/somebody",
  "/admin/invitations",
  "/admin/settings",
  "/admin/log",
];
const ACTS = [
  "/admin/accounts/somebody/suspend",
  "/admin/accounts/somebody/quota",
  "/admin/accounts/somebody/reset-link",
  "/admin/accounts/somebody/make-administrator",
  "/admin/accounts/somebody/delete",
  "/admin/invitations/new",
];
/** What every form takes. */
const FIELDS = { name: "somebody", quota: "", note: "x", uses: "1", days: "1" };

describe("Who gets in", () => {
  it.each([...READS, ...ACTS])("%s: an administrator, nobody else", async (path) => {
    expect((await open(admin, path)).status).toBe(200);
    const refused = await open(person, path);
    expect(refused.status).toBe(403);
    expect(await text(refused)).toContain("for administrators");
    const stranger = await open(null, path);
    expect(stranger.headers.get("location")).toBe(
      `/sign-in?${new URLSearchParams({ next: path })}`,
    );
  });

  it.each(ACTS)("POST %s by anybody else changes nothing", async (path) => {
    const before = await allRows();
    expect((await act(person, path, FIELDS)).status).toBe(403);
    expect((await act(null, path, FIELDS)).status).toBe(303);
    const forged = await send(path, {
      method: "POST",
      body: new URLSearchParams(FIELDS),
      headers: { Cookie: admin.cookie, Origin: "https://evil.example" },
    });
    expect(forged.status).toBe(403);
    expect(await allRows()).toEqual(before);
  });

  it.each(ACTS)("%s asks for a fresh proof first, and changes nothing without", async (path) => {
    const late = await administrator();
    await forgetProofs();
    const before = await allRows();
    for (const response of [await open(late, path), await act(late, path, FIELDS)]) {
      expect(response.status).toBe(303);
      const next = new URLSearchParams({ next: path });
      expect(response.headers.get("location")).toBe(`/confirm?${next}`);
    }
    expect(await allRows()).toEqual(before);
    await env.DB.prepare("UPDATE sessions SET proved_at = ?").bind(Date.now()).run();
  });

  it("no more when they are no administrator any more", async () => {
    const former = await administrator();
    expect((await actOn(admin, former.name, "unmake-administrator")).status).toBe(303);
    expect((await open(former, "/admin")).status).toBe(403);
  });

  it("what is not there: an account, an act, an invitation", async () => {
    for (const [path, status] of [
      ["/admin/accounts/nobody-at-all", 404],
      ["/admin/accounts/nobody-at-all/suspend", 404],
      ["/admin/accounts/somebody/constructor", 409],
      ["/admin/invitations/nothing/revoke", 404],
      ["/admin/nothing", 404],
    ] as const) {
      expect([path, (await open(admin, path)).status]).toEqual([path, status]);
    }
  });
});

describe("An administrator sees how much somebody stores, never what", () => {
  it("no page has a name of a document, a module or an app", async () => {
    const owner = await createUser("secretive");
    const app = await connectApp(owner, "diarymodule:rw");
    await app.put("/diarymodule/lovefolder/letterdocument", "a".repeat(1234));
    await act(admin, "/admin/accounts/secretive/quota", { quota: "2 GB" });
    const paths = [...READS, "/admin/accounts?name=secr", "/admin/accounts/secretive"];
    const acts = ["suspend", "quota", "reset-link", "make-administrator", "delete"];
    for (const path of [...paths, ...acts.map((one) => `/admin/accounts/secretive/${one}`)]) {
      const response = await open(admin, path);
      expect(response.status).toBe(200);
      const html = await response.text();
      for (const secret of ["diarymodule", "lovefolder", "letterdocument", "app.example"]) {
        expect([path, html.includes(secret)]).toEqual([path, false]);
      }
    }
    expect(await text(await open(admin, "/admin/accounts/secretive"))).toContain("1.2 kB");
  });
});

describe("The overview", () => {
  it("counts accounts, documents and bytes", async () => {
    const html = await (await open(admin, "/admin")).text();
    const { n } = (await env.DB.prepare(
      "SELECT count(*) AS n FROM accounts WHERE deleted_at IS NULL",
    ).first<{ n: number }>()) ?? { n: 0 };
    expect(mainText(html)).toContain(`Accounts ${n} New this month ${n}`);
  });

  it("draws requests and errors of 30 days, and says them in words", async () => {
    const today = Math.floor(Date.now() / 86_400_000);
    const insert = env.DB.prepare("INSERT INTO traffic VALUES (?, ?, ?, ?, 0, 0)");
    await env.DB.batch([
      insert.bind(today, "/storage/*", 2, 1200),
      insert.bind(today - 1, "/storage/*", 5, 34),
      insert.bind(today - 30, "/storage/*", 5, 5000),
    ]);
    const html = await (await open(admin, "/admin")).text();
    // Words beside the picture, which is not read aloud a second time.
    expect([...html.matchAll(/<figcaption>(.*?)</g)].map(([, words]) => words)).toEqual([
      "Requests: 1,234 in 30 days, at most 1,200 on one day",
      "Errors on our side: 34 in 30 days, at most 34 on one day",
    ]);
    expect(findElements(html, "svg").map((svg) => svg["aria-hidden"])).toEqual(["true", "true"]);
    expect(findElements(html, "rect")).toHaveLength(60);
    await env.DB.exec("DELETE FROM traffic");
  });
});

/** The accounts in the list. */
const namesIn = (html: string): string[] =>
  findElements(html, "a").flatMap(
    ({ href }) => /^\/admin\/accounts\/([^/]+)$/.exec(href ?? "")?.[1] ?? [],
  );

describe("The list of accounts", () => {
  it("finds by the beginning of the name, 50 on a page", async () => {
    const many = Array.from({ length: 52 }, (_, i) => `crowd-${String(i).padStart(2, "0")}`);
    const insert = env.DB.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, ?, 0)");
    await env.DB.batch(many.map((name) => insert.bind(name, name)));
    const first = await (await open(admin, "/admin/accounts?name=Crowd-")).text();
    const names = (html: string) => [...html.matchAll(/>(crowd-\d\d)</g)].map(([, name]) => name);
    expect(names(first)).toEqual(many.slice(0, 50));
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    const second = await (await open(admin, next)).text();
    expect(names(second)).toEqual(many.slice(50));
    expect(second).not.toContain("after=");
    expect(names(await (await open(admin, "/admin/accounts?name=crowd-07")).text())).toEqual([
      "crowd-07",
    ]);
  });

  it("finds by the whole address, too, as sign-in does", async () => {
    for (const name of ["the-admin@satchel.example", " The-Admin@Satchel.Example "]) {
      const path = `/admin/accounts?${new URLSearchParams({ name })}`;
      expect(namesIn(await (await open(admin, path)).text())).toEqual(["the-admin"]);
    }
    const elsewhere = await open(admin, "/admin/accounts?name=the-admin@other.example");
    expect(namesIn(await elsewhere.text())).toEqual([]);
  });

  it("shows those who are suspended, or administrators, alone, also on later pages", async () => {
    const names = Array.from({ length: 52 }, (_, i) => `closed-${String(i).padStart(2, "0")}`);
    const insert = env.DB.prepare(
      "INSERT INTO accounts (id, name, created_at, suspended_at, is_admin) VALUES (?1, ?1, 0, ?2, ?3)",
    );
    await env.DB.batch(names.map((name, i) => insert.bind(name, i === 7 ? null : 1, i === 9)));
    const shown = async (path: string) => namesIn(await (await open(admin, path)).text());
    const suspended = names.filter((_, i) => i !== 7);
    const first = "/admin/accounts?name=closed-&state=suspended";
    expect(await shown(first)).toEqual(suspended.slice(0, 50));
    const links = findElements(await (await open(admin, first)).text(), "a");
    const next = links.find(({ href }) => href?.includes("after="))?.href ?? "";
    expect(await shown(next)).toEqual(suspended.slice(50));
    expect(await shown("/admin/accounts?name=closed-&state=administrators")).toEqual(["closed-09"]);
    expect(await shown("/admin/accounts?name=the-admin&state=administrators")).toEqual([
      "the-admin",
    ]);
    expect(await shown("/admin/accounts?name=the-admin&state=constructor")).toEqual(["the-admin"]);
  });

  it.each(["%", "_", "' OR 1=1 --", "<script>alert(1)</script>", "\u0000", "🦊"])(
    "finds nobody by %j",
    async (name) => {
      const response = await open(admin, `/admin/accounts?${new URLSearchParams({ name })}`);
      const html = await response.text();
      expect([response.status, mainText(html)]).toEqual([
        200,
        expect.stringContaining("There is no such account."),
      ]);
      expect(findInlineCode(html)).toEqual([]);
    },
  );
});

describe("The settings in force", () => {
  it("are shown, secrets only as set or not", async () => {
    const secrets = { METRICS_TOKEN: "m".repeat(40), TOKEN_SECRETS: "t".repeat(40) };
    const elsewhere = sendWithSettings({ ...secrets, MAIL_FROM: "" });
    const html = await (
      await elsewhere("/admin/settings", { headers: { Cookie: admin.cookie } })
    ).text();
    expect(mainText(html)).toContain("METRICS_TOKEN set");
    expect(mainText(html)).toContain("TOKEN_SECRETS set");
    expect(mainText(html)).toContain("MAIL_FROM not set");
    expect(mainText(html)).toContain("DEFAULT_QUOTA_BYTES 1073741824");
    for (const secret of Object.values(secrets)) expect(html).not.toContain(secret);
    const here = await text(await open(admin, "/admin/settings"));
    expect(here).toContain("TOKEN_SECRETS not set");
  });
});

describe("The log of administrators", () => {
  it("has every act with who did it to whom, the newest first, a page at a time", async () => {
    const one = await createUser();
    const quotas = Array.from({ length: 51 }, (_, i) => `${i + 1} MB`);
    for (const quota of quotas) await actOn(admin, one.name, "quota", { quota });
    const first = await (await open(admin, "/admin/log")).text();
    expect(mainText(first)).toContain(`the-admin set the quota of ${one.name}: 51 MB`);
    expect(mainText(first)).not.toContain(`${one.name}: 1 MB`);
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    expect(await text(await open(admin, next))).toContain(`${one.name}: 1 MB`);
    expect(
      (await activityRows(one.name)).filter(({ kind }) => kind === "quota-changed"),
    ).toHaveLength(51);
  });

  it.each(["x", "1", "1.", ".x", "1.<b>", "99999999999999999.a", "1.a.b"])(
    "begins at the beginning where the address makes no sense: %s",
    async (after) => {
      const response = await open(admin, `/admin/log?${new URLSearchParams({ after })}`);
      expect(response.status).toBe(200);
    },
  );

  it("is forgotten after ADMIN_LOG_DAYS", async () => {
    expect((await adminLog()).length).toBeGreaterThan(0);
    await runDailyJob(366 * DAY_MS);
    expect(await adminLog()).toEqual([]);
  });
});

describe("Who gets no page", () => {
  it("still has their menu, and the way out", async () => {
    const admin = await administrator();
    for (const [who, path] of [
      [admin, "/admin/accounts/nobody-at-all"],
      [await createUser(), "/admin"],
    ] as const) {
      const html = await (await open(who, path)).text();
      expect(html).toContain('action="/sign-out"');
      expect(html).toContain('href="/security"');
      expect(html.includes('href="/admin"')).toBe(who === admin);
    }
  });
});

describe("In German", () => {
  it.each([...READS, ...ACTS])("%s has no English words left", async (path) => {
    const admin = await administrator();
    const one = await createUser();
    const page = await open(admin, path.replace("somebody", one.name), {
      "Accept-Language": "de",
    });
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('<html lang="de">');
    expect(mainText(html)).toContain("Überblick");
    expect(mainText(html)).not.toMatch(/\b(the|of|and|for|is|not|account|quota)\b/);
    expect(findInlineCode(html)).toEqual([]);
  });
});

it("a page of administration is kept by nobody", async () => {
  const response = await open(await administrator(), "/admin/accounts");
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
});

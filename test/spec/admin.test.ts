/** The administration pages: who may open them, what they show, and what they never show. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { formatBytes } from "../../src/ui/format";
import {
  createAdministrator,
  expireReauthentication,
  loadAuditLog,
  openPage,
  submitAction,
  submitForm,
} from "../support/admin";
import { DAY_MS, runDailyJob } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { indexBytesOf } from "../support/index-bytes";
import { connectApp, createUser, send, type TestUser } from "../support/provider";
import { activityRows, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  admin = await createAdministrator("the-admin");
  user = await createUser("somebody");
});

const readText = async (response: Response): Promise<string> => mainText(await response.text());

const PAGES = [
  "/admin",
  "/admin/accounts",
  "/admin/accounts/somebody",
  "/admin/invitations",
  "/admin/settings",
  "/admin/log",
];
const ACTION_PAGES = [
  "/admin/accounts/somebody/suspend",
  "/admin/accounts/somebody/quota",
  "/admin/accounts/somebody/reset-link",
  "/admin/accounts/somebody/make-administrator",
  "/admin/accounts/somebody/delete",
  "/admin/invitations/new",
];
/** The fields of all forms. */
const FIELDS = { name: "somebody", quota: "", note: "x", uses: "1", days: "1" };

describe("Access to administration", () => {
  it.each([...PAGES, ...ACTION_PAGES])("%s: administrators only", async (path) => {
    expect((await openPage(admin, path)).status).toBe(200);
    const refused = await openPage(user, path);
    expect(refused.status).toBe(403);
    expect(await readText(refused)).toContain("Only administrators");
    const anonymous = await openPage(null, path);
    expect(anonymous.headers.get("location")).toBe(
      `/sign-in?${new URLSearchParams({ next: path })}`,
    );
  });

  it.each(ACTION_PAGES)("POST %s by anybody else changes nothing", async (path) => {
    const before = await allRows();
    expect((await submitForm(user, path, FIELDS)).status).toBe(403);
    expect((await submitForm(null, path, FIELDS)).status).toBe(303);
    const forged = await send(path, {
      method: "POST",
      body: new URLSearchParams(FIELDS),
      headers: { Cookie: admin.cookie, Origin: "https://evil.example" },
    });
    expect(forged.status).toBe(403);
    expect(await allRows()).toEqual(before);
  });

  it.each(ACTION_PAGES)(
    "%s requires a recent sign-in, and changes nothing without",
    async (path) => {
      const late = await createAdministrator();
      await expireReauthentication();
      const before = await allRows();
      for (const response of [await openPage(late, path), await submitForm(late, path, FIELDS)]) {
        expect(response.status).toBe(303);
        const next = new URLSearchParams({ next: path });
        expect(response.headers.get("location")).toBe(`/confirm?${next}`);
      }
      expect(await allRows()).toEqual(before);
      await env.DB.prepare("UPDATE sessions SET proved_at = ?").bind(Date.now()).run();
    },
  );

  it("ends with the administrator role", async () => {
    const former = await createAdministrator();
    expect((await submitAction(admin, former.name, "unmake-administrator")).status).toBe(303);
    expect((await openPage(former, "/admin")).status).toBe(403);
  });

  it("is refused for accounts, actions and invitations that do not exist", async () => {
    for (const [path, status] of [
      ["/admin/accounts/nobody-at-all", 404],
      ["/admin/accounts/nobody-at-all/suspend", 404],
      ["/admin/accounts/somebody/constructor", 409],
      ["/admin/invitations/revoke/nothing", 404],
      ["/admin/nothing", 404],
    ] as const) {
      expect([path, (await openPage(admin, path)).status]).toEqual([path, status]);
    }
  });
});

describe("An administrator sees how much a user stores, never what", () => {
  it("no page contains the name of a document, a module or an app", async () => {
    const owner = await createUser("secretive");
    const app = await connectApp(owner, "diarymodule:rw");
    await app.put("/diarymodule/lovefolder/letterdocument", "a".repeat(1234));
    await submitForm(admin, "/admin/accounts/secretive/quota", { quota: "2 GB" });
    const paths = [...PAGES, "/admin/accounts?name=secr", "/admin/accounts/secretive"];
    const actions = ["suspend", "quota", "reset-link", "make-administrator", "delete"];
    for (const path of [
      ...paths,
      ...actions.map((action) => `/admin/accounts/secretive/${action}`),
    ]) {
      const response = await openPage(admin, path);
      expect(response.status).toBe(200);
      const html = await response.text();
      for (const secret of ["diarymodule", "lovefolder", "letterdocument", "app.example"]) {
        expect([path, html.includes(secret)]).toEqual([path, false]);
      }
    }
    expect(await readText(await openPage(admin, "/admin/accounts/secretive"))).toContain(
      formatBytes("en", 1234 + indexBytesOf(["/diarymodule/lovefolder/letterdocument"])),
    );
  });
});

describe("The overview", () => {
  it("counts accounts, documents and bytes", async () => {
    const html = await (await openPage(admin, "/admin")).text();
    const { n } = (await env.DB.prepare(
      "SELECT count(*) AS n FROM accounts WHERE deleted_at IS NULL",
    ).first<{ n: number }>()) ?? { n: 0 };
    expect(mainText(html)).toContain(`Accounts ${n} New this month ${n}`);
  });

  it("shows requests and errors of 30 days, as charts and as text", async () => {
    const today = Math.floor(Date.now() / 86_400_000);
    const insert = env.DB.prepare("INSERT INTO traffic VALUES (?, ?, ?, ?, 0, 0)");
    await env.DB.batch([
      insert.bind(today, "/storage/*", 2, 1200),
      insert.bind(today - 1, "/storage/*", 5, 34),
      insert.bind(today - 30, "/storage/*", 5, 5000),
    ]);
    const html = await (await openPage(admin, "/admin")).text();
    // A caption; screen readers skip the chart.
    expect([...html.matchAll(/<figcaption>(.*?)</g)].map(([, caption]) => caption)).toEqual([
      "Requests: 1,234 in 30 days, at most 1,200 in one day",
      "Server errors: 34 in 30 days, at most 34 in one day",
    ]);
    expect(findElements(html, "svg").map((svg) => svg["aria-hidden"])).toEqual(["true", "true"]);
    expect(findElements(html, "rect")).toHaveLength(60);
    await env.DB.exec("DELETE FROM traffic");
  });
});

/** The names of the accounts in the list. */
const listedNames = (html: string): string[] =>
  findElements(html, "a").flatMap(
    ({ href }) => /^\/admin\/accounts\/([^/]+)$/.exec(href ?? "")?.[1] ?? [],
  );

describe("The list of accounts", () => {
  it("finds accounts by the start of their names, 50 to a page", async () => {
    const many = Array.from({ length: 52 }, (_, i) => `crowd-${String(i).padStart(2, "0")}`);
    const insert = env.DB.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, ?, 0)");
    await env.DB.batch(many.map((name) => insert.bind(name, name)));
    const first = await (await openPage(admin, "/admin/accounts?name=Crowd-")).text();
    const names = (html: string) => [...html.matchAll(/>(crowd-\d\d)</g)].map(([, name]) => name);
    expect(names(first)).toEqual(many.slice(0, 50));
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    const second = await (await openPage(admin, next)).text();
    expect(names(second)).toEqual(many.slice(50));
    expect(second).not.toContain("after=");
    expect(names(await (await openPage(admin, "/admin/accounts?name=crowd-07")).text())).toEqual([
      "crowd-07",
    ]);
  });

  it("finds an account by its full address, too, as sign-in does", async () => {
    for (const name of ["the-admin@satchel.example", " The-Admin@Satchel.Example "]) {
      const path = `/admin/accounts?${new URLSearchParams({ name })}`;
      expect(listedNames(await (await openPage(admin, path)).text())).toEqual(["the-admin"]);
    }
    const otherHost = await openPage(admin, "/admin/accounts?name=the-admin@other.example");
    expect(listedNames(await otherHost.text())).toEqual([]);
  });

  it("can be limited to suspended accounts or administrators, on later pages, too", async () => {
    const names = Array.from({ length: 52 }, (_, i) => `closed-${String(i).padStart(2, "0")}`);
    const insert = env.DB.prepare(
      "INSERT INTO accounts (id, name, created_at, suspended_at, is_admin) VALUES (?1, ?1, 0, ?2, ?3)",
    );
    await env.DB.batch(names.map((name, i) => insert.bind(name, i === 7 ? null : 1, i === 9)));
    const shown = async (path: string) => listedNames(await (await openPage(admin, path)).text());
    const suspended = names.filter((_, i) => i !== 7);
    const first = "/admin/accounts?name=closed-&state=suspended";
    expect(await shown(first)).toEqual(suspended.slice(0, 50));
    const links = findElements(await (await openPage(admin, first)).text(), "a");
    const next = links.find(({ href }) => href?.includes("after="))?.href ?? "";
    expect(await shown(next)).toEqual(suspended.slice(50));
    expect(await shown("/admin/accounts?name=closed-&state=administrators")).toEqual(["closed-09"]);
    expect(await shown("/admin/accounts?name=the-admin&state=administrators")).toEqual([
      "the-admin",
    ]);
    expect(await shown("/admin/accounts?name=the-admin&state=constructor")).toEqual(["the-admin"]);
  });

  it.each(["%", "_", "' OR 1=1 --", "<script>alert(1)</script>", "\u0000", "🦊"])(
    "finds no account by %j",
    async (name) => {
      const response = await openPage(admin, `/admin/accounts?${new URLSearchParams({ name })}`);
      const html = await response.text();
      expect([response.status, mainText(html)]).toEqual([
        200,
        expect.stringContaining("No accounts found."),
      ]);
      expect(findInlineCode(html)).toEqual([]);
    },
  );
});

describe("The configuration page", () => {
  it("shows all settings, secrets only as set or not set", async () => {
    const secrets = { METRICS_TOKEN: "m".repeat(40), TOKEN_SECRETS: "t".repeat(40) };
    const sendToOther = sendWithSettings({ ...secrets, MAIL_FROM: "" });
    const html = await (
      await sendToOther("/admin/settings", { headers: { Cookie: admin.cookie } })
    ).text();
    expect(mainText(html)).toContain("METRICS_TOKEN set");
    expect(mainText(html)).toContain("TOKEN_SECRETS set");
    expect(mainText(html)).toContain("MAIL_FROM not set");
    expect(mainText(html)).toContain("DEFAULT_QUOTA_BYTES 1073741824");
    for (const secret of Object.values(secrets)) expect(html).not.toContain(secret);
    const here = await readText(await openPage(admin, "/admin/settings"));
    expect(here).toContain("TOKEN_SECRETS not set");
  });
});

describe("The audit log", () => {
  it("lists every action with its administrator and account, newest first, page by page", async () => {
    const one = await createUser();
    const quotas = Array.from({ length: 51 }, (_, i) => `${i + 1} MB`);
    for (const quota of quotas) await submitAction(admin, one.name, "quota", { quota });
    const first = await (await openPage(admin, "/admin/log")).text();
    expect(mainText(first)).toContain(`the-admin set the quota of ${one.name} to 51 MB`);
    expect(mainText(first)).not.toContain(`${one.name} to 1 MB`);
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    expect(await readText(await openPage(admin, next))).toContain(`${one.name} to 1 MB`);
    expect(
      (await activityRows(one.name)).filter(({ kind }) => kind === "quota-changed"),
    ).toHaveLength(51);
  });

  it.each(["x", "1", "1.", ".x", "1.<b>", "99999999999999999.a", "1.a.b"])(
    "starts with the first page if the cursor is invalid: %s",
    async (after) => {
      const response = await openPage(admin, `/admin/log?${new URLSearchParams({ after })}`);
      expect(response.status).toBe(200);
    },
  );

  it("is deleted after ADMIN_LOG_DAYS", async () => {
    expect((await loadAuditLog()).length).toBeGreaterThan(0);
    await runDailyJob(366 * DAY_MS);
    expect(await loadAuditLog()).toEqual([]);
  });
});

describe("An error page", () => {
  it("still shows the menu and the sign-out button", async () => {
    const admin = await createAdministrator();
    for (const [who, path] of [
      [admin, "/admin/accounts/nobody-at-all"],
      [await createUser(), "/admin"],
    ] as const) {
      const html = await (await openPage(who, path)).text();
      expect(html).toContain('action="/sign-out"');
      expect(html).toContain('href="/security"');
      expect(html.includes('href="/admin"')).toBe(who === admin);
    }
  });
});

describe("In German", () => {
  it.each([...PAGES, ...ACTION_PAGES])("%s contains no English words", async (path) => {
    const admin = await createAdministrator();
    const one = await createUser();
    const page = await openPage(admin, path.replace("somebody", one.name), {
      "Accept-Language": "de",
    });
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('<html lang="de">');
    expect(mainText(html)).toContain("Übersicht");
    expect(mainText(html)).not.toMatch(/\b(the|of|and|for|is|not|account|quota)\b/);
    expect(findInlineCode(html)).toEqual([]);
  });
});

it("administration pages are not cached", async () => {
  const response = await openPage(await createAdministrator(), "/admin/accounts");
  expect([response.status, response.headers.get("cache-control")]).toEqual([
    200,
    "no-store, no-transform",
  ]);
});

/** The pages about one's data, activity and settings. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Deed, noteDeed } from "../../src/accounts/activity";
import { sayDeed } from "../../src/dashboard/activity-messages";
import { DASHBOARD_MESSAGES } from "../../src/dashboard/messages";
import { DAY_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { accountId } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { setQuota } from "../support/storage";
import { connectApp, createUser, send, sendForm, type TestUser } from "../support/provider";

const open = async ({ cookie }: TestUser, path: string, language = "en"): Promise<string> => {
  const headers = { Cookie: cookie, "Accept-Language": language };
  const response = await send(path, { headers });
  expect([path, response.status]).toEqual([path, 200]);
  return response.text();
};

/** The cells of each row of the page's table. */
const rowsIn = (html: string): string[][] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell = ""]) =>
      mainText(`<main>${cell}</main>`),
    ),
  );

describe("The data page", () => {
  it("shows private and public bytes and the documents of each module, and the rest", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/notes/a", "x".repeat(1500));
    await app.put("/notes/deep/b", "x".repeat(500));
    await app.put("/public/notes/c", "x".repeat(1000));
    await app.put("/public/photos/deep/d", "x".repeat(4000));
    await app.put("/empty/e", "");
    await app.put("/in-root", "12");
    await app.put("/public/in-public", "123");
    const html = await open(person, "/data");
    expect(rowsIn(html)).toEqual([
      ["Module", "Private", "Public", "Documents"],
      ["photos", "0 bytes", "4 kB", "1"],
      ["notes", "2 kB", "1 kB", "3"],
      ["empty", "0 bytes", "0 bytes", "1"],
      ["Outside of modules", "5 bytes", "2"],
    ]);
    expect(mainText(html)).toContain("7 kB of 1.1 GB are in use.");
    expect(mainText(html)).toContain("Documents in all: 7.");
    const bar = findElements(html, "svg").find(({ role }) => role === "img");
    expect(bar?.["aria-label"]).toBe(
      "Use of the storage by module: photos 4 kB, notes 3 kB, empty 0 bytes, Outside of modules 5 bytes",
    );
    expect(findInlineCode(html)).toEqual([]);
  });

  it("of somebody who has nothing says so, with nothing to take along", async () => {
    const html = await open(await createUser(), "/data");
    expect(mainText(html)).toContain("There is nothing here yet.");
    expect(rowsIn(html)).toEqual([]);
    expect(html).not.toContain("/data/export");
  });

  it("warns when there is almost no room, and when there is none", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/notes/a", "x".repeat(900));
    const textWith = async (quota: number) => {
      await setQuota(app, quota);
      return mainText(await open(person, "/data"));
    };
    expect(await textWith(1000)).not.toContain("room");
    expect(await textWith(999)).toContain("almost no room left");
    expect(await textWith(900)).toContain("There is no room left");
    expect(await textWith(100)).toContain("0 bytes are free");
    expect(mainText(await open(person, "/"))).toContain("You use 900 bytes of 100 bytes.");
  });

  it("shows what an app calls its folders as text", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put(`/${encodeURIComponent('<script>alert("1")')}/a`, "1");
    const html = await open(person, "/data");
    expect(findInlineCode(html)).toEqual([]);
    expect(mainText(html)).toContain('<script>alert("1")');
  });

  it("has nobody else's", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await (await connectApp(other)).put("/secret-hobby/a", "1");
    expect(await open(person, "/data")).not.toContain("secret-hobby");
  });
});

/** One of each kind: a new kind does not compile without a line here. */
const DEEDS: { [Kind in Deed["kind"]]: Extract<Deed, { kind: Kind }> } = {
  "sign-up": { kind: "sign-up", way: "passkey" },
  "sign-in": { kind: "sign-in", way: "password", device: "Firefox on Linux", country: "DE" },
  "session-ended": { kind: "session-ended", device: null },
  "sign-out-everywhere": { kind: "sign-out-everywhere" },
  "password-set": { kind: "password-set" },
  "password-removed": { kind: "password-removed" },
  "passkey-added": { kind: "passkey-added", name: "Phone" },
  "passkey-renamed": { kind: "passkey-renamed", name: "Phone" },
  "passkey-removed": { kind: "passkey-removed", name: "Phone" },
  "recovery-codes-made": { kind: "recovery-codes-made" },
  "email-set": { kind: "email-set", email: "a@b.example" },
  "email-removed": { kind: "email-removed" },
  "app-allowed": { kind: "app-allowed", app: "https://app.example", scope: "notes:r" },
  "app-changed": { kind: "app-changed", app: "https://app.example", scope: "*:rw" },
  "app-disconnected": { kind: "app-disconnected", app: "https://app.example" },
  "app-ended": { kind: "app-ended", app: "https://app.example", why: "replay" },
  "all-disconnected": { kind: "all-disconnected" },
  "token-made": { kind: "token-made", app: "backup", scope: "*:r" },
  export: { kind: "export" },
  "database-deleted": { kind: "database-deleted", module: "todos", name: "list" },
  suspended: { kind: "suspended" },
  resumed: { kind: "resumed" },
  "quota-changed": { kind: "quota-changed", quotaBytes: 5e9 },
  "reset-link-made": { kind: "reset-link-made" },
};

describe("The activity page", () => {
  it.each([
    ["en", "Signed in with the password, Firefox on Linux, Germany", "notes (read only)"],
    ["de", "Angemeldet mit dem Passwort, Firefox on Linux, Deutschland", "notes (nur lesen)"],
  ])("tells every kind of deed in words, the newest first: %s", async (language, signIn, scope) => {
    const person = await createUser();
    const account = await accountId(person.name);
    const deeds = Object.values(DEEDS);
    const start = Date.UTC(2026, 10, 20, 8);
    for (const [i, deed] of deeds.entries()) await noteDeed(env.DB, account, deed, start + i);
    const html = await open(person, "/activity", language);
    const told = rowsIn(html).slice(1);
    expect(told).toHaveLength(deeds.length);
    expect(told.map(([, words]) => words)).toEqual(
      deeds.map((deed) => sayDeed(language as "en", deed).replace(/\s/g, " ")).reverse(),
    );
    expect(new Set(told.map(([, words]) => words)).size).toBe(deeds.length);
    expect(mainText(html)).toContain(signIn);
    expect(mainText(html)).toContain(scope);
    expect(told[0]?.[0]).toMatch(/20.*2026.*8:00.* UTC$/);
    expect(mainText(html)).toContain("90");
    expect(findInlineCode(html)).toEqual([]);
  });

  it("shows fifty at a time, each once, also where many have the same time", async () => {
    const person = await createUser();
    const account = await accountId(person.name);
    for (let i = 0; i < 120; i++) {
      const deed = { kind: "passkey-added" as const, name: `number ${i}` };
      await noteDeed(env.DB, account, deed, Date.now() - DAY_MS + Math.floor(i / 40));
    }
    const seen: string[] = [];
    const lengths: number[] = [];
    let path: string | undefined = "/activity";
    while (path !== undefined) {
      const html: string = await open(person, path);
      const rows = rowsIn(html).slice(1);
      lengths.push(rows.length);
      seen.push(...rows.map(([, words = ""]) => words));
      path = findElements(html, "a").find(({ href }) => href?.startsWith("/activity?after="))?.href;
    }
    expect(lengths).toEqual([50, 50, 20]);
    expect(new Set(seen).size).toBe(120);
  });

  it.each(["?after=x.y", "?after=1", "?after=99999999999999999999.a", "?after=1.%00"])(
    "with a cursor that is none is the first page: %s",
    async (query) => {
      const person = await createUser();
      await noteDeed(env.DB, await accountId(person.name), { kind: "export" }, Date.now());
      expect(rowsIn(await open(person, `/activity${query}`)).length).toBeLessThanOrEqual(2);
    },
  );

  it("shows one's own alone", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await noteDeed(env.DB, await accountId(other.name), { kind: "export" }, Date.now());
    expect(mainText(await open(person, "/activity"))).toContain("Nothing to see here.");
  });

  it("a place that is no country is called as the platform calls it", () => {
    const deed = { kind: "sign-in", way: "passkey", device: null, country: "T1" } as const;
    expect(sayDeed("en", deed)).toBe("Signed in with a passkey, T1");
  });
});

describe("The settings page", () => {
  it("shows what is kept about a person, and their domains", async () => {
    const person = await createUser();
    const account = await accountId(person.name);
    expect(mainText(await open(person, "/settings"))).toContain("None. The operator");
    await env.DB.batch([
      env.DB.prepare("INSERT INTO domains VALUES ('mine.example', ?)").bind(account),
      env.DB.prepare("UPDATE accounts SET email = 'me@mail.example' WHERE id = ?").bind(account),
    ]);
    const text = mainText(await open(person, "/settings"));
    for (const part of [
      `${person.name}@satchel.example`,
      "me@mail.example",
      "mine.example",
      String(new Date().getUTCFullYear()),
    ]) {
      expect(text).toContain(part);
    }
  });

  it("changes the language, which stays", async () => {
    const person = await createUser();
    const response = await sendForm("/language", { language: "de" }, { cookie: person.cookie });
    const chosen = response.headers.get("set-cookie")?.split(";")[0];
    const german = { ...person, cookie: `${person.cookie}; ${chosen}` };
    expect(mainText(await open(german, "/settings"))).toContain("Zurzeit: Deutsch");
  });

  it("leads to the security page and to deleting the account", async () => {
    const html = await open(await createUser(), "/settings");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/security", "/settings/delete", "/data"]));
  });
});

describe("The home page", () => {
  const noticeOf = async (person: TestUser): Promise<string> =>
    /<p class="warning">(.*?)<\/p>/s.exec(await open(person, "/"))?.[1] ?? "";

  it("says what to do next, until there are two ways in and recovery codes", async () => {
    const person = await createUser();
    const account = await accountId(person.name);
    expect(await noticeOf(person)).toContain("no recovery codes yet");
    await env.DB.prepare("INSERT INTO recovery_codes VALUES (?, 'hash')").bind(account).run();
    expect(await noticeOf(person)).toContain("only one way");
    await env.DB.prepare("INSERT INTO passkeys VALUES (?1, ?1, 'k', 0, '[]', 'Phone', 1, NULL)")
      .bind(account)
      .run();
    expect(await noticeOf(person)).toBe("");
  });

  it("has the address as a QR code, black on white", async () => {
    const person = await createUser();
    const html = await open(person, "/");
    const code = findElements(html, "svg").find(({ role }) => role === "img");
    expect(code?.["aria-label"]).toBe(`QR code of ${person.name}@satchel.example`);
    expect(findElements(html, "path").at(-1)).toMatchObject({ fill: "black" });
    expect(findElements(html, "rect").at(-1)).toMatchObject({ fill: "white" });
    expect(findInlineCode(html)).toEqual([]);
  });

  it.each([
    ["open", "Get your storage"],
    ["invitation", "by invitation"],
    ["closed", "does not take new people"],
  ])("of nobody says how to come in where sign-up is %s", async (SIGN_UP, words) => {
    const html = await (await sendWithSettings({ SIGN_UP })("/")).text();
    expect(mainText(html)).toContain(words);
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links.includes("/sign-up")).toBe(SIGN_UP === "open");
    expect(links).toContain("/sign-in");
  });
});

describe("The pages of somebody who is signed in", () => {
  const PAGES = ["/data", "/activity", "/settings", "/settings/delete"];

  it.each(PAGES)("%s asks others to sign in, and leads back", async (path) => {
    const response = await send(path);
    const next = new URLSearchParams({ next: path });
    expect([response.status, response.headers.get("location")]).toEqual([303, `/sign-in?${next}`]);
  });

  it.each(["/", ...PAGES])("%s is all German for who reads German", async (path) => {
    const html = await open(await createUser(), path, "de");
    expect(html).toContain('<html lang="de">');
    const text = mainText(html);
    for (const { title } of [
      DASHBOARD_MESSAGES.en.data,
      DASHBOARD_MESSAGES.en.activity,
      DASHBOARD_MESSAGES.en.settings,
    ]) {
      expect(text).not.toContain(title);
    }
    expect(text).not.toMatch(/\b(your|the|and|of)\b/i);
  });
});

/** The pages of data, activity, settings and home. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type ActivityEvent, recordActivity } from "../../src/accounts/activity";
import { describeActivity } from "../../src/dashboard/activity-messages";
import { DASHBOARD_MESSAGES } from "../../src/dashboard/messages";
import { formatBytes } from "../../src/ui/format";
import { advanceClock, DAY_MS, freezeClock } from "../support/clock";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import { indexBytesOf } from "../support/index-bytes";
import {
  connectApp,
  createUser,
  send,
  sendForm,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { requestWithEnv, setQuota } from "../support/storage";

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
  it("shows bytes and documents of each module, private and public, of the rest, and of the index", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "x".repeat(1500));
    await app.put("/notes/deep/b", "x".repeat(500));
    await app.put("/public/notes/c", "x".repeat(1000));
    await app.put("/public/photos/deep/d", "x".repeat(4000));
    await app.put("/empty/e", "");
    await app.put("/in-root", "12");
    await app.put("/public/in-public", "123");
    const html = await open(user, "/data");
    const index = indexBytesOf([
      "/notes/a",
      "/notes/deep/b",
      "/public/notes/c",
      "/public/photos/deep/d",
      "/empty/e",
      "/in-root",
      "/public/in-public",
    ]);
    const ofIndex = formatBytes("en", index);
    expect(rowsIn(html)).toEqual([
      ["Module", "Private", "Public", "Documents"],
      ["photos", "0 bytes", "4 kB", "1"],
      ["notes", "2 kB", "1 kB", "3"],
      ["empty", "0 bytes", "0 bytes", "1"],
      ["Outside modules", "5 bytes", "2"],
      ["Index of names and folders", ofIndex, ""],
    ]);
    expect(mainText(html)).toContain(
      `${formatBytes("en", 7005 + index)} of 1.1 GB used, 1.1 GB free.`,
    );
    expect(mainText(html)).toContain("7 documents.");
    const bar = findElements(html, "svg").find(({ role }) => role === "img");
    expect(bar?.["aria-label"]).toBe(
      `Usage by module: photos 4 kB, notes 3 kB, empty 0 bytes, Outside modules 5 bytes, Index of names and folders ${ofIndex}`,
    );
    expect(findInlineCode(html)).toEqual([]);
  });

  it("says if there is nothing", async () => {
    const html = await open(await createUser(), "/data");
    expect(mainText(html)).toContain("Nothing here yet.");
    expect(rowsIn(html)).toEqual([]);
  });

  it("warns when the storage is almost full, and when it is full", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "x".repeat(900));
    const textWith = async (quota: number) => {
      await setQuota(app, quota);
      return mainText(await open(user, "/data"));
    };
    const used = 900 + indexBytesOf(["/notes/a"]);
    expect(await textWith(Math.ceil(used / 0.9))).not.toContain("full");
    expect(await textWith(Math.floor(used / 0.9) - 1)).toContain("almost full");
    expect(await textWith(used)).toContain("Your storage is full");
    expect(await textWith(100)).toContain("0 bytes free");
    expect(mainText(await open(user, "/"))).toContain("1.2 kB of 100 bytes used.");
  });

  it("escapes the names of folders", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put(`/${encodeURIComponent('<script>alert("1")')}/a`, "1");
    const html = await open(user, "/data");
    expect(findInlineCode(html)).toEqual([]);
    expect(mainText(html)).toContain('<script>alert("1")');
  });

  it("lists fifty modules at a time, each once, the largest first; its totals are of all", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/in-root", "12");
    const account = await accountId(user.name);
    await env.DB.prepare(
      `INSERT INTO nodes (account, parent, name, version, length, documents, modified)
       SELECT ?1, '/', 'm' || value || '/', 'v', value, 1, 1 FROM json_each(?2)`,
    )
      .bind(account, JSON.stringify(Array.from({ length: 120 }, (_, i) => i + 1)))
      .run();
    await env.DB.prepare(
      "UPDATE nodes SET length = 7262, documents = 121, index_bytes = 0 WHERE account = ? AND parent = ''",
    )
      .bind(account)
      .run();
    const names: string[] = [];
    const lengths: number[] = [];
    let path: string | undefined = "/data";
    while (path !== undefined) {
      const html: string = await open(user, path);
      expect(html.length).toBeLessThan(40_000);
      expect(mainText(html)).toContain("7.3 kB of 1.1 GB used");
      expect(mainText(html)).toContain("121 documents.");
      const bar = findElements(html, "svg").find(({ role }) => role === "img");
      const bytes = [...(bar?.["aria-label"] ?? "").matchAll(/ ([\d.]+) (kB|bytes?)/g)];
      const sum = bytes.reduce(
        (all, [, n, unit]) => all + Number(n) * (unit === "kB" ? 1000 : 1),
        0,
      );
      expect(Math.abs(sum - 7262)).toBeLessThan(100);
      const rows = rowsIn(html).slice(1);
      lengths.push(rows.length);
      names.push(...rows.map(([name = ""]) => name));
      path = findElements(html, "a").find(({ href }) => href?.startsWith("/data?after="))?.href;
    }
    expect(lengths).toEqual([50, 50, 21]);
    expect(names).toEqual([
      ...Array.from({ length: 120 }, (_, i) => `m${120 - i}`),
      "Outside modules",
    ]);
    expect(rowsIn(await open(user, "/data?after=gone"))).toHaveLength(51);
  });

  it("shows nothing of other users", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await (await connectApp(other)).put("/secret-hobby/a", "1");
    expect(await open(user, "/data")).not.toContain("secret-hobby");
  });
});

/** One event of each kind: a new kind does not compile without a line here. */
const EVENTS: { [Kind in ActivityEvent["kind"]]: Extract<ActivityEvent, { kind: Kind }> } = {
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
  "profile-changed": { kind: "profile-changed" },
  "app-allowed": { kind: "app-allowed", app: "https://app.example", scope: "notes:r" },
  "app-changed": { kind: "app-changed", app: "https://app.example", scope: "*:rw" },
  "app-disconnected": { kind: "app-disconnected", app: "https://app.example" },
  "app-ended": { kind: "app-ended", app: "https://app.example", why: "replay" },
  "app-refused": { kind: "app-refused", app: "https://app.example", why: "quota" },
  "all-disconnected": { kind: "all-disconnected" },
  "token-made": { kind: "token-made", app: "backup", scope: "*:r" },
  export: { kind: "export" },
  import: { kind: "import" },
  "database-deleted": { kind: "database-deleted", module: "todos", name: "list" },
  "task-started": { kind: "task-started", task: "move", path: "/notes/a → /notes/b" },
  "move-in": { kind: "move-in", from: "alice@old.example" },
  "files-edited": { kind: "files-edited", module: "notes" },
  "files-uploaded": { kind: "files-uploaded", module: "notes" },
  "domain-added": { kind: "domain-added", host: "alice.example" },
  "domain-failing": { kind: "domain-failing", host: "alice.example" },
  "domain-lost": { kind: "domain-lost", host: "alice.example", why: "taken" },
  suspended: { kind: "suspended" },
  resumed: { kind: "resumed" },
  "quota-changed": { kind: "quota-changed", quotaBytes: 5e9 },
  "reset-link-made": { kind: "reset-link-made" },
};

describe("The activity page", () => {
  it.each([
    ["en", "Signed in with a password, Firefox on Linux, Germany", "notes (read only)"],
    ["de", "Angemeldet mit einem Passwort, Firefox on Linux, Deutschland", "notes (nur lesen)"],
  ])("describes every kind of event, newest first: %s", async (language, signIn, scope) => {
    const user = await createUser();
    const account = await accountId(user.name);
    const events = Object.values(EVENTS);
    const start = Date.UTC(2026, 10, 20, 8);
    for (const [i, event] of events.entries())
      await recordActivity(env.DB, account, event, start + i);
    const html = await open(user, "/activity", language);
    const rows = rowsIn(html).slice(1);
    expect(rows).toHaveLength(events.length);
    expect(rows.map(([, words]) => words)).toEqual(
      events
        .map((event) => describeActivity(language as "en", event).replace(/\s/g, " "))
        .reverse(),
    );
    expect(new Set(rows.map(([, words]) => words)).size).toBe(events.length);
    expect(mainText(html)).toContain(signIn);
    expect(mainText(html)).toContain(scope);
    expect(rows[0]?.[0]).toMatch(/20.*2026.*8:00.* UTC$/);
    expect(mainText(html)).toContain("90");
    expect(findInlineCode(html)).toEqual([]);
  });

  it("says why an app was refused, once a day for each reason, and nothing of what it asked for", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    await app.put("/notes/a", "x");
    const statusOf = async (...[method, path, init]: [string, string, RequestInit?]) =>
      (await requestWithEnv({}, app, method, path, init)).status;
    const put = { body: "x" };
    const refusals = async () => {
      const html = await open(user, "/activity");
      expect(html).not.toMatch(/diary|below|folder\//);
      const words = rowsIn(html).map(([, text = ""]) => text);
      return words.filter((text) => text.startsWith("App refused")).sort();
    };
    freezeClock();
    for (let i = 0; i < 3; i++) {
      // Not before the third time: once may be a slip.
      expect(await refusals()).toEqual([]);
      expect(await statusOf("GET", "/diary/secret")).toBe(403);
      expect(await statusOf("PUT", "/notes/a/below", put)).toBe(409);
      expect(await statusOf("PUT", "/notes/folder/", put)).toBe(400);
      // Part of every sync.
      expect(await statusOf("GET", "/notes/missing")).toBe(404);
      expect(await statusOf("PUT", "/notes/a", { ...put, headers: { "If-Match": '"x"' } })).toBe(
        412,
      );
    }
    await setQuota(app, 1);
    for (let i = 0; i < 3; i++) expect(await statusOf("PUT", "/notes/b", put)).toBe(507);
    const because = (why: string) => `App refused: https://app.example, because ${why}`;
    const told = [
      because("a document and a folder would have had the same name"),
      because("it asked for data that it has no access to"),
      because("it sent an invalid request"),
      because("there was not enough free space"),
    ];
    expect(await refusals()).toEqual(told);
    advanceClock(DAY_MS + 1);
    for (let i = 0; i < 3; i++) expect(await statusOf("GET", "/diary/other")).toBe(403);
    expect(await refusals()).toEqual([told[0], told[1], ...told.slice(1)]);
  });

  it("says nothing of refusals without a token, or with one of another account", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const app = await connectApp(other);
    const intruder = new TestApp(user.name, app.token);
    expect((await requestWithEnv({}, intruder, "GET", "/notes/a")).status).toBe(403);
    const noToken = { headers: { Authorization: "Bearer x" } };
    expect((await requestWithEnv({}, intruder, "GET", "/notes/a", noToken)).status).toBe(401);
    expect(mainText(await open(user, "/activity"))).toContain("No activity yet.");
  });

  it("shows fifty at a time, each once, even if many have the same time", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    for (let i = 0; i < 120; i++) {
      const event = { kind: "passkey-added" as const, name: `number ${i}` };
      await recordActivity(env.DB, account, event, Date.now() - DAY_MS + Math.floor(i / 40));
    }
    const seen: string[] = [];
    const lengths: number[] = [];
    let path: string | undefined = "/activity";
    while (path !== undefined) {
      const html: string = await open(user, path);
      const rows = rowsIn(html).slice(1);
      lengths.push(rows.length);
      seen.push(...rows.map(([, words = ""]) => words));
      path = findElements(html, "a").find(({ href }) => href?.startsWith("/activity?after="))?.href;
    }
    expect(lengths).toEqual([50, 50, 20]);
    expect(new Set(seen).size).toBe(120);
  });

  it.each(["?after=x.y", "?after=1", "?after=99999999999999999999.a", "?after=1.%00"])(
    "shows the first page for an invalid cursor: %s",
    async (query) => {
      const user = await createUser();
      await recordActivity(env.DB, await accountId(user.name), { kind: "export" }, Date.now());
      expect(rowsIn(await open(user, `/activity${query}`)).length).toBeLessThanOrEqual(2);
    },
  );

  it("shows only the user's own", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await recordActivity(env.DB, await accountId(other.name), { kind: "export" }, Date.now());
    expect(mainText(await open(user, "/activity"))).toContain("No activity yet.");
  });

  it("shows a code that is not a country as it is", () => {
    const event = { kind: "sign-in", way: "passkey", device: null, country: "T1" } as const;
    expect(describeActivity("en", event)).toBe("Signed in with a passkey, T1");
  });
});

describe("The settings page", () => {
  it("shows what is stored about the user, and their domains", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    expect(mainText(await open(user, "/settings"))).toContain("With a domain of your own");
    await env.DB.batch([
      env.DB.prepare("INSERT INTO domains (host, account) VALUES ('mine.example', ?)").bind(
        account,
      ),
      env.DB.prepare("UPDATE accounts SET email = 'me@mail.example' WHERE id = ?").bind(account),
    ]);
    const text = mainText(await open(user, "/settings"));
    for (const part of [
      `${user.name}@satchel.example`,
      "me@mail.example",
      "mine.example",
      String(new Date().getUTCFullYear()),
    ]) {
      expect(text).toContain(part);
    }
  });

  it("changes the language permanently", async () => {
    const user = await createUser();
    const response = await sendForm("/language", { language: "de" }, { cookie: user.cookie });
    const chosen = response.headers.get("set-cookie")?.split(";")[0];
    const german = { ...user, cookie: `${user.cookie}; ${chosen}` };
    expect(mainText(await open(german, "/settings"))).toContain("Aktuelle Sprache: Deutsch");
  });

  describe("has a public profile", () => {
    const PICTURE = "https://satchel.example/storage/alice/public/me.png";
    const submit = ({ cookie }: TestUser, displayName: string, picture: string) =>
      sendForm("/settings", { displayName, picture }, { cookie });
    const valuesIn = (html: string) => [
      fieldValue(html, "displayName"),
      fieldValue(html, "picture"),
    ];

    it("that is empty at first, can be set and removed, and says that it is public", async () => {
      const user = await createUser();
      const empty = await open(user, "/settings");
      expect(valuesIn(empty)).toEqual(["", ""]);
      expect(mainText(empty)).toContain("anybody who knows your address can see them");

      const saved = await submit(user, "  Alice \n\u2028 <b>Jones</b> ", ` ${PICTURE} `);
      expect([saved.status, saved.headers.get("location")]).toEqual([
        303,
        "/settings?after=profile",
      ]);
      const html = await open(user, "/settings?after=profile");
      expect(valuesIn(html)).toEqual(["Alice <b>Jones</b>", PICTURE]);
      expect(html).not.toContain("<b>Jones");
      expect(mainText(html)).toContain("Your public profile is saved.");

      await submit(user, " ", "");
      expect(valuesIn(await open(user, "/settings"))).toEqual(["", ""]);
      const activity = mainText(await open(user, "/activity"));
      expect(activity.match(/Public profile changed/g)).toHaveLength(2);
    });

    it("whose form changes nothing if it is sent again, or by another site", async () => {
      const user = await createUser();
      await submit(user, "Alice", PICTURE);
      const before = await allRows();
      expect((await submit(user, "Alice", PICTURE)).status).toBe(303);
      const foreign = { cookie: user.cookie, Origin: "https://evil.example" };
      expect((await sendForm("/settings", { displayName: "Eve" }, foreign)).status).toBe(403);
      expect(await allRows()).toEqual(before);
    });

    let alice: TestUser;
    beforeAll(async () => {
      alice = await createUser();
      await submit(alice, "Alice", PICTURE);
    });

    it.each([
      ["a picture that is a script", "", "javascript:alert(1)"],
      ["a script in capitals", "", "JavaScript:alert(1)//https://a.example/"],
      ["a script with a line break", "", "java\nscript:alert(1)"],
      ["a picture as data", "", "data:image/svg+xml,<svg onload=alert(1)>"],
      ["a picture without TLS", "", "http://a.example/me.png"],
      ["a picture with a password", "", "https://alice:secret@a.example/me.png"],
      ["a picture at a path", "", "/storage/alice/public/me.png"],
      ["a picture without a scheme", "", "//a.example/me.png"],
      ["a picture without a host", "", "https://"],
      ["an address that is too long", "", `https://a.example/${"x".repeat(2031)}`],
      ["one that is too long when encoded", "", `https://a.example/${"ü".repeat(400)}`],
      ["a name that is too long", "x".repeat(65), PICTURE],
      ["a name with a control character", "Ali\u0000ce", PICTURE],
      ["a name that changes the direction of text", "\u202eecilA", PICTURE],
    ])(
      "that cannot have %s: the form is shown again, and nothing changes",
      async (_, displayName, picture) => {
        const before = await allRows();
        const refused = await submit(alice, displayName, picture);
        const html = await refused.text();
        expect(refused.status).toBe(400);
        const [alert] = findElements(html, "p").filter(({ role }) => role === "alert");
        expect(alert).toBeDefined();
        expect(fieldValue(html, "picture")).toBe(picture);
        expect(findInlineCode(html)).toEqual([]);
        expect(await allRows()).toEqual(before);
      },
    );
  });

  it("links to the security page and to deleting the account", async () => {
    const html = await open(await createUser(), "/settings");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/security", "/settings/delete", "/data"]));
  });
});

describe("The home page", () => {
  const readWarning = async (user: TestUser): Promise<string> =>
    /<p class="warning">(.*?)<\/p>/s.exec(await open(user, "/"))?.[1] ?? "";

  it("says what to do next, until there are two sign-in methods and recovery codes", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    expect(await readWarning(user)).toContain("no recovery codes yet");
    await env.DB.prepare("INSERT INTO recovery_codes VALUES (?, 'hash')").bind(account).run();
    expect(await readWarning(user)).toContain("only one sign-in method");
    await env.DB.prepare("INSERT INTO passkeys VALUES (?1, ?1, 'k', 0, '[]', 'Phone', 1, NULL)")
      .bind(account)
      .run();
    expect(await readWarning(user)).toBe("");
  });

  it("has the address as a QR code, black on white", async () => {
    const user = await createUser();
    const html = await open(user, "/");
    const code = findElements(html, "svg").find(({ role }) => role === "img");
    expect(code?.["aria-label"]).toBe(`QR code of ${user.name}@satchel.example`);
    expect(findElements(html, "path").at(-1)).toMatchObject({ fill: "black" });
    expect(findElements(html, "rect").at(-1)).toMatchObject({ fill: "white" });
    expect(findInlineCode(html)).toEqual([]);
  });

  it.each([
    ["open", "Create account"],
    ["invitation", "by invitation"],
    ["closed", "Sign-up is closed"],
  ])("without a sign-in says how to sign up if sign-up is %s", async (SIGN_UP, words) => {
    const html = await (await sendWithSettings({ SIGN_UP })("/")).text();
    expect(mainText(html)).toContain(words);
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links.includes("/sign-up")).toBe(SIGN_UP === "open");
    expect(links).toContain("/sign-in");
  });
});

describe("The dashboard", () => {
  const PAGES = ["/data", "/activity", "/settings", "/settings/delete"];

  it.each(PAGES)("%s requires a sign-in, and leads back after it", async (path) => {
    const response = await send(path);
    const next = new URLSearchParams({ next: path });
    expect([response.status, response.headers.get("location")]).toEqual([303, `/sign-in?${next}`]);
  });

  it.each(["/", ...PAGES])(
    "%s is entirely German for a browser that prefers German",
    async (path) => {
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
    },
  );
});

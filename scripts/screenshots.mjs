/**
 * `npm run screenshots`: pictures of the main pages in screenshots/, for the README. With --all DIR,
 * every page that links lead to, in both themes and both sizes, to be looked at.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { orFail } from "./failure.mjs";
import { ensureInstalled, ROOT } from "./install.mjs";

/** As pages name it; the browser is told where it is. Of this computer, so that there are passkeys. */
const HOST = "satchel.localhost";
const ORIGIN = `http://${HOST}`;
const PASSWORD = "correct horse battery staple";

const SIZES = { wide: { width: 1024, height: 760 }, phone: { width: 390, height: 780 } };
const THEMES = ["light", "dark"];

/** The apps of somebody who likes to try things. */
const APPS = {
  "https://notestogether.hominidsoftware.com/": "documents:rw",
  "https://litewrite.net/": "documents:rw",
  "https://webmarks.5apps.com/": "bookmarks:rw",
  "https://inspektor.5apps.com/": "*:rw",
};

/** Bytes of the documents in each module. */
const MODULES = { photos: 9e6, documents: 4e6, bookmarks: 6e5, "public/photos": 2e6 };

const QUESTION = question("https://sharesome.5apps.com/", "photos:rw documents:r");

/** What the README shows. */
const MAIN = [
  { name: "home", path: "/" },
  { name: "apps", path: "/apps" },
  { name: "admin", path: "/admin" },
  { name: "consent", path: QUESTION, size: "phone" },
];

await orFail(async () => {
  await ensureInstalled();
  const { all } = parseArgs({ options: { all: { type: "string" } } }).values;
  const { startLocal } = await import("./local.mjs");
  const data = mkdtempSync(join(tmpdir(), "satchel-screenshots-"));
  const vars = { DEFAULT_QUOTA_BYTES: "40000000" };
  const server = await startLocal({ data, vars, quiet: true });
  const browser = await launchBrowser(new URL(server.url).port);
  try {
    const alice = await furnish(server.miniflare, browser);
    if (all === undefined) await shootMain(alice);
    else await shootAll(browser, alice, resolve(all));
  } finally {
    await browser.close();
    await server.dispose();
    rmSync(data, { recursive: true, force: true });
  }
});

async function launchBrowser(port) {
  const [{ chromium }, { chromiumOptions }] = await Promise.all([
    import("playwright-core"),
    import("../test/browser/support/chromium.ts"),
  ]);
  const options = await chromiumOptions();
  return chromium.launch({
    ...options,
    args: [
      ...(options.args ?? []),
      `--host-resolver-rules=MAP ${HOST}:80 127.0.0.1:${port}, MAP * ~NOTFOUND`,
    ],
  });
}

/** Alice, her neighbours, her apps, documents and past. Returns her browser. */
async function furnish(miniflare, browser) {
  for (const name of ["bob", "carol", "dave"]) await (await signUp(browser, name)).close();
  const alice = await signUp(browser, "alice");
  for (const [app, scope] of Object.entries(APPS)) {
    const token = await allow(alice, question(app, scope));
    if (scope === "*:rw") await putDocuments(alice, token);
  }
  await addPast(miniflare);
  return alice;
}

/** Makes an account; its browser is signed in then. */
async function signUp(browser, name) {
  const context = await browser.newContext({ locale: "en" });
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/sign-up`);
  await page.evaluate(
    (fields) => fetch("/sign-up", { method: "POST", body: new URLSearchParams(fields) }),
    { name, password: PASSWORD },
  );
  await page.close();
  return context;
}

/** The app itself is not there: its token is read from the way to it. */
async function allow(context, path) {
  const page = await context.newPage();
  await page.goto(ORIGIN + path);
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.status() === 302),
    page.locator("button[value=allow]").click(),
  ]);
  const target = new URL(await response.headerValue("location"));
  await page.close();
  return new URLSearchParams(target.hash.slice(1)).get("access_token");
}

async function putDocuments(context, token) {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/sign-in`);
  await page.evaluate(
    async ([token, modules]) => {
      for (const [module, bytes] of Object.entries(modules)) {
        for (const name of ["one", "two", "three"]) {
          const response = await fetch(`/storage/alice/${module}/${name}`, {
            method: "PUT",
            headers: { Authorization: `Bearer ${token}`, "Content-Type": "image/jpeg" },
            body: new Uint8Array(bytes / 3),
          });
          if (!response.ok) throw new Error(await response.text());
        }
      }
    },
    [token, MODULES],
  );
  await page.close();
}

/** A month of use, an office for alice, and trouble with dave. */
async function addPast(miniflare) {
  const [{ DATABASE, WORKER_NAME }, day] = [
    await import("./config.mjs"),
    Math.floor(Date.now() / 86_400_000),
  ];
  const db = await miniflare.getD1Database(DATABASE, WORKER_NAME);
  const days = JSON.stringify(
    Array.from({ length: 29 }, (_, ago) => [day - ago - 1, (ago * 7) % 11]),
  );
  await db.batch([
    db.prepare("UPDATE accounts SET is_admin = 1 WHERE name = 'alice'"),
    db.prepare("UPDATE accounts SET suspended_at = created_at WHERE name = 'dave'"),
    db
      .prepare(
        `INSERT INTO app_use (account, grant_id, day, requests, bytes, last_at)
         SELECT account, grants.id, value ->> 0, 40 + 30 * (value ->> 1), 90000 * (value ->> 1),
                86400000 * (value ->> 0)
         FROM grants, json_each(?1) WHERE scope <> '*:rw' ON CONFLICT DO NOTHING`,
      )
      .bind(days),
    db
      .prepare(
        `INSERT INTO traffic (day, route, status, requests, bytes, milliseconds)
         SELECT value ->> 0, 'storage', s.status, s.share * (9 + (value ->> 1)), 0, 0
         FROM json_each(?1), (SELECT 2 AS status, 90 AS share UNION SELECT 5, 1) s WHERE true
         ON CONFLICT DO NOTHING`,
      )
      .bind(days),
  ]);
}

function question(app, scope) {
  const query = new URLSearchParams({ redirect_uri: app, response_type: "token", scope });
  return `/oauth/authorize/alice?${query}`;
}

async function shootMain(context) {
  const folder = join(ROOT, "screenshots");
  mkdirSync(folder, { recursive: true });
  const page = await context.newPage();
  for (const { name, path, size = "wide" } of MAIN) {
    await page.goto(ORIGIN + path);
    for (const theme of THEMES) {
      await page.setViewportSize(SIZES[size]);
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    }
  }
}

async function shootAll(browser, alice, folder) {
  mkdirSync(folder, { recursive: true });
  const stranger = await browser.newContext({ locale: "en" });
  await shootFrom(stranger, ["/", "/nothing"], join(folder, "stranger"));
  await shootFrom(alice, ["/", QUESTION], join(folder, "alice"));
}

/** Follows all links within the provider. */
async function shootFrom(context, start, prefix) {
  const page = await context.newPage();
  const seen = new Set();
  const waiting = [...start];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    await page.goto(ORIGIN + path);
    const name = path.replace(/\W+/g, "-").slice(0, 60);
    for (const theme of THEMES) {
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme: theme });
        const file = `${prefix}${name}-${theme}-${size}.png`;
        await page.screenshot({ path: file, fullPage: true });
      }
    }
    const links = await page
      .locator("a[href]:not([download])")
      .evaluateAll((links) => links.map(({ href }) => href));
    for (const { origin, pathname, search } of links.map((link) => new URL(link))) {
      if (origin === ORIGIN) waiting.push(pathname + search);
    }
  }
}

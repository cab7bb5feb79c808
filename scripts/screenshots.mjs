/**
 * `npm run screenshots`: writes pictures of the main pages to screenshots/, for the README. With
 * --all DIR, writes pictures of every linked page in both themes and sizes, for review; with
 * --language de in German.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled, ROOT } from "./lib/install.mjs";

/** The host that pages show; the browser maps it to the server. A local name, so that passkeys work. */
const HOST = "satchel.localhost";
const ORIGIN = `http://${HOST}`;
const PASSWORD = "correct horse battery staple";

const SIZES = { wide: { width: 1024, height: 760 }, phone: { width: 390, height: 780 } };
const THEMES = ["light", "dark"];

/** The apps that Alice has connected, and their scopes. */
const APPS = {
  "https://notestogether.hominidsoftware.com/": "documents:rw",
  "https://litewrite.net/": "documents:rw",
  "https://webmarks.5apps.com/": "bookmarks:rw",
  "https://inspektor.5apps.com/": "*:rw",
};

/** The total size of Alice's documents in each module. */
const MODULE_BYTES = { photos: 9e6, documents: 4e6, bookmarks: 6e5, "public/photos": 2e6 };

/** How long ago the accounts were created and the apps connected: longer than the history of usage. */
const HISTORY_MS = 45 * 86_400_000;

const APP_ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#2a7a8c"/></svg>';

const CONSENT_PATH = consentPath("https://sharesome.5apps.com/", "photos:rw documents:r");

/** The pictures in the README. */
const README_PAGES = [
  { name: "home", path: "/" },
  { name: "apps", path: "/apps" },
  { name: "admin", path: "/admin" },
  { name: "consent", path: CONSENT_PATH, size: "phone" },
];

const OPTIONS = { all: { type: "string" }, language: { type: "string", default: "en" } };

await runCommand(async () => {
  await ensureInstalled();
  const { all, language } = parseArgs({ options: OPTIONS }).values;
  const { startLocalServer } = await import("./lib/local-server.mjs");
  const data = mkdtempSync(join(tmpdir(), "satchel-screenshots-"));
  const vars = { DEFAULT_QUOTA_BYTES: "40000000" };
  const server = await startLocalServer({ data, vars, quiet: true });
  const browser = await launchBrowser(new URL(server.url).port);
  try {
    const alice = await seedProvider(server.miniflare, browser, language);
    if (all === undefined) await shootReadmePages(alice);
    else await shootAllPages(browser, alice, language, resolve(all));
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

/** Creates accounts, and Alice's apps, documents and past use. Returns Alice's browser context. */
async function seedProvider(miniflare, browser, language) {
  for (const name of ["bob", "carol", "dave"])
    await (await signUp(browser, name, language)).close();
  const alice = await signUp(browser, "alice", language);
  for (const [app, scope] of Object.entries(APPS)) {
    const token = await connectApp(alice, consentPath(app, scope));
    if (scope === "*:rw") await putDocuments(alice, token);
  }
  await addHistory(miniflare);
  return alice;
}

/** Creates an account. Returns a browser context that is signed in. */
async function signUp(browser, name, language) {
  const context = await browser.newContext({ locale: language });
  // The apps are not running: their icons come from here.
  await context.route("**/favicon.ico", (route) =>
    route.fulfill({ contentType: "image/svg+xml", body: APP_ICON }),
  );
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/sign-up`);
  await page.evaluate(
    (fields) => fetch("/sign-up", { method: "POST", body: new URLSearchParams(fields) }),
    { name, password: PASSWORD },
  );
  await page.close();
  return context;
}

/** Connects an app. The app itself is not running: the token is read from the redirect. */
async function connectApp(context, path) {
  const page = await context.newPage();
  await page.goto(ORIGIN + path);
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.locator("button[value=allow]").click(),
  ]);
  const refresh = await response.headerValue("refresh");
  await page.close();
  return new URLSearchParams(refresh.split("#")[1]).get("access_token");
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
    [token, MODULE_BYTES],
  );
  await page.close();
}

/** Adds a month of use and traffic, makes Alice an administrator, and suspends Dave. */
async function addHistory(miniflare) {
  const [{ DATABASE, WORKER_NAME }, day] = [
    await import("./lib/worker-config.mjs"),
    Math.floor(Date.now() / 86_400_000),
  ];
  const db = await miniflare.getD1Database(DATABASE, WORKER_NAME);
  const days = JSON.stringify(
    Array.from({ length: 29 }, (_, ago) => [day - ago - 1, (ago * 7) % 11]),
  );
  await db.batch([
    db.prepare("UPDATE accounts SET created_at = created_at - ?1").bind(HISTORY_MS),
    db.prepare("UPDATE grants SET created_at = created_at - ?1").bind(HISTORY_MS),
    db.prepare("UPDATE accounts SET is_admin = 1 WHERE name = 'alice'"),
    db.prepare("UPDATE accounts SET suspended_at = created_at + 86400000 WHERE name = 'dave'"),
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

function consentPath(app, scope) {
  const query = new URLSearchParams({ redirect_uri: app, response_type: "token", scope });
  return `/oauth/authorize/alice?${query}`;
}

async function shootReadmePages(context) {
  const folder = join(ROOT, "screenshots");
  mkdirSync(folder, { recursive: true });
  const page = await context.newPage();
  for (const { name, path, size = "wide" } of README_PAGES) {
    await page.goto(ORIGIN + path);
    for (const theme of THEMES) {
      await page.setViewportSize(SIZES[size]);
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    }
  }
}

async function shootAllPages(browser, alice, language, folder) {
  mkdirSync(folder, { recursive: true });
  const anonymous = await browser.newContext({ locale: language });
  await shootLinkedPages(anonymous, ["/", "/nothing"], join(folder, "anonymous"));
  await shootLinkedPages(alice, ["/", CONSENT_PATH], join(folder, "alice"));
}

/** Follows all links within the provider, starting from these paths. */
async function shootLinkedPages(context, start, prefix) {
  const page = await context.newPage();
  const seen = new Set();
  const queue = [...start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
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
      if (origin === ORIGIN) queue.push(pathname + search);
    }
  }
}

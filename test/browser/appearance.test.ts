/**
 * Accessibility and layout of every page that links lead to: checked with axe, in the light and the
 * dark theme, on a wide and a narrow screen.
 */

import type { BrowserContext } from "playwright-core";
import { describe, expect } from "vitest";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { becomeAdministrator, signUp, storeDatabase, uniqueUserName } from "./support/steps";
import { type TestSite, testWithSite } from "./support/test-site";

/** A provider of its own: administrators see the accounts of all tests. */
const test = testWithSite(async () => ({}));

/**
 * Follows all links within the provider to paths that begin with `prefix`, and checks each page once, and one folder in
 * each other order. Returns the paths.
 */
async function crawl(
  site: TestSite,
  context: BrowserContext,
  start: string[],
  prefix = "/",
): Promise<string[]> {
  const page = await context.newPage();
  const seen = new Set<string>();
  const queue = [...start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const [, order] = /[?&](sort=\w+)/.exec(path) ?? [];
    if (seen.has(path) || (order && [...seen].some((other) => other.includes(order)))) continue;
    seen.add(path);
    await page.goto(site.url + path);
    await expectAccessibleOnAllScreens(page);
    const links = await page.evaluate(() => {
      const links = document.querySelectorAll<HTMLAnchorElement>("a[href]:not([download])");
      return Array.from(links, ({ href }) => href);
    });
    for (const link of links) {
      if (link.startsWith(site.url + prefix)) queue.push(pathOf(link));
    }
  }
  return [...seen];
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

const consentPath = (site: TestSite, name: string, scope: string): string =>
  `/oauth/authorize/${name}?${new URLSearchParams({
    redirect_uri: `${site.apps.origin}/blank`,
    response_type: "token",
    scope,
  })}`;

describe("In both themes axe finds nothing, and nothing is wider than 320 px:", () => {
  test("pages without sign-in", async ({ site }) => {
    const context = await site.openContext();
    const seen = await crawl(site, context, ["/", "/nothing", "/oauth/authorize"]);
    expect(seen).toContain("/sign-up");
    expect(seen).toContain("/sign-in");
  });

  // In German, whose words are longer.
  test("pages of a user with an app", async ({ site }) => {
    const context = await site.openContext({ locale: "de" });
    const name = await signUp(site, context, `a${uniqueUserName()}`.padEnd(32, "w"));
    const consent = consentPath(site, name, `${"longmodulename".repeat(4)}:rw contacts:r *:rw`);
    const allowed = await context.request.post(site.url + consent, {
      form: { decision: "allow", duration: "always" },
      maxRedirects: 0,
    });
    const { hash } = new URL(allowed.headers().location ?? "");
    const token = new URLSearchParams(hash.slice(1)).get("access_token") ?? "";
    for (const folder of [`/${"long-module-name".repeat(4)}/`, "/public/notes/"]) {
      await fetch(`${site.url}/storage/${name}${folder}a`, {
        method: "PUT",
        headers: {
          Authorization: `Bearer ${token}`,
          "Content-Type": "text/plain",
        },
        body: "x".repeat(1234),
      });
    }
    const documents = [{ id: "1", text: "x".repeat(1234) }];
    const collections = { [`c${"long".repeat(15)}`]: documents, _rxdb_internal: documents };
    const module = "long-module-name".repeat(4);
    for (const database of ["list", "verylongname".repeat(10)]) {
      await storeDatabase(site, { name, token }, module, database, collections);
    }
    const seen = await crawl(site, context, ["/", consent, "/sign-in?name=somebody-else"]);
    expect(seen).toEqual(
      expect.arrayContaining([
        `/data/database?module=${module}&name=list`,
        "/transfer",
        "/transfer/move-in",
        "/transfer/move-out",
      ]),
    );
  });

  test("pages of an administrator, and those of a user without data", async ({ site }) => {
    const context = await site.openContext({ locale: "de" });
    await signUp(site, context);
    await becomeAdministrator(site, context);
    const empty = ["/", "/apps", "/files/", "/data", "/activity", "/tasks", "/bin", "/go-back/"];
    const seen = await crawl(site, context, ["/admin", ...empty], "/admin");
    expect(seen).toContain("/admin/log");
  });
});

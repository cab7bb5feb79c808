/**
 * Accessibility and layout of every page that links lead to: checked with axe, in the light and the
 * dark theme, on a wide and a narrow screen.
 */

import type { BrowserContext } from "playwright-core";
import { describe, expect } from "vitest";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { allowAccess, signUp, storeDatabase, uniqueUserName } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

/**
 * Follows all links within the provider, and checks each page once, and one folder in each other order.
 * Returns the paths.
 */
async function crawl(site: TestSite, context: BrowserContext, start: string[]): Promise<string[]> {
  const page = await context.newPage();
  const seen = new Set<string>();
  const queue = [...start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const [, order] = /[?&](sort=\w+)/.exec(path) ?? [];
    if (seen.has(path) || (order && [...seen].some((other) => other.includes(order)))) continue;
    seen.add(path);
    await page.goto(site.url + path);
    await expectAccessibleOnAllScreens(page);
    const links = await page
      .locator("a[href]:not([download])")
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    for (const link of links) {
      const { origin, pathname, search } = new URL(link);
      if (origin === site.url) queue.push(pathname + search);
    }
  }
  return [...seen];
}

const consentPath = (site: TestSite, name: string, scope: string): string =>
  `/oauth/authorize/${name}?${new URLSearchParams({
    redirect_uri: `${site.apps.origin}/blank`,
    response_type: "token",
    scope,
  })}`;

describe("In both themes axe finds nothing, and nothing is wider than 320 px:", () => {
  test("pages without sign-in", async ({ site }) => {
    const context = await site.newContext();
    const seen = await crawl(site, context, ["/", "/nothing", "/oauth/authorize"]);
    expect(seen).toContain("/sign-up");
    expect(seen).toContain("/sign-in");
  });

  test("pages of a user with an app", async ({ site }) => {
    const context = await site.newContext();
    const name = await signUp(site, context, `a${uniqueUserName()}`.padEnd(32, "w"));
    const consent = consentPath(site, name, `${"longmodulename".repeat(4)}:rw contacts:r *:rw`);
    const page = await context.newPage();
    await page.goto(site.url + consent);
    await allowAccess(page);
    await page.waitForURL(`${site.apps.origin}/blank#*`);
    const answer = new URLSearchParams(new URL(page.url()).hash.slice(1));
    for (const folder of [`/${"long-module-name".repeat(4)}/`, "/public/notes/", "/"]) {
      await fetch(`${site.url}/storage/${name}${folder}a`, {
        method: "PUT",
        headers: {
          Authorization: `Bearer ${answer.get("access_token")}`,
          "Content-Type": "text/plain",
        },
        body: "x".repeat(1234),
      });
    }
    const token = answer.get("access_token") ?? "";
    const documents = [{ id: "1", text: "x".repeat(1234) }];
    const collections = { [`c${"long".repeat(15)}`]: documents, _rxdb_internal: documents };
    const module = "long-module-name".repeat(4);
    for (const database of ["list", "verylongname".repeat(10)]) {
      await storeDatabase(site, { name, token }, module, database, collections);
    }
    const seen = await crawl(site, context, ["/", consent, "/sign-in?name=somebody-else"]);
    expect(seen).toContain(`/data/database?module=${module}&name=list`);
  });

  test("pages of an administrator", async ({ site }) => {
    const context = await site.newContext({ locale: "de" });
    await signUp(site, context);
    const page = await context.newPage();
    await page.goto(site.url + (await site.createAdminLinkPath()));
    await page.locator("main button").click();
    await page.waitForURL(`${site.url}/admin`);
    const seen = await crawl(site, context, ["/admin"]);
    expect(seen).toContain("/admin/log");
  });
});

/**
 * Every page that links lead to, as people see it: in light and dark, on a narrow screen and a wide
 * one, and through the eyes of axe.
 */

import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { expectUsable } from "./support/axe";
import { allow, newName, signUp, storeDatabase } from "./support/steps";
import { type Stage, test } from "./support/test-site";

const NARROW = { width: 320, height: 700 };
const WIDE = { width: 1280, height: 900 };

/** Looks at a page in both themes and both widths. */
async function look(page: Page): Promise<void> {
  for (const [colorScheme, viewport] of [
    ["light", WIDE],
    ["dark", NARROW],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await expectUsable(page);
  }
}

/** Follows every link within the provider from its front page on, and looks at each page once. */
async function lookAround(
  stage: Stage,
  context: BrowserContext,
  start: string[],
): Promise<string[]> {
  const page = await context.newPage();
  const seen = new Set<string>();
  const waiting = [...start];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    await page.goto(stage.url + path);
    await look(page);
    const links = await page
      .locator("a[href]:not([download])")
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    for (const link of links) {
      const { origin, pathname, search } = new URL(link);
      if (origin === stage.url) waiting.push(pathname + search);
    }
  }
  return [...seen];
}

const question = (stage: Stage, name: string, scope: string): string =>
  `/oauth/authorize/${name}?${new URLSearchParams({
    redirect_uri: `${stage.apps.origin}/blank`,
    response_type: "token",
    scope,
  })}`;

describe("axe finds nothing, in light and dark, and nothing is wider than 320 px", () => {
  test("on any page that a stranger gets to", async ({ stage }) => {
    const context = await stage.newContext();
    const seen = await lookAround(stage, context, ["/", "/nothing", "/oauth/authorize"]);
    expect(seen).toContain("/sign-up");
    expect(seen).toContain("/sign-in");
  });

  test("on any page that somebody with an app gets to", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context, `a${newName()}`.padEnd(32, "w"));
    const wish = question(stage, name, `${"longmodulename".repeat(4)}:rw contacts:r *:rw`);
    const page = await context.newPage();
    await page.goto(stage.url + wish);
    await allow(page);
    await page.waitForURL(`${stage.apps.origin}/blank#*`);
    const answer = new URLSearchParams(new URL(page.url()).hash.slice(1));
    for (const folder of [`/${"long-module-name".repeat(4)}/`, "/notes/", "/public/notes/", "/"]) {
      await fetch(`${stage.url}/storage/${name}${folder}a`, {
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
      await storeDatabase(stage, { name, token }, module, database, collections);
    }
    const seen = await lookAround(stage, context, ["/", wish, "/sign-in?name=somebody-else"]);
    expect(seen).toContain(`/data/database?module=${module}&name=list`);
  });

  test("on any page of an administrator", async ({ stage }) => {
    const context = await stage.newContext({ locale: "de" });
    await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(stage.url + (await stage.setUpPath()));
    await page.locator("main button").click();
    await page.waitForURL(`${stage.url}/admin`);
    const seen = await lookAround(stage, context, ["/admin"]);
    expect(seen).toContain("/admin/log");
  });
});

/**
 * Every page that links lead to, as people see it: in light and dark, on a narrow screen and a wide
 * one, and through the eyes of axe.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { type Stage, test } from "./support/stage";
import { allow, newName, signUp } from "./support/steps";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const NARROW = { width: 320, height: 700 };
const WIDE = { width: 1280, height: 900 };

declare global {
  interface Window {
    axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
  }
}

/** What axe finds, with the first place of each kind. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

/** What is wrong with a page in both themes and both widths. */
async function faults(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await violations(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  for (const viewport of [WIDE, NARROW]) {
    await page.setViewportSize(viewport);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) found.push(`${width} px wide on a screen of ${viewport.width}`);
  }
  return found;
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
    await page.setViewportSize(NARROW);
    await page.goto(stage.url + path);
    expect({ path, faults: await faults(page) }).toEqual({ path, faults: [] });
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
    await lookAround(stage, context, ["/", wish, "/sign-in?name=somebody-else"]);
  });
});

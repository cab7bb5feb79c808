/** Checks the accessibility of a page with axe, and that it fits the screen. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(options: { resultTypes: ["violations"]; elementRef: false }): Promise<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>;
}

/** Expects no axe violations and no horizontal scrolling. */
export async function expectAccessible(page: Page): Promise<void> {
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  const screen = page.viewportSize()?.width ?? 0;
  // Playwright's evaluate bypasses the page's Content-Security-Policy. To load axe takes as long as to run it.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: Axe };
    const { violations } = await axe.run({ resultTypes: ["violations"], elementRef: false });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  if (width > screen) found.push(`${width} px wide on a screen of ${screen}`);
  expect([page.url(), found]).toEqual([page.url(), []]);
}

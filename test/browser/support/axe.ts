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

/** The screens and themes in which every page must be fine. */
const APPEARANCES = [
  ["light", { width: 1280, height: 900 }],
  ["dark", { width: 320, height: 700 }],
] as const;

/** Expects that a page is accessible and fits, light on a wide screen and dark on a phone. */
export async function expectAccessibleOnAllScreens(page: Page): Promise<void> {
  for (const [colorScheme, viewport] of APPEARANCES) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
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

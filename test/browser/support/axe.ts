/** Checks the accessibility of a page with axe, and that it fits the screen. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Defines `loadAxe`. To load axe takes as long as to run it, so it is loaded only in documents in which it is run. */
const DEFINE_LOAD_AXE = `globalThis.loadAxe = () => {
  if (!globalThis.axe) {
    ${readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")}
  }
  return globalThis.axe;
}`;

interface Axe {
  run(options: { resultTypes: ["violations"]; elementRef: false }): Promise<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>;
}

declare global {
  interface Window {
    loadAxe(): Axe;
  }
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
  await defineLoadAxe(page);
  const found = await page.evaluate(async () => {
    const axe = window.loadAxe();
    const { violations } = await axe.run({ resultTypes: ["violations"], elementRef: false });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  if (width > screen) found.push(`${width} px wide on a screen of ${screen}`);
  expect([page.url(), found]).toEqual([page.url(), []]);
}

/** Defines `loadAxe` in the open document, past its Content-Security-Policy, and in those that the page opens later. */
async function defineLoadAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => "loadAxe" in window)) return;
  await page.evaluate(DEFINE_LOAD_AXE);
  // To send it again for each document would take as long as to run it.
  await page.addInitScript(DEFINE_LOAD_AXE);
}

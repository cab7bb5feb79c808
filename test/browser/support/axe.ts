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
  run(options: { resultTypes: ["violations"]; elementRef: false; runOnly?: string[] }): Promise<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>;
}

declare global {
  interface Window {
    loadAxe(): Axe;
  }
}

/** How a page is shown. */
interface Appearance {
  colorScheme: "light" | "dark";
  viewport: { width: number; height: number };
}

/** The screens and themes in which every page must be fine. */
const APPEARANCES: Appearance[] = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 320, height: 700 } },
];

/**
 * The rules of axe that ask for colours or sizes, or for the columns of tables: the style sheet hides nothing else on a
 * narrow screen. What all others find does not change with the appearance.
 */
const RULES_OF_APPEARANCE = [
  "color-contrast",
  "empty-table-header",
  "link-in-text-block",
  "scrollable-region-focusable",
  "target-size",
  "th-has-data-cells",
];

/** The appearance that each page has. */
const shown = new WeakMap<Page, Appearance>();

/** Expects that a page is accessible and fits, light on a wide screen and dark on a phone. */
export async function expectAccessibleOnAllScreens(page: Page): Promise<void> {
  // First as the page is: to change its appearance takes as long as to check it.
  const first = shown.get(page);
  const others = APPEARANCES.filter((appearance) => appearance !== first);
  await expectAccessible(page, first ?? others.shift());
  for (const appearance of others) await expectAccessible(page, appearance, RULES_OF_APPEARANCE);
}

/** Expects no violations of axe's rules, by default of all, and no horizontal scrolling. */
export async function expectAccessible(
  page: Page,
  appearance?: Appearance,
  rules?: string[],
): Promise<void> {
  if (appearance) await show(page, appearance);
  const [width, screen] = await page.evaluate(
    () => [document.documentElement.scrollWidth, window.innerWidth] as const,
  );
  await defineLoadAxe(page);
  const found = await page.evaluate(async (rules) => {
    const { violations } = await window.loadAxe().run({
      resultTypes: ["violations"],
      elementRef: false,
      ...(rules ? { runOnly: rules } : {}),
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }, rules);
  if (width > screen) found.push(`${width} px wide on a screen of ${screen}`);
  expect([page.url(), found]).toEqual([page.url(), []]);
}

async function show(page: Page, appearance: Appearance): Promise<void> {
  if (shown.get(page) === appearance) return;
  await page.setViewportSize(appearance.viewport);
  await page.emulateMedia({ colorScheme: appearance.colorScheme });
  shown.set(page, appearance);
}

/** Defines `loadAxe` in the open document, past its Content-Security-Policy, and in those that the page opens later. */
async function defineLoadAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => "loadAxe" in window)) return;
  await page.evaluate(DEFINE_LOAD_AXE);
  // To send it again for each document would take as long as to run it.
  await page.addInitScript(DEFINE_LOAD_AXE);
}

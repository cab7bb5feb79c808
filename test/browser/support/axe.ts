/** Whether everybody can use a page: as axe sees it, and on a narrow screen. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Findings {
  violations: { id: string; nodes: { html: string }[] }[];
}

/** Expects that axe finds nothing on the page, and that nothing has to be scrolled sideways. */
export async function expectUsable(page: Page): Promise<void> {
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  const screen = page.viewportSize()?.width ?? 0;
  // Its script comes past the page's policy.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<Findings> } }).axe.run(),
  );
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
  if (width > screen) found.push(`${width} px wide on a screen of ${screen}`);
  expect([page.url(), found]).toEqual([page.url(), []]);
}

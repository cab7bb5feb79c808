/** Times on pages: in the reader's time zone with JavaScript, in UTC without. */

import type { BrowserContextOptions } from "playwright-core";
import { describe, expect } from "vitest";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const HOUR_MS = 60 * 60 * 1000;
const TIME_ZONE = "Asia/Tokyo";

/** The first time on the activity page: that of the sign-up, seen `later` milliseconds after it. */
async function readSignUpTime(site: TestSite, options: BrowserContextOptions, later = 0) {
  const context = await site.newContext({ timezoneId: TIME_ZONE, ...options });
  await signUp(site, context);
  const page = await context.newPage();
  if (later > 0) await page.clock.setFixedTime(Date.now() + later);
  await page.goto(`${site.url}/activity`);
  const time = page.locator("time").last();
  const at = Date.parse((await time.getAttribute("datetime")) ?? "");
  expect(Math.abs(Date.now() - at)).toBeLessThan(HOUR_MS);
  return { at, text: await time.textContent(), title: await time.getAttribute("title") };
}

describe("A time on a page", () => {
  test("is relative, with the exact local time as its title", async ({ site }) => {
    const { at, text, title } = await readSignUpTime(site, {}, 2.5 * HOUR_MS);
    const exact = { dateStyle: "full", timeStyle: "short", timeZone: TIME_ZONE } as const;
    expect(text).toBe("2 hours ago");
    expect(title).toBe(new Intl.DateTimeFormat("en", exact).format(at));
  });

  test("is relative in the language of the page", async ({ site }) => {
    const { text } = await readSignUpTime(site, { locale: "de" }, 2.5 * HOUR_MS);
    expect(text).toBe("vor 2 Stunden");
  });

  test("is a local date if it is more than a month away", async ({ site }) => {
    const { at, text } = await readSignUpTime(site, {}, 45 * 24 * HOUR_MS);
    const date = { dateStyle: "medium", timeZone: TIME_ZONE } as const;
    expect(text).toBe(new Intl.DateTimeFormat("en", date).format(at));
  });

  test("is in UTC without JavaScript", async ({ site }) => {
    const { at, text, title } = await readSignUpTime(site, { javaScriptEnabled: false });
    const utc = { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" } as const;
    expect(text).toBe(`${new Intl.DateTimeFormat("en", utc).format(at)} UTC`);
    expect(title).toBeNull();
  });
});

/** Apps with the helper of client/live: changes arrive without polling. */

import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { remove, storeText, waitForText, waitForTexts } from "./support/app";
import { RELEASES } from "./support/app-server";
import { connectApp, connectSecondBrowser, signUp } from "./support/steps";
import { test } from "./support/test-site";

declare global {
  interface Window {
    live: { status: string; stop(): void };
  }
}

const waitForStatus = (page: Page, status: string): Promise<unknown> =>
  page.waitForFunction((status) => window.live?.status === status, status);

const intervals = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const { remoteStorage } = window as unknown as {
      remoteStorage: { getSyncInterval(): number; getBackgroundSyncInterval(): number };
    };
    return [remoteStorage.getSyncInterval(), remoteStorage.getBackgroundSyncInterval()];
  });

describe.each(RELEASES)(
  "remotestorage.js %s with @satchel/live",
  { concurrent: true },
  (release) => {
    test("a change reaches the other browser, although neither polls", async ({ site }) => {
      const context = await site.newContext();
      const options = { name: await signUp(site, context), release, live: true };
      const one = await connectApp(site, context, options);
      const two = await connectSecondBrowser(site, options);
      await Promise.all([one, two].map((page) => waitForStatus(page, "live")));
      expect(await intervals(two)).toEqual([600_000, 600_000]);
      await storeText(one, "hello", "From one");
      await waitForText(two, "hello", "From one");
      await storeText(two, "deep/er", "From two");
      await storeText(two, "hello", "From two");
      await waitForTexts(one, { hello: "From two", "deep/er": "From two" });
      await remove(one, "deep/er");
      await waitForText(two, "deep/er", undefined);
    });

    test("what was missed while offline arrives with the next socket", async ({ site }) => {
      const context = await site.newContext();
      const options = { name: await signUp(site, context), release, live: true };
      const one = await connectApp(site, context, options);
      const two = await connectSecondBrowser(site, options);
      await Promise.all([one, two].map((page) => waitForStatus(page, "live")));
      await two.context().setOffline(true);
      await waitForStatus(two, "polling");
      expect(await intervals(two)).toEqual([10_000, 60_000]);
      await storeText(one, "missed", "Missed");
      await two.context().setOffline(false);
      await waitForStatus(two, "live");
      await waitForText(two, "missed", "Missed");
    });

    test("it can be switched off: the app polls as before", async ({ site }) => {
      const context = await site.newContext();
      const options = { name: await signUp(site, context), release, live: true };
      const one = await connectApp(site, context, options);
      await waitForStatus(one, "live");
      await one.evaluate(() => window.live.stop());
      expect(await intervals(one)).toEqual([10_000, 60_000]);
    });
  },
);

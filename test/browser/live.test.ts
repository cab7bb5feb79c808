/** Apps with the helper of client/live: changes arrive without polling. */

import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, onTestFinished } from "vitest";
import { serveExample } from "../../scripts/example.mjs";
import { remove, storeText, waitForText, waitForTexts, waitUntil } from "./support/app";
import { RELEASES } from "./support/app-server";
import { expectAccessible } from "./support/axe";
import { storeFiles } from "./support/files";
import { testWithApps } from "./support/open-apps";
import { allowAccess, openConnectedApp, signIn, signUp } from "./support/steps";

declare global {
  interface Window {
    live: { status: string; stop(): void };
  }
}

const test = testWithApps(2, { live: true });

const waitForStatus = (page: Page, status: string): Promise<unknown> =>
  waitUntil(page, (status) => window.live?.status === status, status);

const intervals = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const { remoteStorage } = window as unknown as {
      remoteStorage: { getSyncInterval(): number; getBackgroundSyncInterval(): number };
    };
    return [remoteStorage.getSyncInterval(), remoteStorage.getBackgroundSyncInterval()];
  });

test("the example shows in each browser what the other one has written", async ({ site }) => {
  const { url, close } = await serveExample(0);
  onTestFinished(close);
  const contexts = await Promise.all([site.newContext(), site.newContext()]);
  const name = await signUp(site, contexts[0] as BrowserContext);
  await signIn(site, contexts[1] as BrowserContext, name);
  const openNotes = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(new URL("../notes/", url).href);
    await page.getByLabel("Your user address").fill(`${name}@${new URL(site.url).host}`);
    await page.getByRole("button", { name: "Connect" }).click();
    await allowAccess(page);
    await page.getByText("Live", { exact: true }).waitFor();
    return page;
  };
  const [one, two] = (await Promise.all(contexts.map(openNotes))) as [Page, Page];
  await one.getByLabel("A new note").fill("Milk");
  await one.getByRole("button", { name: "Add" }).click();
  await two.getByLabel("Text of Milk").fill("Oat milk");
  await two.getByLabel("A new note").focus();
  await one.getByLabel("Text of Oat milk").waitFor();
  await one.getByRole("button", { name: "Delete Oat milk" }).click();
  await two.getByText("There are no notes yet.").waitFor();
});

test("a folder's page shows what apps write, and keeps what the user is doing", async ({
  site,
}) => {
  const context = await site.openContext();
  await signUp(site, context);
  await storeFiles(site, context, { "/notes/b": "1", "/notes/c": "1" });
  const page = await context.newPage();
  await page.goto(`${site.url}/files/notes/`);
  await page.getByLabel("Select b", { exact: true }).check();
  await page.getByRole("textbox", { name: "Move to folder" }).fill("/notes/else");
  await storeFiles(site, context, { "/notes/a": "new", "/notes/d/e": "new" });
  await page.getByRole("link", { name: "a", exact: true }).waitFor();
  await page.getByRole("link", { name: "d/", exact: true }).waitFor();
  await page.getByText("4 documents").waitFor();
  expect(await page.getByLabel("Select b", { exact: true }).isChecked()).toBe(true);
  const field = page.getByRole("textbox", { name: "Move to folder" });
  expect(await field.inputValue()).toBe("/notes/else");
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.getByLabel("Select c", { exact: true }).focus();
  const form = { action: "delete", path: "/notes/c" };
  await context.request.post(`${site.url}/tasks`, { form });
  await page.getByRole("link", { name: "c", exact: true }).waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
    "Select d/",
  );
  await expectAccessible(page);
});

describe.each(RELEASES)("remotestorage.js %s with @satchel/live", (release) => {
  test("a change reaches the other browser, although neither polls", async ({ openApps }) => {
    const [one, two] = await openApps(release);
    await Promise.all([one, two].map((page) => waitForStatus(page, "live")));
    expect(await intervals(two)).toEqual([600_000, 600_000]);
    await storeText(one, "hello", "From one");
    await waitForText(two, "hello", "From one");
    await storeText(two, "deep/er", "From two");
    await storeText(two, "hello", "From two");
    await waitForTexts(one, { hello: "From two", "deep/er": "From two" });
    await remove(one, "deep/er");
    await waitForText(two, "deep/er", undefined);
    // A sync that fails is repeated soon, although the app polls only every ten minutes.
    let failures = 0;
    const headers = { "Access-Control-Allow-Origin": "*" };
    await two.route(/\/storage\//, (route) =>
      route.request().method() === "GET" && failures++ === 0
        ? route.fulfill({ status: 503, headers })
        : route.continue(),
    );
    await storeText(one, "late", "Late");
    await waitForText(two, "late", "Late");
    expect(failures).toBeGreaterThan(1);
    await two.unrouteAll({ behavior: "wait" });
  });

  test("what was missed while offline arrives with the next socket", async ({ openApps }) => {
    const [one, two] = await openApps(release);
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
    const context = await site.openContext();
    const options = { name: await signUp(site, context), release, live: true };
    const one = await openConnectedApp(site, context, options);
    await waitForStatus(one, "live");
    await one.evaluate(() => window.live.stop());
    expect(await intervals(one)).toEqual([10_000, 60_000]);
  });
});

/** The to-do list of examples/todos, in two browsers of one user. */

import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { discover } from "../../client/index.js";
import { serveExample } from "../../scripts/example.mjs";
import { openFlakyProxy } from "../local/flaky-proxy";
import { waitUntil } from "./support/app";
import { expectAccessible } from "./support/axe";
import { allowAccess, denyAccess, obtainToken, signUp } from "./support/steps";
import { test as base, type TestSite, userAddress } from "./support/test-site";

const test = base.extend(
  "example",
  { scope: "file" },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
  async ({}, { onCleanup }) => {
    const { url, close } = await serveExample(0);
    onCleanup(close);
    return url;
  },
);

const HOUR_MS = 60 * 60 * 1000;

/** How a browser is connected. */
interface Account {
  address: string;
  /** The token of the app. */
  access: string;
}

interface List {
  page: Page;
  add(title: string): Promise<void>;
  /** Changes the title of a to-do. */
  rename(title: string, to: string): Promise<void>;
  check(title: string): Promise<void>;
  remove(title: string): Promise<void>;
  /** Waits until the page shows these titles; those of completed to-dos end with a check mark. */
  waitForTitles(titles: string[]): Promise<void>;
  waitForStatus(text: string): Promise<void>;
}

/** Connects the open list of a user who is signed in. */
async function connect(page: Page, address: string): Promise<List> {
  await page.getByLabel("Your user address").fill(address);
  await page.getByRole("button", { name: "Connect" }).click();
  await allowAccess(page);
  await page.getByText("Live", { exact: true }).waitFor();
  return listOn(page);
}

/**
 * Opens the list in a browser that is connected already, as another one of the user: without the dialog and the consent
 * page, for tests of something else.
 */
async function openConnected(
  context: BrowserContext,
  example: string,
  { address, access }: Account,
): Promise<List> {
  const { urlOf, tokenEndpoint } = await discover(address);
  const account = {
    address,
    url: urlOf("todos"),
    tokenEndpoint,
    access,
    until: Date.now() + HOUR_MS,
  };
  const page = await context.newPage();
  await page.addInitScript((account) => {
    localStorage.setItem("todos-account", account);
  }, JSON.stringify(account));
  await page.goto(example);
  await page.getByText("Live", { exact: true }).waitFor();
  return listOn(page);
}

function listOn(page: Page): List {
  const item = (title: string) =>
    page.getByRole("listitem").filter({ has: page.getByLabel(`Delete ${title}`, { exact: true }) });
  return {
    page,
    async add(title) {
      await page.getByLabel("What needs to be done?").fill(title);
      await page.getByRole("button", { name: "Add", exact: true }).click();
    },
    async rename(title, to) {
      const input = item(title).getByRole("textbox");
      await input.fill(to);
      await input.blur();
    },
    check: (title) => item(title).getByRole("checkbox").click(),
    remove: (title) => item(title).getByRole("button").click(),
    async waitForTitles(titles) {
      await waitUntil(
        page,
        (expected) => {
          const titles = [...document.querySelectorAll("#todos li")].map((row) => {
            const [done, title] = row.querySelectorAll("input");
            return `${title?.value}${done?.checked ? " ✓" : ""}`;
          });
          return titles.join("\n") === expected.join("\n");
        },
        titles,
      );
    },
    waitForStatus: (text) => page.getByRole("status").filter({ hasText: text }).waitFor(),
  };
}

/** Creates a user who has allowed the app access, and is signed in. */
async function createUser(site: TestSite): Promise<Account & { context: BrowserContext }> {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const access = await obtainToken(site, context, name, "todos");
  return { context, access, address: userAddress(site, name) };
}

/** Opens the list in two browsers of a user, the second one over a network that can be cut. */
async function openTwoBrowsers(site: TestSite, example: string) {
  const user = await createUser(site);
  const proxy = await openFlakyProxy(site.url);
  const host = new URL(proxy.url).host;
  const viaProxy = { ...user, address: user.address.replace(/(?<=@).*/, host) };
  const [one, two] = await Promise.all([
    openConnected(user.context, example, user),
    openConnected(await site.openContext(), example, viaProxy),
  ]);
  return { one, two, proxy, user };
}

/** Deletes the list in the Satchel, as the page "Your data" does. */
async function deleteDatabase(site: TestSite, context: BrowserContext): Promise<void> {
  const url = `${site.url}/data/database?module=todos&name=todos`;
  const response = await context.request.post(url);
  // A refusal, or the question whether to delete it, would be at the address of the request.
  expect([response.ok(), response.url()]).toEqual([true, `${site.url}/data`]);
}

test("a to-do that is created in one browser appears in the other, and so does its deletion", async ({
  site,
  example,
}) => {
  const { one, two } = await openTwoBrowsers(site, example);
  await one.add("Buy bread");
  await two.waitForTitles(["Buy bread"]);
  await two.check("Buy bread");
  await one.waitForTitles(["Buy bread ✓"]);
  await two.add("Sleep");
  await one.waitForTitles(["Buy bread ✓", "Sleep"]);
  await one.remove("Buy bread");
  await two.waitForTitles(["Sleep"]);
});

test("changes of both, while one was offline, end up the same on both", async ({
  site,
  example,
}) => {
  const { one, two, proxy } = await openTwoBrowsers(site, example);
  await one.add("Bread");
  await one.add("Milk");
  await one.add("Sleep");
  await two.waitForTitles(["Bread", "Milk", "Sleep"]);

  proxy.refusedShare = 1;
  proxy.cut();
  await two.waitForStatus("Offline");
  await two.rename("Bread", "Dark bread");
  await two.rename("Milk", "Oat milk");
  await two.remove("Sleep");
  await two.add("From the mountains");
  await one.check("Bread");
  await one.rename("Milk", "Goat milk");
  await one.add("From the sea");
  await one.waitForTitles(["Bread ✓", "Goat milk", "Sleep", "From the sea"]);
  await two.waitForTitles(["Dark bread", "Oat milk", "From the mountains"]);

  proxy.refusedShare = 0;
  // Changes to different fields of a to-do are both kept; of the same field, the later push.
  const both = ["Dark bread ✓", "Oat milk", "From the mountains", "From the sea"];
  await Promise.all([one.waitForTitles(both), two.waitForTitles(both)]);
  await two.waitForStatus("Live");
});

test("without a network the list is shown, and to-dos can be added", async ({ site, example }) => {
  const { one, two, proxy } = await openTwoBrowsers(site, example);
  await one.add("Bread");
  await two.waitForTitles(["Bread"]);
  proxy.refusedShare = 1;
  proxy.cut();
  await two.page.reload();
  await two.waitForTitles(["Bread"]);
  await two.waitForStatus("Offline");
  await two.add("Milk");
  await two.waitForTitles(["Bread", "Milk"]);
  proxy.refusedShare = 0;
  await one.waitForTitles(["Bread", "Milk"]);
});

test("a list that is deleted in the Satchel is pushed there again by the browsers that have it", async ({
  site,
  example,
}) => {
  const { one, two, proxy, user } = await openTwoBrowsers(site, example);
  await one.add("Bread");
  await one.add("Milk");
  await two.waitForTitles(["Bread", "Milk"]);
  proxy.refusedShare = 1;
  proxy.cut();
  await two.waitForStatus("Offline");
  await two.add("From the mountains");

  await deleteDatabase(site, user.context);
  // A browser that was online pushes it by itself, so that a new browser gets it.
  const three = await openConnected(await site.openContext(), example, user);
  await three.waitForTitles(["Bread", "Milk"]);
  await one.add("After that");
  await one.waitForTitles(["Bread", "Milk", "After that"]);
  await one.waitForStatus("Live");
  // A browser that was offline pushes its own changes, too.
  proxy.refusedShare = 0;
  const all = ["Bread", "Milk", "From the mountains", "After that"];
  await Promise.all([one.waitForTitles(all), two.waitForTitles(all)]);
  await three.waitForTitles(all);
});

test("the page says at once that the browser is offline", async ({ site, example }) => {
  const context = await site.newContext();
  const list = await openConnected(context, example, await createUser(site));
  const waitForStatus = (text: string) =>
    list.page.getByRole("status").filter({ hasText: text }).waitFor({ timeout: 20_000 });
  await context.setOffline(true);
  await waitForStatus("Offline");
  await list.add("Bread");
  await context.setOffline(false);
  await waitForStatus("Live");
});

test("two windows of one browser show the same", async ({ site, example }) => {
  const { context, ...account } = await createUser(site);
  const one = await openConnected(context, example, account);
  const two = listOn(await context.newPage());
  await two.page.goto(example);
  await two.waitForStatus("Synced by another window");
  await two.add("Bread");
  await one.waitForTitles(["Bread"]);
  // The other window takes over.
  await one.page.close();
  await two.waitForStatus("Live");
});

test("denying access, or entering an invalid address, shows an error", async ({
  site,
  example,
}) => {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your user address").fill("alice");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("alert").filter({ hasText: "is not an address" }).waitFor();
  await page.getByLabel("Your user address").fill(userAddress(site, name));
  await page.getByRole("button", { name: "Connect" }).click();
  await denyAccess(page);
  await page.getByRole("alert").filter({ hasText: "You denied access." }).waitFor();
});

test("is accessible, in light and dark, and 320 px wide", async ({ site, example }) => {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.setViewportSize({ width: 320, height: 700 });
  await page.goto(example);
  await page.getByLabel("Your user address").waitFor();
  await expectAccessible(page);
  const list = await connect(page, userAddress(site, name));
  await list.add("Buy bread");
  await list.add("A".repeat(200));
  await list.check("Buy bread");
  await list.waitForTitles(["Buy bread ✓", "A".repeat(200)]);
  for (const colorScheme of ["light", "dark"] as const) {
    await list.page.emulateMedia({ colorScheme });
    await expectAccessible(list.page);
  }
  // The last change may still be on its way.
  await list.waitForStatus("Live");
});

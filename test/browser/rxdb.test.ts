/** The to-do list of examples/todos, in two browsers of one user. */

import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { serveExample } from "../../scripts/example.mjs";
import { openFlakyProxy } from "../local/flaky-proxy";
import { POLL_MS } from "./support/app";
import { expectAccessible } from "./support/axe";
import { allowAccess, denyAccess, signIn, signUp } from "./support/steps";
import { test as base, type TestSite } from "./support/test-site";

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

/** Opens the list in a browser that is signed in, and connects it with an address. */
async function connect(context: BrowserContext, example: string, address: string): Promise<List> {
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your user address").fill(address);
  await page.getByRole("button", { name: "Connect" }).click();
  await allowAccess(page);
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
      await page.waitForFunction(
        (expected) => {
          const titles = [...document.querySelectorAll("#todos li")].map((row) => {
            const [done, title] = row.querySelectorAll("input");
            return `${title?.value}${done?.checked ? " ✓" : ""}`;
          });
          return titles.join("\n") === expected.join("\n");
        },
        titles,
        { polling: POLL_MS },
      );
    },
    waitForStatus: (text) => page.getByRole("status").filter({ hasText: text }).waitFor(),
  };
}

/** Connects two browsers of a user, the second one over a network that can be cut. */
async function connectTwoBrowsers(site: TestSite, example: string) {
  const [firstContext, secondContext] = [await site.newContext(), await site.newContext()];
  const name = await signUp(site, firstContext);
  const proxy = await openFlakyProxy(site.url);
  await signIn({ ...site, url: proxy.url }, secondContext, name);
  const addressAt = (url: string) => `${name}@${new URL(url).host}`;
  const [one, two] = await Promise.all([
    connect(firstContext, example, addressAt(site.url)),
    connect(secondContext, example, addressAt(proxy.url)),
  ]);
  return { one, two, proxy, firstContext };
}

/** Deletes the list in the Satchel, on the page "Your data". */
async function deleteDatabase(site: TestSite, context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${site.url}/data/database?module=todos&name=todos`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(`${site.url}/data`);
  await page.close();
}

test("a to-do that is created in one browser appears in the other, and so does its deletion", async ({
  site,
  example,
}) => {
  const { one, two } = await connectTwoBrowsers(site, example);
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
  const { one, two, proxy } = await connectTwoBrowsers(site, example);
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
  const { one, two, proxy } = await connectTwoBrowsers(site, example);
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
  const { one, two, proxy, firstContext } = await connectTwoBrowsers(site, example);
  await one.add("Bread");
  await one.add("Milk");
  await two.waitForTitles(["Bread", "Milk"]);
  proxy.refusedShare = 1;
  proxy.cut();
  await two.waitForStatus("Offline");
  await two.add("From the mountains");

  await deleteDatabase(site, firstContext);
  // A browser that was online pushes it by itself, so that a new browser gets it.
  const fresh = await site.newContext();
  const address = (await one.page.locator("#account").textContent()) ?? "";
  await signIn(site, fresh, address.split("@")[0] ?? "");
  const three = await connect(fresh, example, address);
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
  const name = await signUp(site, context);
  const list = await connect(context, example, `${name}@${new URL(site.url).host}`);
  const waitForStatus = (text: string) =>
    list.page.getByRole("status").filter({ hasText: text }).waitFor({ timeout: 20_000 });
  await context.setOffline(true);
  await waitForStatus("Offline");
  await list.add("Bread");
  await context.setOffline(false);
  await waitForStatus("Live");
});

test("two windows of one browser show the same", async ({ site, example }) => {
  const context = await site.newContext();
  const name = await signUp(site, context);
  const one = await connect(context, example, `${name}@${new URL(site.url).host}`);
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
  const context = await site.newContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your user address").fill("alice");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("alert").filter({ hasText: "is not an address" }).waitFor();
  await page.getByLabel("Your user address").fill(`${name}@${new URL(site.url).host}`);
  await page.getByRole("button", { name: "Connect" }).click();
  await denyAccess(page);
  await page.getByRole("alert").filter({ hasText: "You denied access." }).waitFor();
});

test("is accessible, in light and dark, and 320 px wide", async ({ site, example }) => {
  const context = await site.newContext({ viewport: { width: 320, height: 700 } });
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your user address").waitFor();
  await expectAccessible(page);
  const list = await connect(context, example, `${name}@${new URL(site.url).host}`);
  await list.add("Buy bread");
  await list.add("A".repeat(200));
  await list.check("Buy bread");
  await list.waitForTitles(["Buy bread ✓", "A".repeat(200)]);
  for (const colorScheme of ["light", "dark"] as const) {
    await list.page.emulateMedia({ colorScheme });
    await expectAccessible(list.page);
  }
  expect(await list.page.getByRole("status").textContent()).toBe("Live");
});

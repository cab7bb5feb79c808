/** The to-do list of examples/todos, as people meet it: in two browsers of one person. */

import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { serveExample } from "../../scripts/example.mjs";
import { openFlakyProxy } from "../local/flaky-proxy";
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
  /** Gives another title to the to-do with this one. */
  rename(title: string, to: string): Promise<void>;
  check(title: string): Promise<void>;
  remove(title: string): Promise<void>;
  /** Until the page shows these: those that are done with a check mark behind. */
  until(titles: string[]): Promise<void>;
  untilState(words: string): Promise<void>;
}

/** Opens the list in a browser that is signed in, and connects it with an address. */
async function connect(context: BrowserContext, example: string, address: string): Promise<List> {
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your Satchel address").fill(address);
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
      await page.getByLabel("What is to be done?").fill(title);
      await page.getByRole("button", { name: "Add", exact: true }).click();
    },
    async rename(title, to) {
      const input = item(title).getByRole("textbox");
      await input.fill(to);
      await input.blur();
    },
    check: (title) => item(title).getByRole("checkbox").click(),
    remove: (title) => item(title).getByRole("button").click(),
    async until(titles) {
      await page.waitForFunction((wanted) => {
        const shown = [...document.querySelectorAll("#todos li")].map((row) => {
          const [done, title] = row.querySelectorAll("input");
          return `${title?.value}${done?.checked ? " ✓" : ""}`;
        });
        return shown.join("\n") === wanted.join("\n");
      }, titles);
    },
    untilState: (words) => page.getByRole("status").filter({ hasText: words }).waitFor(),
  };
}

/** Somebody with two browsers, the second of them on a line that can be cut. */
async function twoBrowsers(site: TestSite, example: string) {
  const [here, there] = [await site.newContext(), await site.newContext()];
  const name = await signUp(site, here);
  const line = await openFlakyProxy(site.url);
  await signIn({ ...site, url: line.url }, there, name);
  const addressAt = (url: string) => `${name}@${new URL(url).host}`;
  const [one, two] = await Promise.all([
    connect(here, example, addressAt(site.url)),
    connect(there, example, addressAt(line.url)),
  ]);
  return { one, two, line, here };
}

/** Deletes the list in the Satchel, as the person does on the page of their data. */
async function deleteUnderData(site: TestSite, context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${site.url}/data/database?module=todos&name=todos`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(`${site.url}/data`);
  await page.close();
}

test("a to-do that is made in one browser appears in the other, and so does its end", async ({
  site,
  example,
}) => {
  const { one, two } = await twoBrowsers(site, example);
  await one.add("Buy bread");
  await two.until(["Buy bread"]);
  await two.check("Buy bread");
  await one.until(["Buy bread ✓"]);
  await two.add("Sleep");
  await one.until(["Buy bread ✓", "Sleep"]);
  await one.remove("Buy bread");
  await two.until(["Sleep"]);
});

test("what both have changed while one was offline is the same on both afterwards", async ({
  site,
  example,
}) => {
  const { one, two, line } = await twoBrowsers(site, example);
  await one.add("Bread");
  await one.add("Milk");
  await one.add("Sleep");
  await two.until(["Bread", "Milk", "Sleep"]);

  line.refusedShare = 1;
  line.cut();
  await two.untilState("Offline");
  await two.rename("Bread", "Dark bread");
  await two.rename("Milk", "Oat milk");
  await two.remove("Sleep");
  await two.add("From the mountains");
  await one.check("Bread");
  await one.rename("Milk", "Goat milk");
  await one.add("From the sea");
  await one.until(["Bread ✓", "Goat milk", "Sleep", "From the sea"]);
  await two.until(["Dark bread", "Oat milk", "From the mountains"]);

  line.refusedShare = 0;
  // Other fields of one to-do are both kept; of the same field, whoever comes later.
  const both = ["Dark bread ✓", "Oat milk", "From the mountains", "From the sea"];
  await Promise.all([one.until(both), two.until(both)]);
  await two.untilState("Live");
});

test("without a network the list is there, and takes to-dos until there is one", async ({
  site,
  example,
}) => {
  const { one, two, line } = await twoBrowsers(site, example);
  await one.add("Bread");
  await two.until(["Bread"]);
  line.refusedShare = 1;
  line.cut();
  await two.page.reload();
  await two.until(["Bread"]);
  await two.untilState("Offline");
  await two.add("Milk");
  await two.until(["Bread", "Milk"]);
  line.refusedShare = 0;
  await one.until(["Bread", "Milk"]);
});

test("a list that is deleted in the Satchel is brought there again by those who have it", async ({
  site,
  example,
}) => {
  const { one, two, line, here } = await twoBrowsers(site, example);
  await one.add("Bread");
  await one.add("Milk");
  await two.until(["Bread", "Milk"]);
  line.refusedShare = 1;
  line.cut();
  await two.untilState("Offline");
  await two.add("From the mountains");

  await deleteUnderData(site, here);
  // Somebody who was there all the time brings it by themselves, to whoever has only what is there.
  const fresh = await site.newContext();
  const address = (await one.page.locator("#who").textContent()) ?? "";
  await signIn(site, fresh, address.split("@")[0] ?? "");
  const three = await connect(fresh, example, address);
  await three.until(["Bread", "Milk"]);
  await one.add("After that");
  await one.until(["Bread", "Milk", "After that"]);
  await one.untilState("Live");
  // Somebody who comes back has something, too.
  line.refusedShare = 0;
  const all = ["Bread", "Milk", "From the mountains", "After that"];
  await Promise.all([one.until(all), two.until(all)]);
  await three.until(all);
});

test("the page says at once that the browser is offline", async ({ site, example }) => {
  const context = await site.newContext();
  const name = await signUp(site, context);
  const list = await connect(context, example, `${name}@${new URL(site.url).host}`);
  const untilState = (words: string) =>
    list.page.getByRole("status").filter({ hasText: words }).waitFor({ timeout: 2000 });
  await context.setOffline(true);
  await untilState("Offline");
  await list.add("Bread");
  await context.setOffline(false);
  await untilState("Live");
});

test("two windows of one browser show the same", async ({ site, example }) => {
  const context = await site.newContext();
  const name = await signUp(site, context);
  const one = await connect(context, example, `${name}@${new URL(site.url).host}`);
  const two = listOn(await context.newPage());
  await two.page.goto(example);
  await two.untilState("Synced by another window");
  await two.add("Bread");
  await one.until(["Bread"]);
  // Whoever is left takes over.
  await one.page.close();
  await two.untilState("Live");
});

test("who says no, or gives an address that is none, is told so in words", async ({
  site,
  example,
}) => {
  const context = await site.newContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your Satchel address").fill("alice");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("alert").filter({ hasText: "is not an address" }).waitFor();
  await page.getByLabel("Your Satchel address").fill(`${name}@${new URL(site.url).host}`);
  await page.getByRole("button", { name: "Connect" }).click();
  await denyAccess(page);
  await page.getByRole("alert").filter({ hasText: "You have not allowed it." }).waitFor();
});

test("everybody can use it, in light and dark, on 320 px too", async ({ site, example }) => {
  const context = await site.newContext({ viewport: { width: 320, height: 700 } });
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(example);
  await page.getByLabel("Your Satchel address").waitFor();
  await expectAccessible(page);
  const list = await connect(context, example, `${name}@${new URL(site.url).host}`);
  await list.add("Buy bread");
  await list.add("A".repeat(200));
  await list.check("Buy bread");
  await list.until(["Buy bread ✓", "A".repeat(200)]);
  for (const colorScheme of ["light", "dark"] as const) {
    await list.page.emulateMedia({ colorScheme });
    await expectAccessible(list.page);
  }
  expect(await list.page.getByRole("status").textContent()).toBe("Live");
});

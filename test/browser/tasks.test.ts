/** Tasks in a browser: deleting, moving, renaming, undoing, with and without JavaScript. */

import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { readFile, storeFiles } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DOCUMENTS = { "/notes/a.txt": "1", "/notes/b/c.txt": "2", "/notes/d.txt": "3" };

/** Opens the folder /notes/ of a new user who has these documents. */
async function openFolder(site: TestSite, options = {}, documents = DOCUMENTS) {
  const context = await site.openContext(options);
  await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  await page.goto(`${site.url}/files/notes/`);
  return { context, page };
}

const waitForText = (page: Page, text: string): Promise<void> =>
  page.getByRole("main").getByText(text).first().waitFor();

const deleteChosen = (page: Page): Promise<void> =>
  page.locator("form#items").getByRole("button", { name: "Delete", exact: true }).click();

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("documents and folders are chosen, deleted, and brought back", async ({ site }) => {
    const { context, page } = await openFolder(site, { javaScriptEnabled });
    for (const name of ["Select a.txt", "Select b/"]) {
      await page.getByRole("checkbox", { name }).check();
    }
    await deleteChosen(page);
    await page.waitForURL(`${site.url}/tasks/*`);
    await waitForText(page, "2 documents were deleted.");
    expect(await readFile(site, context, "/notes/b/c.txt")).toBeNull();
    expect(await readFile(site, context, "/notes/d.txt")).toBe("3");
    await page.getByRole("button", { name: "Undo" }).click();
    await waitForText(page, "2 documents were restored.");
    expect(await readFile(site, context, "/notes/b/c.txt")).toBe("2");
    await page.getByRole("link", { name: "Open the folder" }).click();
    await page.getByRole("link", { name: "a.txt" }).waitFor();
  });
});

test("without JavaScript the page of a document renames and moves it", async ({ site }) => {
  const { context, page } = await openFolder(site, { javaScriptEnabled: false });
  await page.getByRole("link", { name: "a.txt" }).click();
  await page.getByLabel("New name").fill("ä.txt");
  await page.getByRole("button", { name: "Rename" }).click();
  await waitForText(page, "1 document was moved.");
  expect(await readFile(site, context, "/notes/ä.txt")).toBe("1");
  await page.goto(`${site.url}/files/notes/${encodeURIComponent("ä.txt")}`);
  await page.getByLabel("Move to folder").fill("archive");
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await waitForText(page, "1 document was moved.");
  expect(await readFile(site, context, "/archive/ä.txt")).toBe("1");
  expect(await readFile(site, context, "/notes/ä.txt")).toBeNull();
});

test("a task goes on while nobody looks, and its page says later what it did", async ({ site }) => {
  const { context, page } = await openFolder(site);
  await page.getByRole("checkbox", { name: "Select d.txt" }).check();
  await deleteChosen(page);
  await page.waitForURL(`${site.url}/tasks/*`);
  const url = page.url();
  await page.close();
  const later = await context.newPage();
  await later.goto(`${site.url}/tasks`);
  await later.getByRole("link", { name: "Delete documents" }).click();
  await waitForText(later, "1 document was deleted.");
  expect(later.url()).toBe(url);
});

test("a task is started, looked at and undone with the keyboard alone", async ({ site }) => {
  const { context, page } = await openFolder(site);
  await page.getByRole("checkbox", { name: "Select d.txt" }).focus();
  await page.keyboard.press("Space");
  const press = async (name: string) => {
    const isFocused = () =>
      page.evaluate((text) => document.activeElement?.textContent?.trim() === text, name);
    for (let i = 0; i < 40 && !(await isFocused()); i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
  };
  await press("Delete");
  await waitForText(page, "1 document was deleted.");
  await press("Undo");
  await waitForText(page, "1 document was restored.");
  expect(await readFile(site, context, "/notes/d.txt")).toBe("3");
});

test("the pages of tasks are accessible and fit a phone, in German, with hostile names", async ({
  site,
}) => {
  const name = `<img src=x onerror=alert(1)>\u202e${"🙈".repeat(40)}`;
  const documents = { ...DOCUMENTS, [`/notes/${name}`]: "x", "/archiv/a.txt": "taken" };
  const { page } = await openFolder(site, { locale: "de" }, documents);
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  const form = page.locator("form#items");
  await form.getByLabel("In Ordner verschieben").fill("/archiv/");
  await form.getByRole("button", { name: "Verschieben", exact: true }).click();
  await waitForText(page, "3 Dokumente wurden verschoben.");
  await waitForText(page, "Es gibt dort schon ein Dokument mit diesem Namen.");
  await expectAccessibleOnAllScreens(page);
  for (const url of [`${page.url()}?show=all`, `${site.url}/tasks`]) {
    await page.goto(url);
    await expectAccessibleOnAllScreens(page);
  }
});

/** Export and import in the browser: what is exported and deleted comes back, also after interruptions. */

import { existsSync, readFileSync } from "node:fs";
import type { BrowserContext, Download, Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "./support/axe";
import { readFile, storeFile, storeFiles } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DOCUMENTS = {
  "/notes/größe.txt": "hello",
  "/notes/C:\\con.txt": "a name that Windows does not take",
  "/notes/deep/er/empty.txt": "",
  "/public/notes/page.html": "<p>",
  "/photos/a.txt": "another module",
};

/** A user with these documents, in a browser without access to the disk unless the test gives it one. */
async function createUser(
  site: TestSite,
  documents: Record<string, string> = DOCUMENTS,
  locale = "en",
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await site.newContext({ locale });
  await signUp(site, context);
  await storeFiles(site, context, documents);
  await context.addInitScript(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  const page = await context.newPage();
  // From now on the browser does not open its own dialog.
  page.on("filechooser", () => {});
  return { context, page };
}

const result = (page: Page, text: string): Promise<void> =>
  page.locator("[data-part=result-text]").filter({ hasText: text }).waitFor();

/** Exports everything, and returns what the browser has downloaded. */
async function exportAll(site: TestSite, page: Page): Promise<Download> {
  await page.goto(`${site.url}/transfer/export`);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export", exact: true }).click(),
  ]);
  await result(page, "is complete");
  return download;
}

/** Opens the page for imports, and picks files or a folder there. */
async function pick(site: TestSite, page: Page, files: string, button = "Choose ZIP files") {
  await page.goto(`${site.url}/transfer/import`);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

test("what was exported and deleted is imported as it was", async ({ site }) => {
  const { context, page } = await createUser(site);
  await storeFile(site, context, "/photos/big.bin", Buffer.alloc(5_000_000, 7), "image/x-test");
  const download = await exportAll(site, page);
  await result(page, "6 documents");
  await deleteModules(site, context, ["notes", "public/notes", "photos"]);
  await pick(site, page, await download.path());
  await page.getByText("It is an archive of Satchel.").waitFor();
  await page.getByRole("definition").getByText("6 documents, 5 MB").waitFor();
  await page.getByRole("button", { name: "Import" }).click();
  await result(page, "The import is complete.");
  for (const [path, text] of Object.entries(DOCUMENTS)) {
    expect([path, await readFile(site, context, path)]).toEqual([path, text]);
  }
  const big = await context.request.get(`${site.url}/files/photos/big.bin?view=download`);
  expect(big.headers()["content-type"]).toBe("image/x-test");
  expect((await big.body()).equals(Buffer.alloc(5_000_000, 7))).toBe(true);
});

/** Deletes all documents of these modules. */
async function deleteModules(
  site: TestSite,
  context: BrowserContext,
  modules: string[],
): Promise<void> {
  const form = new URLSearchParams([["action", "delete"]]);
  for (const module of modules) form.append("path", `/${module}/`);
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const options = { data: form.toString(), headers };
  expect((await context.request.post(`${site.url}/tasks`, options)).ok()).toBe(true);
  await expect
    .poll(async () => {
      const page = await context.request.get(`${site.url}/transfer/export`);
      return (await page.text()).includes("You have no documents yet.");
    })
    .toBe(true);
}

/** Export and import in the browser: what is exported and deleted comes back, also after interruptions. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Download, Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "./support/axe";
import { readFile, storeFile, storeFiles, withFolder } from "./support/files";
import { disconnectAll, signUp, storeDatabase } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DOCUMENTS = {
  "/notes/größe.txt": "hello",
  "/notes/C:\\con.txt": "a name that Windows does not take",
  "/notes/deep/er/empty.txt": "",
  "/public/notes/page.html": "<p>",
  "/photos/a.txt": "another module",
};

/** How often pages of the provider are asked for what has no event. */
const POLLING = { interval: 200 };

/** Longer documents than this are not kept in memory. */
const LONG = Buffer.alloc(4_300_000, 7);

/** A user with these documents, in a browser without access to the disk unless the test gives it one. */
async function createUser(
  site: TestSite,
  documents: Record<string, string> = DOCUMENTS,
  locale = "en",
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await site.openContext({ locale });
  await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  await page.addInitScript(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  // From now on the browser does not open its own dialog.
  page.on("filechooser", () => {});
  return { context, page };
}

/** The requests for documents of an export. */
const BATCH = "**/batch/*";

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
async function pick(
  site: TestSite,
  page: Page,
  files: string | string[],
  button = "Choose ZIP files",
) {
  await page.goto(`${site.url}/transfer/import`);
  await pickOnPage(page, files, button);
}

/** The same on the open page. */
async function pickOnPage(page: Page, files: string | string[], button = "Choose ZIP files") {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

test("what was exported and deleted is imported as it was", async ({ site }) => {
  const { context, page } = await createUser(site);
  await storeFile(site, context, "/photos/big.bin", LONG, "image/png");
  const download = await exportAll(site, page);
  await result(page, "6 documents");
  await deleteModules(site, context, ["notes", "public/notes", "photos"]);
  await pick(site, page, await download.path());
  await page.getByText("It is an archive of Satchel.").waitFor();
  await page.getByRole("definition").getByText("6 documents, 4.3 MB").waitFor();
  await page.getByRole("button", { name: "Import" }).click();
  await result(page, "The import is complete.");
  for (const [path, text] of Object.entries(DOCUMENTS)) {
    expect([path, await readFile(site, context, path)]).toEqual([path, text]);
  }
  const big = `${site.url}/files/photos/big.bin`;
  expect(await (await context.request.get(big)).text()).toContain("image/png");
  const body = await (await context.request.get(`${big}?view=download`)).body();
  expect(body.equals(LONG)).toBe(true);
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
    }, POLLING)
    .toBe(true);
}

test("an archive is written straight to the disk, and is no file before it is complete", async ({
  site,
}) => {
  const { page } = await createUser(site);
  await giveDisk(page);
  await page.goto(`${site.url}/transfer/export`);
  // The documents do not come before the test has looked.
  const held = await hold(page, BATCH, "POST");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await held.arrived;
  expect(await fileOnDisk(page)).toEqual({ name: expect.stringMatching(/\.zip$/), size: 0 });
  held.release();
  await result(page, "5 documents");
  expect((await fileOnDisk(page))?.size).toBeGreaterThan(1000);
});

test("a cancelled export leaves nothing", async ({ site }) => {
  const { context, page } = await createUser(site);
  await giveDisk(page);
  await page.goto(`${site.url}/transfer/export`);
  const held = await hold(page, BATCH, "POST");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await held.arrived;
  await page.getByRole("button", { name: "Cancel" }).click();
  held.release();
  await result(page, "The export was cancelled. Nothing incomplete is left.");
  expect(await fileOnDisk(page)).toBeNull();
  // Nor the access of the page.
  await expect
    .poll(async () => (await context.request.get(`${site.url}/apps`)).text(), POLLING)
    .not.toContain("Export in the browser");
});

test("an export waits for the network, and for a user who is signed out", async ({ site }) => {
  const { context, page } = await createUser(site);
  await page.goto(`${site.url}/transfer/export`);
  const held = await hold(page, BATCH, "POST");
  let attempts = 0;
  await page.route(BATCH, (route) => (++attempts === 1 ? route.abort() : route.fallback()));
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("The server can’t be reached.").first().waitFor();
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await held.arrived;
  // In another tab the user disconnects everything.
  await disconnectAll(site, context);
  held.release();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Continue" }).click(),
  ]);
  await result(page, "5 documents");
  expect(existsSync(await download.path())).toBe(true);
});

test("an export in parts goes on after the page was closed, and all parts are imported at once", async ({
  site,
}) => {
  const { context, page } = await createUser(site);
  const inParts = async () => {
    await page.goto(`${site.url}/transfer/export`);
    await page.evaluate(() => {
      for (const { dataset } of document.querySelectorAll<HTMLElement>("[data-export]")) {
        dataset.partBytes = "1";
      }
    });
  };
  const save = async (action: () => Promise<void>) => {
    const [download] = await Promise.all([page.waitForEvent("download"), action()]);
    parts.push(await download.path());
  };
  const saveButton = (part: number) =>
    page.getByRole("button", { name: `Save part ${part} and continue` });
  const parts: string[] = [];
  await inParts();
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await save(() => saveButton(1).click());
  await saveButton(2).waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await inParts();
  await page.getByText("An export in parts was interrupted after part 1").waitFor();
  await page.getByRole("button", { name: "Continue with the next part" }).click();
  for (const part of [2, 3]) await save(() => saveButton(part).click());
  await save(() => saveButton(4).click());
  await result(page, "All 5 parts are complete.");
  const [last] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download again" }).click(),
  ]);
  parts.push(await last.path());
  await deleteModules(site, context, ["notes", "public/notes", "photos"]);
  await pick(site, page, parts);
  await page.getByRole("button", { name: "Import" }).click();
  await result(page, "The import is complete.");
  for (const [path, text] of Object.entries(DOCUMENTS)) {
    expect([path, await readFile(site, context, path)]).toEqual([path, text]);
  }
});

test("an import that was interrupted sends only what is not there yet", async ({ site }) => {
  const { context, page } = await createUser(site);
  const archive = await (await exportAll(site, page)).path();
  await deleteModules(site, context, ["notes", "public/notes", "photos"]);
  await pick(site, page, archive);
  const held = await hold(page, "**/storage/*/photos/a.txt", "PUT");
  await page.getByRole("button", { name: "Import" }).click();
  await held.arrived;
  await expect.poll(() => readFile(site, context, "/notes/größe.txt")).toBe("hello");
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(`${site.url}/transfer/import`);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.getByText(/The import of .* was interrupted/).waitFor();
  await pickOnPage(page, archive);
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") sent.push(new URL(request.url()).pathname);
  });
  const isThere = await readFile(site, context, "/public/notes/page.html");
  await page.getByRole("button", { name: "Import" }).click();
  await result(page, "The import is complete.");
  expect(sent.map((path) => path.split("/").slice(3).join("/"))).toEqual([
    "photos/a.txt",
    ...(isThere === null ? ["public/notes/page.html"] : []),
  ]);
  expect(await readFile(site, context, "/photos/a.txt")).toBe("another module");
  await page.goto(`${site.url}/transfer/import`);
  expect(await page.getByText("was interrupted").isVisible()).toBe(false);
});

test("another document that is there is kept, replaced, or kept beside the imported one", async ({
  site,
}) => {
  const { context, page } = await createUser(site, { "/notes/a.txt": "old" });
  const files = {
    "backup/notes/a.txt": "new",
    "backup/.DS_Store": "",
    "backup/notes/b/c.md": "# c",
  };
  await withFolder(files, async (folder) => {
    const importAs = async (choice: string) => {
      await pick(site, page, join(folder, "backup"), "Choose a folder");
      await page.getByText("Another is there", { exact: true }).waitFor();
      await page.getByRole("radio", { name: choice }).check();
      await page.getByRole("button", { name: "Import" }).click();
      await result(page, "The import is complete.");
      await page.getByText("Left out, as macOS or Windows adds such files").last().waitFor();
    };
    await importAs("Keep the one that is there");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("old");
    expect(await readFile(site, context, "/notes/b/c.md")).toBe("# c");
    await importAs("Keep both");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("old");
    expect(await readFile(site, context, "/notes/a (imported).txt")).toBe("new");
    await importAs("Replace it");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("new");
  });
  const [report] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the report" }).click(),
  ]);
  expect(JSON.parse(readFileSync(await report.path(), "utf8"))).toEqual([
    { path: ".DS_Store", outcome: "omitted" },
    { path: "/notes/a.txt", outcome: "replaced" },
    { path: "/notes/b/c.md", outcome: "equal" },
  ]);
});

test("what is no ZIP is refused, and what does not fit is said before", async ({ site }) => {
  const { page } = await createUser(site, {});
  await withFolder({ "a.zip": "not a ZIP" }, async (folder) => {
    await pick(site, page, join(folder, "a.zip"));
    await page.getByRole("alert").filter({ hasText: "a.zip: It can’t be read" }).waitFor();
  });
  await page.route("**/quota/*", (route) => route.fulfill({ json: { availableBytes: 4 } }));
  await withFolder({ "data/notes/long.txt": "longer than that" }, async (folder) => {
    await pick(site, page, join(folder, "data"), "Choose a folder");
    await page.getByText("Not everything fits: 4 bytes are free.").waitFor();
    await page.getByText("Can’t be imported", { exact: true }).waitFor();
  });
});

test("databases are exported, and come back with their revisions", async ({ site }) => {
  const { context, page } = await createUser(site, { "/notes/a.txt": "a" });
  const name = await userName(site, context);
  const form = { purpose: "import" };
  const response = await context.request.post(`${site.url}/transfer/token`, { form });
  const { token } = await response.json();
  const tasks = [{ id: "1", text: "one" }];
  await storeDatabase(site, { name, token }, "todos", "list", { tasks });
  const headers = { Authorization: `Bearer ${token}` };
  const query = "database=list&collection=tasks&version=0";
  const url = `${site.url}/databases/${name}/todos/documents?${query}`;
  const stored = async () => (await context.request.get(url, { headers })).json();
  const before = (await stored()).documents;
  expect(before).toHaveLength(1);
  const download = await exportAll(site, page);
  await result(page, "1 document and");
  await pick(site, page, await download.path());
  await page.getByText("Everything is there already.").waitFor();
  const database = new URLSearchParams({ module: "todos", name: "list" });
  const deletion = await context.request.post(`${site.url}/data/database?${database}`);
  expect(deletion.ok()).toBe(true);
  await pick(site, page, await download.path());
  await page.getByRole("heading", { name: "Databases" }).waitFor();
  await page.getByRole("button", { name: "Import" }).click();
  await result(page, "The import is complete.");
  expect((await stored()).documents).toEqual(before);
});

/** The name of the user who is signed in. */
async function userName(site: TestSite, context: BrowserContext): Promise<string> {
  const html = await (await context.request.get(`${site.url}/transfer/import`)).text();
  return /\/storage\/([a-z0-9-]+)/.exec(html)?.[1] ?? "";
}

test("both pages are accessible by keyboard and on a phone, in German", async ({ site }) => {
  const { page } = await createUser(site, DOCUMENTS, "de");
  await page.setViewportSize({ width: 320, height: 640 });
  // As they are when they are opened, pages are checked in appearance.test.ts.
  await page.goto(`${site.url}/transfer/export`);
  await page.getByLabel("Alles").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expectAccessible(page);
  for (let i = 0; i < 2; i++) await page.keyboard.press("Tab");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.keyboard.press("Enter"),
  ]);
  await result(page, "ist fertig: 4 Dokumente");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Import", exact: true }).click();
  await page.waitForURL("**/transfer/import", { waitUntil: "load" });
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "ZIP-Dateien wählen" }).press("Enter"),
  ]);
  await chooser.setFiles(await download.path());
  await page.getByText("Es ist ein Archiv von Satchel.").waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H2");
  await page.getByText("Anzeigen").press("Enter");
  await expectAccessible(page);
});

/** Gives the pages a disk: the browser's own for the site, whose files need no dialog. */
const giveDisk = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    Object.assign(window, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
        (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
    });
  });

/** The file on that disk; null: there is none. */
const fileOnDisk = (page: Page): Promise<{ name: string; size: number } | null> =>
  page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    const names = folder as unknown as { keys(): AsyncIterable<string> };
    for await (const name of names.keys()) {
      // What the browser writes beside a file until it is complete.
      if (name.endsWith(".crswap")) continue;
      const { size } = await (await folder.getFileHandle(name)).getFile();
      return { name, size };
    }
    return null;
  });

/** Holds the requests for an address until they are released. */
async function hold(page: Page, url: string, method = "GET") {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  await page.route(url, async (route) => {
    if (route.request().method() !== method) return route.continue();
    arrived.resolve();
    await released.promise;
    // It may have been cancelled meanwhile.
    await route.continue().catch(() => {});
  });
  return { arrived: arrived.promise, release: released.resolve };
}

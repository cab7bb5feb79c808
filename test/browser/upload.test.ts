/** Uploading files and folders on the page of a folder: by mouse, by keyboard, by dropping. */

import { join } from "node:path";
import type { BrowserContext, Page, Route } from "playwright-core";
import { describe, expect } from "vitest";
import { waitUntil } from "./support/app";
import { expectAccessible } from "./support/axe";
import { readFile, storeFiles, withFolder } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

interface FolderPage {
  context: BrowserContext;
  page: Page;
}

/** Opens the folder /notes/ of a new user who has these documents. */
async function openFolder(
  site: TestSite,
  documents: Record<string, string> = {},
  locale = "en",
): Promise<FolderPage> {
  const context = await site.openContext({ locale });
  await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  // From now on the browser does not open its own dialog.
  page.on("filechooser", () => {});
  await page.goto(`${site.url}/files/notes/`);
  return { context, page };
}

const textFile = (name: string, text: string) => ({
  name,
  mimeType: "text/plain",
  buffer: Buffer.from(text),
});

type TextFile = ReturnType<typeof textFile>;

/** Presses a button that opens the browser's dialog for files, and chooses these. */
async function choose(page: Page, files: TextFile[] | string, button = "Choose files") {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await chooser.setFiles(files as never);
}

const waitForResult = (page: Page, text: string): Promise<void> =>
  page.locator("[data-upload-result]").filter({ hasText: text }).waitFor();

/** Waits for a question about a file whose name does not begin like those; returns how it begins. */
const nextQuestion = (page: Page, answered: string[]): Promise<string> =>
  waitUntil(
    page,
    (answered) => {
      const dialog = document.querySelector("dialog");
      const [first = ""] = dialog?.querySelector("[data-clash-name]")?.textContent ?? "";
      return dialog?.open && !answered.includes(first) && first;
    },
    answered,
  );

/** Answers the requests for a path in place of the server; after the last answer the server does. */
async function answerFor(page: Page, path: string, answers: Parameters<Route["fulfill"]>[0][]) {
  await page.route(`**/files/notes/${path}`, async (route) => {
    const answer = answers.shift();
    return answer === undefined ? route.continue() : route.fulfill(answer);
  });
}

test("files are chosen, uploaded with one progress bar, and shown in the folder", async ({
  site,
}) => {
  const { context, page } = await openFolder(site);
  await choose(page, [textFile("größe.txt", "hello"), textFile("b%41.md", "")]);
  await waitForResult(page, "2 files were uploaded.");
  await page.getByRole("link", { name: "größe.txt" }).waitFor();
  expect(await readFile(site, context, "/notes/größe.txt")).toBe("hello");
  expect(await readFile(site, context, "/notes/b%41.md")).toBe("");
});

test("a whole folder is chosen", async ({ site }) => {
  const { context, page } = await openFolder(site);
  await withFolder({ "trip/a.txt": "1", "trip/days/1/b.txt": "2" }, async (folder) => {
    await choose(page, join(folder, "trip"), "Choose a folder");
    await waitForResult(page, "2 files were uploaded.");
  });
  expect(await readFile(site, context, "/notes/trip/a.txt")).toBe("1");
  expect(await readFile(site, context, "/notes/trip/days/1/b.txt")).toBe("2");
});

test("files and whole folders are dropped", async ({ site }) => {
  const { context, page } = await openFolder(site);
  const files = Object.fromEntries(
    Array.from({ length: 120 }, (_, i) => [`many/${i}.txt`, String(i)]),
  );
  await withFolder({ ...files, "many/deep/er/x.txt": "x", "single.txt": "s" }, async (folder) => {
    const session = await context.newCDPSession(page);
    const data = {
      items: [],
      files: [join(folder, "many"), join(folder, "single.txt")],
      dragOperationsMask: 1,
    };
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await session.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
      const isMarked = await page.locator(".drop-target").count();
      if (type === "dragOver") expect(isMarked).toBe(1);
    }
    await waitForResult(page, "122 files were uploaded.");
  });
  expect(await readFile(site, context, "/notes/many/deep/er/x.txt")).toBe("x");
  expect(await readFile(site, context, "/notes/many/119.txt")).toBe("119");
  expect(await readFile(site, context, "/notes/single.txt")).toBe("s");
});

describe("A file that exists", () => {
  const EXISTING = { "/notes/a.txt": "old a", "/notes/b.txt": "old b", "/notes/c.txt": "old c" };

  test("is kept beside the new one, replaced, or skipped, as the user says for each", async ({
    site,
  }) => {
    const { context, page } = await openFolder(site, { ...EXISTING, "/notes/a (2).txt": "other" });
    await choose(
      page,
      ["a", "b", "c"].map((name) => textFile(`${name}.txt`, `new ${name}`)),
    );
    const dialog = page.getByRole("dialog", { name: "This file exists already" });
    // Uploads run side by side, so the questions come in any order.
    const answers: Record<string, string> = { a: "Keep both", b: "Replace", c: "Skip" };
    for (const answered = [] as string[]; answered.length < 3; ) {
      const name = await nextQuestion(page, answered);
      await dialog.getByRole("button", { name: answers[name] as string }).click();
      answered.push(name);
    }
    await waitForResult(page, "2 files were uploaded. 1 file was skipped.");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("old a");
    expect(await readFile(site, context, "/notes/a (2).txt")).toBe("other");
    expect(await readFile(site, context, "/notes/a (3).txt")).toBe("new a");
    expect(await readFile(site, context, "/notes/b.txt")).toBe("new b");
    expect(await readFile(site, context, "/notes/c.txt")).toBe("old c");
  });

  test("is one of many, and the user answers once for all, with the keyboard alone", async ({
    site,
  }) => {
    const { context, page } = await openFolder(site, EXISTING);
    await page.getByRole("button", { name: "Choose files" }).focus();
    const choosing = page.waitForEvent("filechooser");
    await page.keyboard.press("Enter");
    await (await choosing).setFiles(["a", "b", "c"].map((name) => textFile(`${name}.txt`, "new")));
    const dialog = page.getByRole("dialog", { name: "This file exists already" });
    await dialog.waitFor();
    await expectAccessible(page);
    const isFocused = (name: string) =>
      page.evaluate((text) => document.activeElement?.textContent?.trim() === text, name);
    await page.keyboard.press("Space");
    expect(await dialog.getByRole("checkbox").isChecked()).toBe(true);
    for (let i = 0; i < 5 && !(await isFocused("Replace")); i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await waitForResult(page, "3 files were uploaded.");
    for (const path of Object.keys(EXISTING)) {
      expect(await readFile(site, context, path)).toBe("new");
    }
  });

  test("that was changed again before it is replaced is asked about again", async ({ site }) => {
    const { context, page } = await openFolder(site, EXISTING);
    await choose(page, [textFile("a.txt", "new")]);
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await storeFiles(site, context, { "/notes/a.txt": "newer" });
    await dialog.getByRole("button", { name: "Replace" }).click();
    await dialog.waitFor();
    expect(await readFile(site, context, "/notes/a.txt")).toBe("newer");
    await page.keyboard.press("Escape");
    await waitForResult(page, "1 file was skipped.");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("newer");
  });
});

describe("An upload that fails", () => {
  test("has a line with the reason, and can be tried again; the others are uploaded", async ({
    site,
  }) => {
    const { context, page } = await openFolder(site);
    await answerFor(page, "b.txt", [{ status: 507 }]);
    await answerFor(page, "c.txt", [{ status: 413 }]);
    await choose(
      page,
      ["a", "b", "c"].map((name) => textFile(`${name}.txt`, name)),
    );
    await waitForResult(page, "1 file was uploaded. 2 files were not uploaded.");
    await page
      .getByRole("listitem")
      .filter({ hasText: /b\.txt.*enough free space/ })
      .waitFor();
    await page
      .getByRole("listitem")
      .filter({ hasText: /c\.txt.*larger than/ })
      .waitFor();
    await page.setViewportSize({ width: 320, height: 700 });
    await expectAccessible(page);
    await page.getByRole("button", { name: "Try again: b.txt" }).click();
    await waitForResult(page, "1 file was uploaded. 1 file was not uploaded.");
    await page.getByRole("button", { name: "Try all again" }).click();
    await waitForResult(page, "1 file was uploaded.");
    for (const name of ["a", "b", "c"]) {
      expect(await readFile(site, context, `/notes/${name}.txt`)).toBe(name);
    }
  });

  test("because the server is busy waits as long as it says, and goes on", async ({ site }) => {
    const { context, page } = await openFolder(site);
    const busy = { headers: { "Retry-After": "1" } };
    await answerFor(page, "a.txt", [
      { ...busy, status: 429 },
      { ...busy, status: 503 },
    ]);
    await choose(page, [textFile("a.txt", "a")]);
    await page.getByText("Going on in 1 s.").first().waitFor();
    await waitForResult(page, "1 file was uploaded.");
    expect(await readFile(site, context, "/notes/a.txt")).toBe("a");
  });
});

test("an upload is cancelled: what was uploaded stays, the rest is not", async ({ site }) => {
  const { context, page } = await openFolder(site);
  await page.route("**/files/notes/b.txt", () => {});
  await choose(
    page,
    ["a", "b"].map((name) => textFile(`${name}.txt`, name)),
  );
  await page.getByText(/^1 of 2 done/).waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Cancel upload" }).click();
  await waitForResult(page, "The upload was cancelled. 1 file was uploaded.");
  expect(await readFile(site, context, "/notes/a.txt")).toBe("a");
  expect(await readFile(site, context, "/notes/b.txt")).toBeNull();
});

test("names are text, whatever they contain, in German as well", async ({ site }) => {
  const { context, page } = await openFolder(site, {}, "de");
  const names = ["<img src=x onerror=alert(1)>.txt", "\u202egpj.exe", "🙈".repeat(60), "#?&.txt"];
  await choose(
    page,
    names.map((name) => textFile(name, name)),
    "Dateien auswählen",
  );
  await waitForResult(page, "4 Dateien wurden hochgeladen.");
  for (const name of names) {
    expect(await readFile(site, context, `/notes/${name}`)).toBe(name);
  }
  await choose(page, [textFile(names[0] as string, "x")], "Dateien auswählen");
  const dialog = page.getByRole("dialog", { name: "Diese Datei gibt es schon" });
  await dialog.getByText(names[0] as string).waitFor();
  await dialog.getByRole("button", { name: "Überspringen" }).click();
  await waitForResult(page, "1 Datei wurde übersprungen.");
});

test("without JavaScript the section is hidden", async ({ site }) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  await signUp(site, context);
  const page = await context.newPage();
  await page.goto(`${site.url}/files/notes/`);
  expect(await page.locator("[data-upload-to]").isVisible()).toBe(false);
});

/** Versions, the bin and going back in time in a browser: by mouse, by keyboard, without script. */

import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { obtainToken, signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

interface Connected {
  context: BrowserContext;
  page: Page;
  /** Stores a document as the app; null deletes it. */
  store: (path: string, text: string | null, type?: string) => Promise<void>;
  read: (path: string) => Promise<string | null>;
}

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** Signs up and opens a page, with or without script; and connects an app. */
async function connect(
  site: TestSite,
  options: Parameters<TestSite["newContext"]>[0] = {},
): Promise<Connected> {
  const context = await site.openContext(options);
  const name = await signUp(site, context);
  const token = await obtainToken(site, context, name);
  const headers = { Authorization: `Bearer ${token}` };
  const url = (path: string) => `${site.url}/storage/${name}${encodePath(path)}`;
  return {
    context,
    page: await context.newPage(),
    store: async (path, text, type = "text/plain") => {
      const response = await fetch(url(path), {
        method: text === null ? "DELETE" : "PUT",
        headers: { ...headers, "Content-Type": type },
        ...(text === null ? {} : { body: text }),
      });
      expect(response.ok).toBe(true);
    },
    read: async (path) => {
      const response = await fetch(url(path), { headers });
      return response.status === 404 ? null : response.text();
    },
  };
}

/** Waits until the task whose page is open has ended. */
async function waitForTask(page: Page): Promise<void> {
  await page.waitForURL(/\/tasks\//);
  await page.getByText("Done", { exact: true }).first().waitFor();
}

describe("without JavaScript", () => {
  const javaScriptEnabled = false;

  test("look at a version, compare it, download it, restore it", async ({ site }) => {
    const { page, store, read } = await connect(site, { javaScriptEnabled });
    await store("/notes/a", "first line\nsame\n");
    await store("/notes/a", "second line\nsame\n");
    await page.goto(`${site.url}/versions/notes/a`);
    await page.getByText("Current", { exact: true }).waitFor();
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await page.getByRole("button", { name: "Compare two versions" }).click();
    expect(await page.locator("del").textContent()).toContain("first line");
    expect(await page.locator("ins").textContent()).toContain("second line");
    await page.getByRole("link", { name: "Back to the versions" }).click();
    await page.locator("ol.list a").last().click();
    await page.getByText("first line").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^a(\.txt)?$/);
    await page.getByRole("button", { name: "Restore this version" }).click();
    await page.getByText("Restored, as a new version.").waitFor();
    expect(await read("/notes/a")).toBe("first line\nsame\n");
    expect(await page.getByRole("listitem").filter({ hasText: "bytes" }).count()).toBe(3);
  });

  test("a restored version never overwrites what an app wrote meanwhile", async ({ site }) => {
    const { page, store, read } = await connect(site, { javaScriptEnabled });
    await store("/notes/a", "1");
    await store("/notes/a", "2");
    await page.goto(`${site.url}/versions/notes/a`);
    await page.locator("ol.list a").last().click();
    await store("/notes/a", "by an app");
    await page.getByRole("button", { name: "Restore this version" }).click();
    await page.getByRole("alert").filter({ hasText: "Nothing was overwritten" }).waitFor();
    expect(await read("/notes/a")).toBe("by an app");
  });

  test("restore one document from the bin, then all, and delete one for good", async ({ site }) => {
    const { page, store, read } = await connect(site, { javaScriptEnabled });
    for (const name of ["a", "b", "c"]) {
      await store(`/notes/${name}`, name);
      await store(`/notes/${name}`, null);
    }
    await page.goto(`${site.url}/bin`);
    await page.getByRole("link", { name: "notes" }).click();
    await page.getByLabel("Select /notes/b").check();
    await page.getByRole("button", { name: "Restore selected" }).click();
    await waitForTask(page);
    expect([await read("/notes/a"), await read("/notes/b")]).toEqual([null, "b"]);
    await page.goto(`${site.url}/versions/notes/c`);
    await page.getByRole("link", { name: "Delete this document for good" }).click();
    await page.getByRole("button", { name: "Delete for good" }).click();
    await waitForTask(page);
    await page.goto(`${site.url}/bin/notes/`);
    await page.getByRole("button", { name: "Restore all" }).click();
    await waitForTask(page);
    expect(await read("/notes/a")).toBe("a");
    expect(await read("/notes/c")).toBe(null);
  });
});

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("go back in time, see first what would change, and undo it", async ({ site }) => {
    const { page, store, read } = await connect(site, { javaScriptEnabled });
    await store("/notes/a", "1");
    await page.goto(`${site.url}/go-back/notes/`);
    await page.getByRole("radio").nth(3).check();
    await page.getByRole("button", { name: "Preview" }).click();
    await page.waitForURL(/\/tasks\//);
    await page.getByRole("button", { name: "Do it" }).click();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    expect(await read("/notes/a")).toBe(null);
    await page.getByRole("button", { name: "Undo" }).click();
    await waitForTask(page);
    expect(await read("/notes/a")).toBe("1");
  });
});

test("by keyboard alone: choose two versions and compare them, restore from the bin", async ({
  site,
}) => {
  const { page, store, read } = await connect(site);
  await store("/notes/a", "1");
  await store("/notes/a", "2");
  await store("/notes/b", "b");
  await store("/notes/b", null);
  const { keyboard } = page;
  const tabTo = async (matches: (focused: string) => boolean) => {
    for (let i = 0; i < 60; i++) {
      await keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        return `${element?.tagName} ${element?.getAttribute("aria-label") ?? element?.textContent}`;
      });
      if (matches(focused)) return;
    }
    throw new Error("It cannot be reached by keyboard.");
  };
  await page.goto(`${site.url}/versions/notes/a`);
  for (let i = 0; i < 2; i++) {
    await tabTo((focused) => focused.startsWith("INPUT Select the version"));
    await keyboard.press("Space");
  }
  await tabTo((focused) => focused === "BUTTON Compare two versions");
  await keyboard.press("Enter");
  await page.locator("del").waitFor();
  await page.goto(`${site.url}/bin/notes/`);
  await tabTo((focused) => focused === "INPUT Select /notes/b");
  await keyboard.press("Space");
  await tabTo((focused) => focused === "BUTTON Restore selected");
  await keyboard.press("Enter");
  await waitForTask(page);
  expect(await read("/notes/b")).toBe("b");
});

test("the moment is typed in the reader's time zone", async ({ site }) => {
  const { page, store } = await connect(site, { timezoneId: "Asia/Tokyo" });
  await store("/notes/a", "1");
  await page.goto(`${site.url}/go-back/notes/`);
  await page.getByText("In your time zone (Asia/Tokyo).").waitFor();
  const typed = await page.evaluate(() => {
    const at = new Date(Date.now() - 3 * 60 * 60 * 1000);
    at.setSeconds(0, 0);
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
    return { at: at.getTime(), local: local.toISOString().slice(0, 16) };
  });
  await page.getByLabel("Date and time").last().fill(typed.local);
  expect(await page.locator("#typed-moment").isChecked()).toBe(true);
  const evening = page.locator("[data-moment=yesterday-evening]");
  const hour = await evening.evaluate((radio) =>
    new Date(Number((radio as HTMLInputElement).value)).getHours(),
  );
  expect(hour).toBe(18);
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.method() === "POST"),
    page.getByRole("button", { name: "Preview" }).click(),
  ]);
  const form = new URLSearchParams(request.postData() ?? "");
  expect([form.get("at"), form.get("moment")]).toEqual(["typed", String(typed.at)]);
});

/** Has what could be taken for markup, and too much for a line, with and without opportunities to break it. */
const HOSTILE_NAME = `<img src=x onerror=alert(1)> "'&\u202egnp.exe${"🙂".repeat(20)}${"x".repeat(120)}`;

test("all pages are accessible and fit all screens, in German, with names of any kind", async ({
  site,
}) => {
  const { page, store } = await connect(site, { locale: "de" });
  const expectAccessibleAt = async (path: string) => {
    await page.goto(site.url + path);
    await expectAccessibleOnAllScreens(page);
  };
  const folder = `/notes/${HOSTILE_NAME}/`;
  const document = folder + HOSTILE_NAME;
  await store(document, `<b>${HOSTILE_NAME}</b>\n`, "text/html");
  await store(document, `second ${HOSTILE_NAME}\n`, "text/html");
  await expectAccessibleAt(`/versions${encodePath(document)}`);
  for (const link of ["ol.list a", "a[href*='&version=']"]) {
    await expectAccessibleAt((await page.locator(link).last().getAttribute("href")) ?? "");
  }
  await store(document, null);
  for (const path of [
    "/bin",
    "/bin/notes/",
    `/versions${encodePath(document)}`,
    `/go-back${encodePath(folder)}`,
    `/free?what=deleted&path=${encodeURIComponent(folder)}`,
  ]) {
    await expectAccessibleAt(path);
  }
});

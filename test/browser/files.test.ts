/** Files in a browser: looking, searching, downloading, editing; what documents may not do to a page. */

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { unzip } from "../support/zip";
import { expectAccessible, expectAccessibleOnAllScreens } from "./support/axe";
import { readFile, storeFile, storeFiles } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DOCUMENTS = {
  "/notes/hello.md": "# Hello\n",
  "/notes/deep/er/inner.txt": "inner",
  "/notes/zebra.txt": "x".repeat(2000),
  "/public/photos/a.txt": "public",
};

/** A new user who has these documents, and a page of theirs, which is open. */
async function openFiles(
  site: TestSite,
  path: string,
  options = {},
  documents: Record<string, string> = DOCUMENTS,
) {
  const context = await site.openContext(options);
  await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  await page.goto(site.url + path);
  return { context, page };
}

const link = (page: Page, name: string) => page.getByRole("link", { name, exact: true });

/** The files in the archive that a click downloads. */
async function downloadBy(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByText(button, { exact: true }).first().click(),
  ]);
  return download.path();
}

const namesIn = (archive: string): string[] =>
  unzip(Uint8Array.from(readFileSync(archive))).map(({ name }) => name);

describe("without JavaScript", () => {
  const javaScriptEnabled = false;

  test("the menu leads to modules, folders and documents, and back up again", async ({ site }) => {
    const { page } = await openFiles(site, "/", { javaScriptEnabled });
    await link(page, "Files").click();
    await page.getByText("4 documents").waitFor();
    await link(page, "notes/").click();
    await link(page, "deep/").click();
    await link(page, "er/").click();
    await link(page, "inner.txt").click();
    await page.getByRole("heading", { name: "inner.txt" }).waitFor();
    expect(await page.getByRole("region", { name: "Content" }).textContent()).toBe("inner");
    const above = page.getByRole("navigation", { name: "Folders above" });
    expect(await above.getByRole("link").allTextContents()).toEqual([
      "Files",
      "notes",
      "deep",
      "er",
    ]);
    await above.getByRole("link", { name: "notes" }).click();
    await link(page, "zebra.txt").waitFor();
    expect(
      await page.getByRole("link", { name: "Files" }).first().getAttribute("aria-current"),
    ).toBe("page");
  });

  test("items are sorted by size, and found by name", async ({ site }) => {
    const { page } = await openFiles(site, "/files/notes/", { javaScriptEnabled });
    await link(page, "Size").click();
    await page.waitForURL("**/files/notes/?sort=size");
    expect(await page.getByRole("rowheader").allTextContents()).toEqual([
      "zebra.txt",
      "hello.md",
      "deep/",
    ]);
    await page.getByLabel("Search for names").fill("INNER");
    await page.keyboard.press("Enter");
    await page.getByText("1 match on this page. 3 of 3 documents checked.").waitFor();
    await link(page, "deep/er/inner.txt").click();
    await page.getByRole("heading", { name: "inner.txt" }).waitFor();
  });

  test("a document, chosen items and a folder are downloaded", async ({ site }) => {
    const { page } = await openFiles(site, "/files/notes/", { javaScriptEnabled });
    await page.getByRole("checkbox", { name: "Select deep/" }).check();
    await page.getByRole("checkbox", { name: "Select hello.md" }).check();
    expect(namesIn(await downloadBy(page, "Download"))).toEqual([
      "satchel-export.json",
      "notes/hello.md",
      "notes/deep/er/inner.txt",
    ]);
    expect(namesIn(await downloadBy(page, "Download folder"))).toHaveLength(4);
    await link(page, "hello.md").click();
    expect(readFileSync(await downloadBy(page, "Download"), "utf8")).toBe("# Hello\n");
  });
});

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("a text is edited; what an app has written meanwhile is shown, and not overwritten", async ({
    site,
  }) => {
    const { context, page } = await openFiles(site, "/files/notes/hello.md", { javaScriptEnabled });
    await link(page, "Edit").click();
    await page.getByLabel("Text").fill("# Changed\n");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    expect(await readFile(site, context, "/notes/hello.md")).toBe("# Changed\n");

    await link(page, "Edit").click();
    await page.getByLabel("Text").fill("mine\n");
    await storeFile(site, context, "/notes/hello.md", "of the app\n", "text/markdown");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").filter({ hasText: "Nothing was overwritten" }).waitFor();
    // axe needs JavaScript.
    if (javaScriptEnabled) await expectAccessible(page);
    expect(await page.getByRole("region", { name: "Differences" }).textContent()).toBe(
      "− of the app+ mine",
    );
    expect(await readFile(site, context, "/notes/hello.md")).toBe("of the app\n");
    await page.getByRole("button", { name: "Save my text instead" }).click();
    await page.getByText("Saved.").waitFor();
    expect(await readFile(site, context, "/notes/hello.md")).toBe("mine\n");
  });
});

test("everything is reached and done with the keyboard alone", async ({ site }) => {
  const { context, page } = await openFiles(site, "/files/");
  const { keyboard } = page;
  const tabTo = async (target: string) => {
    for (let presses = 0; presses < 40; presses++) {
      await keyboard.press("Tab");
      if ((await page.locator(`:focus:is(${target})`).count()) === 0) continue;
      expect(await page.locator(":focus-visible").count()).toBe(1);
      return;
    }
    throw new Error(`Tab does not reach ${target}.`);
  };
  await tabTo('[href="/files/notes/"]');
  await keyboard.press("Enter");
  await page.waitForURL("**/files/notes/");
  await tabTo('[value="/notes/zebra.txt"]');
  await keyboard.press("Space");
  await tabTo("#to");
  await keyboard.type("/archive/");
  await keyboard.press("Enter");
  await page.waitForURL("**/tasks/*");
  await expect.poll(() => readFile(site, context, "/archive/zebra.txt")).toBe("x".repeat(2000));
  await page.goto(`${site.url}/files/notes/hello.md`);
  await tabTo(".code");
});

/** One black pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=",
  "base64",
);

/** A second of silence. */
function silentRecording(): Buffer {
  const header = Buffer.from("RIFF____WAVEfmt ________________________data____", "latin1");
  header.writeUInt32LE(36 + 8000, 4);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(8000, 40);
  return Buffer.concat([header.subarray(0, 44), Buffer.alloc(8000, 128)]);
}

const SCRIPT = "<script>document.title = 'it ran'; top.document.title = 'it ran'</script>";

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">${SCRIPT}<rect width="40" height="30"/></svg>`;

/** A new user who has one document, and its page. */
async function openDocument(site: TestSite, path: string, data: string | Buffer, type: string) {
  const context = await site.openContext();
  await signUp(site, context);
  await storeFile(site, context, path, data, type);
  const page = await context.newPage();
  const open = async () => page.goto(`${site.url}/files${path}`);
  return { context, page, open };
}

describe("Previews", () => {
  test("show pictures and recordings, whatever parameters their type has", async ({ site }) => {
    const { context, page, open } = await openDocument(
      site,
      "/photos/dot",
      PNG,
      "image/png; charset=binary",
    );
    await open();
    const picture = page.getByRole("img", { name: "dot" });
    await picture.waitFor();
    const width = () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBe(1);
    await storeFile(site, context, "/music/tone", silentRecording(), "audio/wav");
    await page.goto(`${site.url}/files/music/tone`);
    const player = page.locator("audio");
    const duration = () => player.evaluate((audio: HTMLAudioElement) => audio.duration);
    await expect.poll(duration).toBe(1);
  });

  test("put a PDF document into a frame that the policy of the page allows", async ({ site }) => {
    const pdf = "%PDF-1.4\n%%EOF";
    const { page, open } = await openDocument(site, "/papers/a.pdf", pdf, "application/pdf");
    const [response] = await Promise.all([page.waitForResponse("**/preview/**"), open()]);
    expect(response.status()).toBe(200);
  });

  test("run no script of a picture, neither on the page nor in a window of its own", async ({
    site,
  }) => {
    const { page, open } = await openDocument(site, "/photos/evil.svg", SVG, "image/svg+xml");
    await open();
    const picture = page.getByRole("img", { name: "evil.svg" });
    const width = () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBe(40);
    expect(await page.title()).toBe("evil.svg · Satchel");
    await page.goto(await picture.evaluate((image: HTMLImageElement) => image.src));
    expect(await page.title()).not.toContain("it ran");
    expect(await page.evaluate("self.origin")).toBe("null");
  });

  test("run no script of markup, and show no cookie to it", async ({ site }) => {
    const markup = `<?xml-stylesheet type="text/xsl" href="/storage/x"?>${SVG}${SCRIPT}`;
    const { context, page } = await openDocument(site, "/notes/evil", markup, "text/html");
    for (const type of [
      "text/html",
      "application/xhtml+xml",
      "text/xml",
      "application/xml",
      "image/svg+xml",
    ]) {
      await storeFile(site, context, "/notes/evil", markup, type);
      for (const view of ["", "?view=text"]) {
        await page.goto(`${site.url}/files/notes/evil${view}`);
        expect(await page.locator("h1").textContent()).toBe("evil");
        expect([type, await page.title()]).toEqual([type, "evil · Satchel"]);
      }
    }
  });
});

const MARKUP = "<img src=x onerror=alert(1)>";
const EMOJI = "🎒".repeat(63);
const LONG_WORD = "w".repeat(255);

/** All of it in one name, for the pages of a document. */
const WIDEST = `${MARKUP}${"🎒".repeat(20)}${"w".repeat(140)}`;

const HOSTILE_NAMES = [
  WIDEST,
  MARKUP,
  "\"'><svg onload=alert(1)>",
  "\u202egnp.exe",
  "\u2067\u05d0\u05d1\u05d2.txt",
  "line\nbreak\tand\u001b",
  EMOJI,
  LONG_WORD,
  "a b  c ?#%2F&amp;",
];

test("Hostile names run nothing and break no layout, also in German", async ({ site }) => {
  const documents = Object.fromEntries(HOSTILE_NAMES.map((name) => [`/notes/${name}`, name]));
  const { page } = await openFiles(site, "/files/notes/", { locale: "de" }, documents);
  page.on("dialog", () => expect.unreachable());
  const boxes = page.getByRole("checkbox", { name: /auswählen/ });
  expect(await boxes.count()).toBe(HOSTILE_NAMES.length);
  await expectAccessibleOnAllScreens(page);
  // That the page of no document runs anything is tested without a browser (spec/files.test.ts).
  const widest = `/files/notes/${encodeURIComponent(WIDEST)}`;
  for (const path of [
    "/files/notes/?q=e",
    "/files/notes/?view=parts",
    widest,
    `${widest}?view=edit`,
  ]) {
    await page.goto(site.url + path);
    await expectAccessibleOnAllScreens(page);
  }
});

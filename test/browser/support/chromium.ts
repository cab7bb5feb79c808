/** Chromium from an npm package, unpacked once: no system packages are needed. */

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";
import type { LaunchOptions } from "playwright-core";

/** The browser, and the libraries and fonts that a minimal system may lack. */
const PARTS = ["chromium.br", "al2023.tar.br", "fonts.tar.br"];

const PACKAGE = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));

/**
 * The first two take a sixth off the CPU time of opening a page: its context shares a process, and WebGL is not
 * prepared. The third takes a third off that of pages on which axe runs: nothing is compiled for the second that they live.
 * The last takes a fifth off that of following a link: the next document is shown in the frame of the one before. Chromium
 * heeds only one such list, so what Playwright enables in its own, which screenshots need, is named here again. In
 * a list of `--disable-features`, all that Playwright disables would have to be.
 */
const FRUGAL = [
  "--renderer-process-limit=1",
  "--disable-software-rasterizer",
  "--js-flags=--jitless",
  // The usual size of pages in Playwright.
  "--window-size=1280,720",
  "--enable-features=CDPScreenshotNewSurface,RenderDocument:level/crashed-frame",
];

/**
 * The launch options of the browser, with these arguments; CHROMIUM_PATH selects another one. The arguments
 * that the package recommends are not used, because they disable the web security that is under test.
 */
export async function chromiumOptions(args: string[] = []): Promise<LaunchOptions> {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return { executablePath: CHROMIUM_PATH, args: [...FRUGAL, ...args] };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      "The packaged Chromium only runs on Linux x64. Set CHROMIUM_PATH to another one.",
    );
  }
  const folder = await unpack();
  return {
    executablePath: join(folder, "chromium"),
    // Avoids unpacking the package's graphics library.
    args: ["--disable-gpu", ...FRUGAL, ...args],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
    },
  };
}

/** Unpacks the browser unless it is unpacked; the final rename is atomic. Returns its folder. */
async function unpack(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}-${randomUUID()}`;
  await mkdir(fresh, { recursive: true });
  try {
    await Promise.all(inflateInto(fresh));
    await writeFile(join(fresh, "fonts.conf"), fontsConf(folder));
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** `inflate` unpacks into the temporary folder, which it reads synchronously from the environment. */
function inflateInto(folder: string): Promise<string>[] {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    return PARTS.map((part) => inflate(join(PACKAGE, "bin", part)));
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

const fontsConf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, "fonts", "fonts")}</dir>
  <cachedir>${join(folder, "fonts-cache")}</cachedir>
</fontconfig>
`;

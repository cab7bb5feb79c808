/** A Chromium that runs with nothing installed: unpacked once from the npm package. */

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";
import type { LaunchOptions } from "playwright-core";

/** The program, and the libraries and fonts that a bare machine may lack. */
const PARTS = ["chromium.br", "al2023.tar.br", "fonts.tar.br"];

const PACKAGE = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));

/**
 * How to launch the browser of these tests: a system's own if CHROMIUM_PATH names one. The
 * package's own arguments are left out: they switch off the web's security, which is what is tested.
 */
export async function chromiumOptions(): Promise<LaunchOptions> {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return { executablePath: CHROMIUM_PATH };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The packed Chromium is for Linux on x64: name another in CHROMIUM_PATH.");
  }
  const folder = await unpacked();
  return {
    executablePath: join(folder, "chromium"),
    // The package has a drawing library for it, which would be one part more to unpack.
    args: ["--disable-gpu"],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
    },
  };
}

/** The folder of the unpacked browser. Whoever comes first unpacks; a rename makes it whole. */
async function unpacked(): Promise<string> {
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
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The package unpacks into the temporary folder, which it looks up before it first waits. */
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

/** Documents of a user, written and read with the session of a browser. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { expect } from "vitest";
import type { TestSite } from "./test-site";

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** Stores documents as the script of the pages does. */
export async function storeFiles(
  site: TestSite,
  context: BrowserContext,
  documents: Record<string, string>,
): Promise<void> {
  for (const [path, data] of Object.entries(documents)) {
    const response = await context.request.put(`${site.url}/files${encodePath(path)}`, {
      data,
      headers: { "Content-Type": "text/plain" },
    });
    expect(response.ok()).toBe(true);
  }
}

/** Stores a document of any type. */
export async function storeFile(
  site: TestSite,
  context: BrowserContext,
  path: string,
  data: string | Buffer,
  type: string,
): Promise<void> {
  const response = await context.request.put(`${site.url}/files${encodePath(path)}`, {
    data,
    headers: { "Content-Type": type },
  });
  expect([path, response.ok()]).toEqual([path, true]);
}

/** The text of a document; null: there is none. */
export async function readFile(
  site: TestSite,
  context: BrowserContext,
  path: string,
): Promise<string | null> {
  const url = `${site.url}/files${encodePath(path)}?view=download`;
  const response = await context.request.get(url);
  return response.ok() ? response.text() : null;
}

/** Writes files into a temporary folder for as long as an action takes. */
export async function withFolder<T>(
  files: Record<string, string>,
  action: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "satchel-upload-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

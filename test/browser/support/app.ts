/** Calls the remoteStorage.js client inside the page of an app. */

import type { Page } from "playwright-core";
import { vi } from "vitest";
import { STEP_TIMEOUT_MS } from "./test-site";

/** The interval of polling for what has no event. */
export const POLL_MS = 100;

/**
 * Waits until a function in the page returns a true value, and returns that, also if the page changes meanwhile. Not
 * `waitForFunction`, for which Playwright loads its script into the page another time.
 */
export const waitUntil = <A, T>(
  page: Page,
  read: (arg: A) => T,
  arg: A,
): Promise<Exclude<T, false | null | undefined>> =>
  vi.waitFor(
    async () => {
      const value = await page.evaluate(read as never, arg);
      if (!value) throw new Error(`It is still ${value}.`);
      return value as Exclude<T, false | null | undefined>;
    },
    { timeout: STEP_TIMEOUT_MS, interval: POLL_MS },
  );

/** The part of the client that both releases share. */
interface Client {
  storeFile(type: string, path: string, body: string | ArrayBuffer): Promise<string>;
  storeObject(type: string, path: string, object: object): Promise<string>;
  getFile(path: string, maxAge?: false): Promise<{ data: unknown; contentType: string }>;
  getObject(path: string, maxAge?: false): Promise<unknown>;
  getListing(path: string, maxAge?: false): Promise<Record<string, unknown>>;
  remove(path: string): Promise<{ statusCode: number }>;
  /** A promise in the newer release. */
  getItemURL(path: string): string | Promise<string>;
}

/** An event of remoteStorage.js that the app has recorded. */
export interface AppEvent {
  name: string;
  error?: string;
  code?: string;
  message?: string;
  origin?: string;
  relativePath?: string;
  oldValue?: unknown;
  newValue?: unknown;
  lastCommonValue?: unknown;
}

declare global {
  interface Window {
    remoteStorage: {
      remote: { connected: boolean; online: boolean; token: string; href: string };
      connect(userAddress: string, token: string): void;
    };
    documents: Client;
    publicDocuments: Client;
    events: AppEvent[];
  }
}

/** Stores a text document. */
export const storeText = (page: Page, path: string, text: string): Promise<string> =>
  page.evaluate(([path, text]) => window.documents.storeFile("text/plain", path, text), [
    path,
    text,
  ] as const);

/** Stores a binary document. */
export const storeBytes = (page: Page, path: string, bytes: Uint8Array): Promise<string> =>
  page.evaluate(
    ([path, bytes]) =>
      window.documents.storeFile("application/octet-stream", path, Uint8Array.from(bytes).buffer),
    [path, [...bytes]] as const,
  );

/** The text of a document; undefined if there is none. */
export const readText = (page: Page, path: string): Promise<unknown> =>
  page.evaluate(async (path) => (await window.documents.getFile(path, false)).data, path);

/** The bytes of a document. */
export const readBytes = async (page: Page, path: string): Promise<Uint8Array> =>
  Uint8Array.from(
    await page.evaluate(async (path) => {
      const { data } = await window.documents.getFile(path, false);
      return [...new Uint8Array(data as ArrayBuffer)];
    }, path),
  );

/** Removes a document. */
export const remove = (page: Page, path: string): Promise<unknown> =>
  page.evaluate((path) => window.documents.remove(path), path);

/** The item names of a folder, sorted. */
export const list = (page: Page, folder = ""): Promise<string[]> =>
  page.evaluate(
    async (folder) => Object.keys(await window.documents.getListing(folder, false)).sort(),
    folder,
  );

/** Waits for the first event with these properties. */
export const waitForEvent = (page: Page, wanted: Partial<AppEvent>): Promise<AppEvent> =>
  waitUntil(
    page,
    (wanted) =>
      (window.events ?? []).find((event) =>
        Object.entries(wanted).every(([key, value]) => event[key as keyof AppEvent] === value),
      ),
    wanted,
  );

/**
 * Waits until the app sees these texts at these paths; undefined means no document. It polls in
 * the page.
 */
export const waitForTexts = (
  page: Page,
  texts: Record<string, string | undefined>,
): Promise<unknown> =>
  page.evaluate(
    async ([texts, limit, pause]) => {
      const end = Date.now() + limit;
      for (const [path, text] of texts) {
        while ((await window.documents.getFile(path, false)).data !== text) {
          if (Date.now() > end) throw new Error(`Not found: ${path}: ${text}`);
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    [Object.entries(texts), STEP_TIMEOUT_MS, POLL_MS] as const,
  );

/** Waits until the app sees this text; undefined means no document. */
export const waitForText = (page: Page, path: string, text: string | undefined): Promise<unknown> =>
  waitForTexts(page, { [path]: text });

/** Requests a document from the server directly, with the token of the app. */
export async function fetchStored(page: Page, path: string): Promise<Response> {
  const { href, token } = await page.evaluate(() => {
    const { href, token } = window.remoteStorage.remote;
    return { href, token };
  });
  return fetch(`${href}${path}`, { headers: { Authorization: `Bearer ${token}` } });
}

/** Waits until the server has this text. */
export const waitUntilStored = (page: Page, path: string, text: string): Promise<boolean> =>
  vi.waitUntil(async () => (await (await fetchStored(page, path)).text()) === text, {
    timeout: STEP_TIMEOUT_MS,
    interval: POLL_MS,
  });

/** The app from inside: what its code would call, and what it has been told. */

import type { Page } from "playwright-core";
import { vi } from "vitest";
import { STEP_TIMEOUT_MS } from "./test-site";

/** How often to look for what no event tells. */
const POLL_MS = 100;

/** The part of the library's client that both releases share. */
interface Client {
  storeFile(type: string, path: string, body: string | ArrayBuffer): Promise<string>;
  storeObject(type: string, path: string, object: object): Promise<string>;
  getFile(path: string, maxAge?: false): Promise<{ data: unknown; contentType: string }>;
  getObject(path: string, maxAge?: false): Promise<unknown>;
  getListing(path: string, maxAge?: false): Promise<Record<string, unknown>>;
  remove(path: string): Promise<{ statusCode: number }>;
  /** A promise in the new release. */
  getItemURL(path: string): string | Promise<string>;
}

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
    };
    documents: Client;
    publicDocuments: Client;
    events: AppEvent[];
  }
}

export const storeText = (page: Page, path: string, text: string): Promise<string> =>
  page.evaluate(([path, text]) => window.documents.storeFile("text/plain", path, text), [
    path,
    text,
  ] as const);

export const storeBytes = (page: Page, path: string, bytes: Uint8Array): Promise<string> =>
  page.evaluate(
    ([path, bytes]) =>
      window.documents.storeFile("application/octet-stream", path, Uint8Array.from(bytes).buffer),
    [path, [...bytes]] as const,
  );

/** The text, or undefined if the app sees no document there. */
export const readText = (page: Page, path: string): Promise<unknown> =>
  page.evaluate(async (path) => (await window.documents.getFile(path, false)).data, path);

export const readBytes = async (page: Page, path: string): Promise<Uint8Array> =>
  Uint8Array.from(
    await page.evaluate(async (path) => {
      const { data } = await window.documents.getFile(path, false);
      return [...new Uint8Array(data as ArrayBuffer)];
    }, path),
  );

export const remove = (page: Page, path: string): Promise<unknown> =>
  page.evaluate((path) => window.documents.remove(path), path);

/** The names in a folder as the app sees them, in order. */
export const list = (page: Page, folder = ""): Promise<string[]> =>
  page.evaluate(
    async (folder) => Object.keys(await window.documents.getListing(folder, false)).sort(),
    folder,
  );

/** Until the app has been told of something: the first event that has all of `wanted`. */
export async function untilEvent(page: Page, wanted: Partial<AppEvent>): Promise<AppEvent> {
  const handle = await page.waitForFunction(
    (wanted) =>
      (window.events ?? []).find((event) =>
        Object.entries(wanted).every(([key, value]) => event[key as keyof AppEvent] === value),
      ),
    wanted,
  );
  return (await handle.jsonValue()) as AppEvent;
}

/**
 * Until the app sees these texts at these paths; undefined: no document. Asks again and again by
 * itself: waitForFunction takes a promise for a yes.
 */
export const untilTexts = (
  page: Page,
  texts: Record<string, string | undefined>,
): Promise<unknown> =>
  page.evaluate(
    async ([texts, limit, pause]) => {
      const isThere = async ([path, text]: [string, string | undefined]) =>
        (await window.documents.getFile(path, false)).data === text;
      const end = Date.now() + limit;
      while (!(await Promise.all(texts.map(isThere))).every(Boolean)) {
        if (Date.now() > end) throw new Error(`Not there: ${JSON.stringify(texts)}`);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    },
    [Object.entries(texts), STEP_TIMEOUT_MS, POLL_MS] as const,
  );

export const untilText = (page: Page, path: string, text: string | undefined): Promise<unknown> =>
  untilTexts(page, { [path]: text });

/** What the server has there, asked for with the app's own token but not by the app. */
export async function stored(page: Page, path: string): Promise<Response> {
  const { href, token } = await page.evaluate(() => {
    const { href, token } = window.remoteStorage.remote;
    return { href, token };
  });
  return fetch(`${href}${path}`, { headers: { Authorization: `Bearer ${token}` } });
}

/** Until the server has this text there. */
export const untilStored = (page: Page, path: string, text: string): Promise<boolean> =>
  vi.waitUntil(async () => (await (await stored(page, path)).text()) === text, {
    timeout: STEP_TIMEOUT_MS,
    interval: POLL_MS,
  });

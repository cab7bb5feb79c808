/** Browser contexts that tests use one after the other: to open one starts a process, and to close it ends that. */

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  CDPSession,
  Page,
} from "playwright-core";
import { keepLocatorScript } from "./locator-script";

/** What stays open in a context while no test has it. */
interface Keeper {
  /** Keeps the process of the context's pages. */
  page: Page;
  devTools: CDPSession;
}

/**
 * Opens a context whose pages are as large as the window of the browser, until a test says otherwise: to give each a size
 * takes a sixth of the CPU time of opening one.
 */
export const newBrowserContext = (
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> => browser.newContext({ viewport: null, ...options });

/** The contexts of a browser. */
export class ContextPool {
  readonly #browser: Browser;
  readonly #origins: string[];
  readonly #keepers = new Map<BrowserContext, Keeper>();
  /** Those that no test has, by their options. */
  readonly #idle = new Map<string, BrowserContext[]>();

  /** Pages in these contexts store data at these origins, and at those where they are when they are put back, only. */
  constructor(browser: Browser, origins: string[]) {
    this.#browser = browser;
    this.#origins = origins;
  }

  /** A context with these options, without cookies and data. */
  async take(options: BrowserContextOptions): Promise<BrowserContext> {
    const idle = this.#idle.get(JSON.stringify(options))?.pop();
    if (idle) return idle;
    const context = await newBrowserContext(this.#browser, options);
    const page = await context.newPage();
    await keepLocatorScript(page);
    this.#keepers.set(context, { page, devTools: await context.newCDPSession(page) });
    return context;
  }

  /** Takes back a context with these options: closes its pages, and deletes cookies and data. */
  async putBack(context: BrowserContext, options: BrowserContextOptions): Promise<void> {
    const { page, devTools } = this.#keepers.get(context) as Keeper;
    const opened = context.pages().filter((other) => other !== page);
    const origins = new Set([
      ...this.#origins,
      ...opened.map((other) => new URL(other.url()).origin),
    ]);
    origins.delete("null");
    await Promise.all(opened.map((other) => other.close()));
    await context.clearCookies();
    for (const origin of origins) {
      await devTools.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    }
    const key = JSON.stringify(options);
    this.#idle.set(key, [...(this.#idle.get(key) ?? []), context]);
  }

  /** Closes all contexts. */
  async close(): Promise<void> {
    await Promise.all([...this.#keepers.keys()].map((context) => context.close()));
  }
}

/** The servers of browser tests, a provider and apps, and the browser. */

import { type Browser, chromium } from "playwright-core";
import { createAdminLink } from "../../../scripts/lib/admin-link.mjs";
import { startTemporaryServer } from "../../local/shared-server";
import { type AppServer, startAppServer } from "./app-server";
import { chromiumOptions } from "./chromium";
import { ContextPool } from "./context-pool";

/** What the provider and the browser of a file need besides the defaults. */
export interface SiteOptions {
  settings?: Record<string, string>;
  port?: number;
  /** With arguments a file has a browser of its own. */
  browserArguments?: string[];
}

/** A provider and apps. */
export interface Servers {
  /** Origin of the provider. */
  url: string;
  apps: AppServer;
  /** The provider's index. */
  database: Awaited<ReturnType<typeof startTemporaryServer>>["database"];
  /** Creates a link that makes a user an administrator. Returns its path. */
  createAdminLinkPath(): Promise<string>;
}

/** The same, with the browser and its contexts. */
export interface RunningServers extends Servers {
  browser: Browser;
  pool: ContextPool;
  /** Closes everything but the contexts and the shared browser; a second time it does nothing. */
  close(): Promise<void>;
}

/** Starts Chromium. */
export const launchBrowser = async (args?: string[]): Promise<Browser> =>
  chromium.launch(await chromiumOptions(args));

/** Starts a provider and apps, and a browser if they need one of their own. */
export async function startServers(
  { settings, port, browserArguments }: SiteOptions,
  sharedBrowser: Browser,
): Promise<RunningServers> {
  const [provider, apps, browser] = await Promise.all([
    // Users move in from servers of the tests.
    startTemporaryServer({ MOVE_IN_FROM: "any", ...settings }, port),
    startAppServer(),
    browserArguments ? launchBrowser(browserArguments) : sharedBrowser,
  ]);
  const { url, database } = provider;
  const pool = new ContextPool(browser, [url, apps.origin]);
  const close = async () => {
    if (browser !== sharedBrowser) await browser.close();
    await Promise.all([provider.dispose(), apps.close()]);
  };
  let closing: Promise<void> | undefined;
  return {
    url,
    apps,
    database,
    browser,
    pool,
    createAdminLinkPath: async () => {
      const { path, statements } = createAdminLink(Date.now());
      const index = await database();
      await index.batch(statements.map((statement) => index.prepare(statement)));
      return path;
    },
    close: () => (closing ??= close()),
  };
}

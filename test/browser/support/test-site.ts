/** Fixtures of browser tests: a provider, a server of apps and a browser, which files share. */

import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { test as base, expect } from "vitest";
import { newBrowserContext } from "./context-pool";
import { collectProblems } from "./problems";
import {
  launchBrowser,
  type RunningServers,
  type Servers,
  type SiteOptions,
  startServers,
} from "./servers";

/** More than any step of a test takes, even on a busy machine. */
export const STEP_TIMEOUT_MS = 2 * 60_000;

/** The provider and the apps of a test, and its browser contexts. */
export interface TestSite extends Servers {
  /**
   * Opens a browser context without cookies and data, in which a test may change whatever belongs to a page. Tests have it
   * one after the other, because to open one costs more than what most tests do in it. After the test it is emptied.
   */
  openContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  /**
   * Opens a new one: for tests that change the context itself (its clock, its network, scripts in all pages), or
   * need an empty cache. It is closed after the test.
   */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
}

// What is shared is kept here: Vitest starts what has the scope "worker" anew for each `test` that is extended from
// another one. It is closed at the end of the process, by whoever is first.
let browserOfProcess: Promise<Browser> | undefined;

/** Vitest's `test` with Chromium, which is started once for all files of a process. */
const testWithBrowser = base.extend(
  "sharedBrowser",
  { scope: "worker" },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest derives a fixture's dependencies from it.
  async ({}, { onCleanup }) => {
    browserOfProcess ??= launchBrowser();
    const browser = await browserOfProcess;
    onCleanup(() => browser.close());
    return browser;
  },
);

/**
 * Vitest's `test` with the fixture `site`, whose options are chosen when it starts: once for a file, or for all files of
 * a process (scope "worker"). A test fails if a page of the provider had a script error, a violation of its
 * Content-Security-Policy, or a missing resource.
 */
export function testWithSite(
  chooseOptions: () => Promise<SiteOptions>,
  scope: "file" | "worker" = "file",
) {
  let shared: Promise<RunningServers> | undefined;
  const start = async (browser: Browser) => startServers(await chooseOptions(), browser);
  return (
    testWithBrowser
      // Vitest's types know each scope, but not a variable one.
      .extend("servers", { scope: scope as "file" }, async ({ sharedBrowser }, { onCleanup }) => {
        if (scope === "worker") shared ??= start(sharedBrowser);
        const servers = await (shared ?? start(sharedBrowser));
        onCleanup(async () => {
          // Those of a whole process end with its browser, which another `test` may close before.
          if (scope === "file") await servers.pool.close();
          await servers.close();
        });
        return servers;
      })
      .extend("site", async ({ servers }, { onCleanup }): Promise<TestSite> => {
        const { url, database, createAdminLinkPath, apps, browser, pool } = servers;
        const cleanups: (() => Promise<void>)[] = [];
        const problems: string[] = [];
        onCleanup(async () => {
          await Promise.all(cleanups.map((cleanUp) => cleanUp()));
          expect(problems).toEqual([]);
        });
        const watch = (context: BrowserContext) => {
          context.setDefaultTimeout(STEP_TIMEOUT_MS);
          return collectProblems(context, url, problems);
        };
        const openContext = async (options: BrowserContextOptions = {}) => {
          const context = await pool.take(options);
          const stopWatching = watch(context);
          cleanups.push(async () => {
            await pool.putBack(context, options);
            stopWatching();
          });
          return context;
        };
        const newContext = async (options?: BrowserContextOptions) => {
          const context = await newBrowserContext(browser, options);
          watch(context);
          cleanups.push(() => context.close());
          return context;
        };
        return { url, database, createAdminLinkPath, apps, openContext, newContext };
      })
  );
}

/** The same with the default options, and one provider for all files of a process. */
export const test = testWithSite(async () => ({}), "worker");

/** The user address of a user. */
export const userAddress = (site: Servers, name: string): string =>
  `${name}@${new URL(site.url).host}`;

/** Fixtures of browser tests: a provider and a server of apps, once per file, and a browser that files share. */

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type ConsoleMessage,
  chromium,
  type Request,
} from "playwright-core";
import { test as base, expect } from "vitest";
import { createAdminLink } from "../../../scripts/lib/admin-link.mjs";
import { startTemporaryServer } from "../../local/shared-server";
import { type AppServer, startAppServer } from "./app-server";
import { chromiumOptions } from "./chromium";

/** More than any step of a test takes, even on a busy machine. */
export const STEP_TIMEOUT_MS = 2 * 60_000;

/** What the provider and the browser of a file need besides the defaults. */
export interface SiteOptions {
  settings?: Record<string, string>;
  port?: number;
  /** With arguments a file has a browser of its own. */
  browserArguments?: string[];
}

/** The provider and the apps of a test. */
export interface TestSite {
  /** Origin of the provider. */
  url: string;
  apps: AppServer;
  /** The provider's index. */
  database: Awaited<ReturnType<typeof startTemporaryServer>>["database"];
  /** Creates a link that makes a user an administrator. Returns its path. */
  createAdminLinkPath(): Promise<string>;
  /** Opens a browser context without cookies or cache. It is closed after the test. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** Starts Chromium. */
const launchBrowser = async (args?: string[]): Promise<Browser> =>
  chromium.launch(await chromiumOptions(args));

/** Vitest's `test` with Chromium, which is started once for all files of a process. */
const testWithBrowser = base.extend(
  "sharedBrowser",
  { scope: "worker" },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest derives a fixture's dependencies from it.
  async ({}, { onCleanup }) => {
    const browser = await launchBrowser();
    onCleanup(() => browser.close());
    return browser;
  },
);

/**
 * Vitest's `test` with the fixture `site`, whose options are chosen when it starts. A test fails if a page of
 * the provider had a script error, a violation of its Content-Security-Policy, or a missing resource.
 */
export const testWithSite = (chooseOptions: () => Promise<SiteOptions>) =>
  testWithBrowser
    .extend("servers", { scope: "file" }, async ({ sharedBrowser }, { onCleanup }) => {
      const { settings, port, browserArguments } = await chooseOptions();
      const [provider, apps, browser] = await Promise.all([
        // Users move in from servers of the tests.
        startTemporaryServer({ MOVE_IN_FROM: "any", ...settings }, port),
        startAppServer(),
        browserArguments ? launchBrowser(browserArguments) : sharedBrowser,
      ]);
      onCleanup(async () => {
        if (browser !== sharedBrowser) await browser.close();
        await Promise.all([provider.dispose(), apps.close()]);
      });
      const createAdminLinkPath = async () => {
        const { path, statements } = createAdminLink(Date.now());
        const database = await provider.database();
        await database.batch(statements.map((statement) => database.prepare(statement)));
        return path;
      };
      const { url, database } = provider;
      return { url, database, createAdminLinkPath, apps, browser };
    })
    .extend("site", async ({ servers }, { onCleanup }): Promise<TestSite> => {
      const { url, database, createAdminLinkPath, apps, browser } = servers;
      const contexts: BrowserContext[] = [];
      const problems: string[] = [];
      onCleanup(async () => {
        await Promise.all(contexts.map((context) => context.close()));
        expect(problems).toEqual([]);
      });
      const newContext = async (options?: BrowserContextOptions) => {
        const context = await browser.newContext(options);
        contexts.push(context);
        context.setDefaultTimeout(STEP_TIMEOUT_MS);
        collectProblems(context, url, problems);
        return context;
      };
      return { url, database, createAdminLinkPath, apps, newContext };
    });

/** The same with the default options. */
export const test = testWithSite(async () => ({}));

/** The user address of a user. */
export const userAddress = (site: TestSite, name: string): string =>
  `${name}@${new URL(site.url).host}`;

/** Whether the URL is a page of the provider; documents are not. */
const isPage = (url: string, provider: string): boolean =>
  url.startsWith(`${provider}/`) &&
  !url.startsWith(`${provider}/storage/`) &&
  !url.startsWith(`${provider}/preview/`);

function collectProblems(context: BrowserContext, provider: string, problems: string[]): void {
  context.on("console", (message) => {
    const url = message.page()?.url() ?? "";
    if (isPage(url, provider) && isPageError(message)) problems.push(`${url}: ${message.text()}`);
  });
  context.on("weberror", (error) => {
    const url = error.page()?.url() ?? "";
    if (isPage(url, provider)) problems.push(`${url}: ${error.error()}`);
  });
  context.on("requestfinished", async (request) => {
    if (!isPartOfPage(request, provider)) return;
    // Rejects if the page has been closed meanwhile.
    const response = await request.response().catch(() => null);
    const status = response?.status() ?? 0;
    // Our scripts show a refusal of an endpoint as a message.
    const isRefusal = ["fetch", "xhr"].includes(request.resourceType()) && status !== 500;
    if (status >= 400 && !isRefusal) problems.push(`${request.url()}: status ${status}`);
  });
}

/** Failed loads are left to "requestfinished": an error status of a page itself may be intended. */
const isPageError = (message: ConsoleMessage): boolean =>
  ["error", "warning"].includes(message.type()) &&
  !message.text().startsWith("Failed to load resource");

function isPartOfPage(request: Request, provider: string): boolean {
  if (request.isNavigationRequest()) return false;
  try {
    return isPage(request.frame().url(), provider);
  } catch {
    return false; // The page is closed.
  }
}

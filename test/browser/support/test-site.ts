/** What every test stands on: a provider, a server for apps and a browser, once per file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrowserContext,
  type BrowserContextOptions,
  type ConsoleMessage,
  chromium,
  type Request,
} from "playwright-core";
import { test as base, expect } from "vitest";
import { makeSetUpLink } from "../../../scripts/admin-link.mjs";
import { startLocal } from "../../../scripts/local.mjs";
import { type AppServer, startAppServer } from "./app-server";
import { chromiumOptions } from "./chromium";

/** No step of a test takes so long, even on a busy machine. */
export const STEP_TIMEOUT_MS = 60_000;

export interface Stage {
  /** Origin of the provider. */
  url: string;
  apps: AppServer;
  /** The path of a fresh link that makes somebody an administrator. */
  setUpPath(): Promise<string>;
  /** A browser of its own: no cookie, no cache. It is gone after the test. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/**
 * A test with its stage. When it ends no page of the provider may have complained: no script
 * error, no violation of its Content-Security-Policy, nothing missing.
 */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
  .extend("ground", { scope: "file" }, async ({}, { onCleanup }) => {
    const data = mkdtempSync(join(tmpdir(), "satchel-browser-"));
    const [provider, apps, browser] = await Promise.all([
      startLocal({ data, quiet: true }),
      startAppServer(),
      chromiumOptions().then((options) => chromium.launch(options)),
    ]);
    onCleanup(async () => {
      await Promise.all([provider.dispose(), apps.close(), browser.close()]);
      rmSync(data, { recursive: true, force: true });
    });
    const setUpPath = async () => {
      const { path, statements } = makeSetUpLink(Date.now());
      const database = await provider.database();
      await database.batch(statements.map((statement) => database.prepare(statement)));
      return path;
    };
    return { url: provider.url, setUpPath, apps, browser };
  })
  .extend("stage", async ({ ground }, { onCleanup }): Promise<Stage> => {
    const { url, setUpPath, apps, browser } = ground;
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
    return { url, setUpPath, apps, newContext };
  });

/** The address that a person with this name gives to apps. */
export const addressOf = (stage: Stage, name: string): string =>
  `${name}@${new URL(stage.url).host}`;

/** Documents are served by the provider too, but are not its pages. */
const isPage = (url: string, provider: string): boolean =>
  url.startsWith(`${provider}/`) && !url.startsWith(`${provider}/storage/`);

function collectProblems(context: BrowserContext, provider: string, problems: string[]): void {
  context.on("console", (message) => {
    const url = message.page()?.url() ?? "";
    if (isPage(url, provider) && isComplaint(message)) problems.push(`${url}: ${message.text()}`);
  });
  context.on("weberror", (error) => {
    const url = error.page()?.url() ?? "";
    if (isPage(url, provider)) problems.push(`${url}: ${error.error()}`);
  });
  context.on("requestfinished", async (request) => {
    if (!isPartOfPage(request, provider)) return;
    const status = (await request.response())?.status() ?? 0;
    // A script that asks one of our doors shows a refusal in words.
    const isRefusal = request.resourceType() === "fetch" && status < 500;
    if (status >= 400 && !isRefusal) problems.push(`${request.url()}: status ${status}`);
  });
}

/** That a page itself has another status than 200 may be meant; its parts are looked at apart. */
const isComplaint = (message: ConsoleMessage): boolean =>
  ["error", "warning"].includes(message.type()) &&
  !message.text().startsWith("Failed to load resource");

function isPartOfPage(request: Request, provider: string): boolean {
  if (request.isNavigationRequest()) return false;
  try {
    return isPage(request.frame().url(), provider);
  } catch {
    return false; // Its page is gone.
  }
}

/** What every test stands on: a provider, a server for apps and a browser, once per file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { startLocal } from "../../../scripts/local.mjs";
import { type AppServer, startAppServer } from "./app-server";
import { chromiumOptions } from "./chromium";

/** No step of a test takes so long, even on a busy machine. */
const STEP_TIMEOUT_MS = 20_000;

export interface Stage {
  /** Origin of the provider. */
  url: string;
  apps: AppServer;
  /** A browser of its own: no cookie, no cache. It is gone after the test. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** Takes this out of what a test is blamed for. */
  forgive(problem: RegExp): void;
}

/**
 * Sets the stage for the tests of a file. After each test no page of the provider may have
 * complained: no script error, no violation of its Content-Security-Policy, no missing file.
 */
export function useStage(): Stage {
  let browser: Browser;
  let provider: Awaited<ReturnType<typeof startLocal>>;
  let data: string;
  let contexts: BrowserContext[] = [];
  let problems: string[] = [];

  const stage = {
    newContext: async (options) => {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(STEP_TIMEOUT_MS);
      contexts.push(context);
      collectProblems(context, stage.url, problems);
      return context;
    },
    forgive: (problem) => {
      problems = problems.filter((text) => !problem.test(text));
    },
  } as Stage;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), "satchel-browser-"));
    const launch = async () => chromium.launch(await chromiumOptions());
    [provider, stage.apps, browser] = await Promise.all([
      startLocal({ data, quiet: true }),
      startAppServer(),
      launch(),
    ]);
    stage.url = provider.url;
  });

  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    const found = problems;
    problems = [];
    expect(found).toEqual([]);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), stage.apps?.close(), provider?.dispose()]);
    rmSync(data, { recursive: true, force: true });
  });

  return stage;
}

/** The address that a person with this name gives to apps. */
export const addressOf = (stage: Stage, name: string): string =>
  `${name}@${new URL(stage.url).host}`;

function collectProblems(context: BrowserContext, provider: string, problems: string[]): void {
  const isOurs = (url: string) =>
    url.startsWith(`${provider}/`) && !url.startsWith(`${provider}/storage/`);
  context.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // The page that complains; where a form's answer has another status than 200, that is wanted.
    if (!isOurs(message.page()?.url() ?? "") || isAnswer(message.text())) return;
    problems.push(`${message.page()?.url()}: ${message.text()}`);
  });
  context.on("weberror", (error) => {
    problems.push(`${error.page()?.url()}: ${error.error()}`);
  });
  context.on("requestfinished", async (request) => {
    // Anything that a page of ours loads has to be there.
    const frame = request.isNavigationRequest() ? null : pageOf(request);
    if (frame === null || !isOurs(frame.url())) return;
    const response = await request.response();
    if (response && response.status() >= 400)
      problems.push(`${response.status()} ${request.url()}`);
  });
}

const isAnswer = (text: string): boolean => text.startsWith("Failed to load resource");

function pageOf(request: { frame(): { page(): Page } }): Page | null {
  try {
    return request.frame().page();
  } catch {
    return null;
  }
}

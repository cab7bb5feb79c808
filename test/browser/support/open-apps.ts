/** Apps that are open for all tests of a file: to open one takes longer than what most tests do in it. */

import type { Page } from "playwright-core";
import type { AppOptions, LibraryRelease } from "./app-server";
import { newBrowserContext } from "./context-pool";
import { openConnectedApp, signUp } from "./steps";
import { STEP_TIMEOUT_MS, test } from "./test-site";

/**
 * Vitest's `test` with the fixture `openApps`: an app in so many browsers of one user, by release. It is opened for the
 * first test that asks for it, stays open to the end of the file, and has no events of earlier tests. What those have
 * stored is there: each test has a folder of its own.
 */
export const testWithApps = (browsers: number, options: Omit<AppOptions, "release"> = {}) =>
  test.extend("openApps", { scope: "file" }, async ({ servers }, { onCleanup }) => {
    const opened = new Map<LibraryRelease, Promise<Page[]>>();
    onCleanup(async () => {
      for (const pages of opened.values()) {
        for (const page of await pages) await page.context().close();
      }
    });
    const open = async (release: LibraryRelease): Promise<Page[]> => {
      const contexts = await Promise.all(
        Array.from({ length: browsers }, () => newBrowserContext(servers.browser)),
      );
      for (const context of contexts) context.setDefaultTimeout(STEP_TIMEOUT_MS);
      const [first] = contexts as [(typeof contexts)[0]];
      const app = { ...options, release, name: await signUp(servers, first) };
      return Promise.all(contexts.map((context) => openConnectedApp(servers, first, app, context)));
    };
    return async (release: LibraryRelease): Promise<[Page, Page]> => {
      const pages = opened.get(release) ?? open(release);
      opened.set(release, pages);
      for (const page of await pages) {
        await page.evaluate(() => {
          window.events = [];
        });
      }
      return (await pages) as [Page, Page];
    };
  });

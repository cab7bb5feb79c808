/** Playwright's script for locators, which it runs in each document: kept the same, so that the browser compiles it once. */

import type { Page } from "playwright-core";

/** What is used of Playwright's inside, which is no part of its API. */
interface Inside {
  _connection?: { toImpl?(page: Page): { mainFrame(): { utilityContext(): Promise<object> } } };
}
interface ExecutionContext {
  rawEvaluateHandle?(source: string): Promise<unknown>;
}

/** Where the script is told the number of its frame, which only snapshots of accessibility trees show. */
const FRAME_NUMBER = /"frameSeq":\d+/;

let isKept = false;

/**
 * V8 finds compiled scripts by their text, but Playwright writes a number into this one, of a third of a megabyte, that is
 * another for each page. So here it is the same for all pages. Where Playwright's inside is not as expected, nothing changes.
 */
export async function keepLocatorScript(page: Page): Promise<void> {
  if (isKept) return;
  isKept = true;
  const context = await (page as Inside)._connection?.toImpl?.(page).mainFrame().utilityContext();
  const prototype: ExecutionContext = context ? Object.getPrototypeOf(context) : {};
  const { rawEvaluateHandle } = prototype;
  if (!rawEvaluateHandle) return;
  prototype.rawEvaluateHandle = function (source) {
    return rawEvaluateHandle.call(this, source.replace(FRAME_NUMBER, '"frameSeq":1'));
  };
}

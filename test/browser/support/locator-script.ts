/** Playwright's script for locators, which it runs in each document: kept the same, so that the browser compiles it once. */

import type { Page } from "playwright-core";

/** What is used of Playwright's inside, which is no part of its API. */
interface Inside {
  _connection?: { toImpl?(page: Page): { mainFrame(): { utilityContext(): Promise<object> } } };
}
interface ExecutionContext {
  rawEvaluateHandle?(source: string): Promise<unknown>;
}

/** The option of the script, near its end, that is the number of its frame: only snapshots of accessibility trees show it. */
const FRAME_NUMBER = '"frameSeq":';

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
  /** By what is left of them from the option on, and their length. */
  const sources = new Map<string, string>();
  prototype.rawEvaluateHandle = function (source) {
    const at = source.lastIndexOf(FRAME_NUMBER);
    if (at === -1) return rawEvaluateHandle.call(this, source);
    const rest = source.slice(at + FRAME_NUMBER.length).replace(/^\d+/, "1");
    const key = `${at} ${rest}`;
    const kept = sources.get(key) ?? source.slice(0, at) + FRAME_NUMBER + rest;
    sources.set(key, kept);
    return rawEvaluateHandle.call(this, kept);
  };
}

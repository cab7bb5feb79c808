/** What may not happen on a page of the provider: script errors, violations of its policy, missing resources. */

import type { BrowserContext, ConsoleMessage, Request, WebError } from "playwright-core";

/** Adds the problems of a context's pages to `problems`, until the returned function is called. */
export function collectProblems(
  context: BrowserContext,
  provider: string,
  problems: string[],
): () => void {
  const onConsole = (message: ConsoleMessage) => {
    const url = message.page()?.url() ?? "";
    if (isPage(url, provider) && isPageError(message)) problems.push(`${url}: ${message.text()}`);
  };
  const onError = (error: WebError) => {
    const url = error.page()?.url() ?? "";
    if (isPage(url, provider)) problems.push(`${url}: ${error.error()}`);
  };
  const onFinished = async (request: Request) => {
    if (!isPartOfPage(request, provider)) return;
    // Rejects if the page has been closed meanwhile.
    const response = await request.response().catch(() => null);
    const status = response?.status() ?? 0;
    // Our scripts show a refusal of an endpoint as a message.
    const isRefusal = ["fetch", "xhr"].includes(request.resourceType()) && status !== 500;
    if (status >= 400 && !isRefusal) problems.push(`${request.url()}: status ${status}`);
  };
  context.on("console", onConsole);
  context.on("weberror", onError);
  context.on("requestfinished", onFinished);
  return () => {
    context.off("console", onConsole);
    context.off("weberror", onError);
    context.off("requestfinished", onFinished);
  };
}

/** Whether the URL is a page of the provider; documents are not. */
const isPage = (url: string, provider: string): boolean =>
  url.startsWith(`${provider}/`) &&
  !url.startsWith(`${provider}/storage/`) &&
  !url.startsWith(`${provider}/preview/`);

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

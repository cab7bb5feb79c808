/** Error pages: not found, rate limited and others. */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Refusal } from "../core/refusals";
import type { HandlerResponse } from "../http/context";
import { ErrorMessage } from "./error-message";
import { messagesFor } from "./language";
import { type PageOptions, renderPage } from "./layout";
import { UI_MESSAGES } from "./messages";

/** An error page with one link. It has the menu if an earlier middleware has found a session. */
export function errorPage(
  c: Context,
  status: ContentfulStatusCode,
  { title, sentence }: { title: string; sentence: string },
  link = { href: "/", text: messagesFor(c, UI_MESSAGES).homeLink },
): HandlerResponse {
  const session: { account: PageOptions["user"] } | undefined = c.get("session");
  return renderPage(
    c,
    { title, status, user: session?.account },
    <section>
      <h1>{title}</h1>
      <ErrorMessage>{sentence}</ErrorMessage>
      <p>
        <a href={link.href}>{link.text}</a>
      </p>
    </section>,
  );
}

/** The 404 page. */
export const notFoundPage = (c: Context): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, UI_MESSAGES).notFound);

/** The 429 page for a refusal by a rate limit; null for any other refusal, or none. */
export function rateLimitedPage(c: Context, refusal: Refusal | null): HandlerResponse | null {
  if (refusal?.code !== "too-many-requests") return null;
  const { title, sentence } = messagesFor(c, UI_MESSAGES).rateLimited;
  c.header("Retry-After", String(refusal.retryAfterSeconds));
  return errorPage(c, 429, { title, sentence: sentence(refusal.retryAfterSeconds) });
}

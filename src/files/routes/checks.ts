/** What is checked of each request for files: the sign-in, and the limits of an app. */

import type { Next } from "hono";
import { checkSignIn, type SignInRefusal } from "../../accounts/middleware";
import type { Refusal } from "../../core/refusals";
import type { HonoContext } from "../../http/context";
import { limitOwnDocuments } from "../../http/rate-limits";
import { rateLimitedPage } from "../../ui/error-pages";

/** Middleware: the 429 page if the user has asked for too many documents. Comes after `requireSignIn`. */
export async function limitDocumentRequests(
  c: HonoContext,
  next: Next,
): Promise<Response | undefined> {
  const page = rateLimitedPage(c, limitRequest(c));
  if (page) return page;
  await next();
}

/** Why a form is not accepted; null: it is, and the session is in the context. */
export const checkFileForm = async (c: HonoContext): Promise<SignInRefusal | null> =>
  (await checkSignIn(c)) ?? limitRequest(c);

/** The user's requests for documents are limited like those of an app. */
const limitRequest = (c: HonoContext): Refusal | null =>
  limitOwnDocuments(c.env, c.var.session.account.id, Date.now());

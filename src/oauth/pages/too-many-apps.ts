/** The page for an account that has as many grants as it may have. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { errorPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { OAUTH_MESSAGES } from "../messages";

/** Says that no more apps, devices and tokens can be connected, and leads to those that are. */
export function tooManyAppsPage(c: HonoContext): HandlerResponse {
  const { title, sentence, link } = messagesFor(c, OAUTH_MESSAGES).tooManyApps;
  return errorPage(c, 409, { title, sentence }, { href: "/apps", text: link });
}

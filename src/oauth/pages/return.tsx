/** The page that returns a user to the app, with the response in the address. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type AppIdentity, appKind } from "../app-identity";
import { OAUTH_MESSAGES } from "../messages";

/**
 * Makes the browser leave for an address as soon as it has loaded the page. A redirect in response to a
 * form would be subject to the form's `form-action`, with all redirects that follow, and would leave
 * the form on the screen if a program opens the address.
 */
export const leaveFor = (c: HonoContext, url: string): void => c.header("Refresh", `0;url=${url}`);

/**
 * Says what the user has decided, and leaves for the app. A client that does not ask for pages, and so
 * is no browser, is redirected as in the draft's example.
 */
export function returnPage(
  c: HonoContext,
  user: Account,
  { origin }: AppIdentity,
  decision: "allowed" | "denied",
  url: string,
): HandlerResponse {
  if (!c.req.header("Accept")?.includes("text/html")) return c.redirect(url);
  const messages = messagesFor(c, OAUTH_MESSAGES);
  const opensProgram = !["web", "loopback"].includes(appKind(origin));
  leaveFor(c, url);
  return renderPage(
    c,
    { title: messages[decision], user, isShownOnce: true },
    <section>
      <h1>{messages[decision]}</h1>
      <p>{opensProgram ? messages.openingProgram(origin) : messages.returning(origin)}</p>
      <p>
        <a class="button" href={url}>
          {messages.backToApp}
        </a>
      </p>
    </section>,
  );
}

/** What somebody sees who is not signed in. */

import { isSignUpOpen } from "../../accounts/accounts";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** What this is, and the ways in. */
export function welcomePage(c: HonoContext): HandlerResponse {
  const { SIGN_UP } = settings(c.env);
  const words = messagesFor(c, DASHBOARD_MESSAGES).welcome;
  return renderPage(
    c,
    { title: words.title },
    <section>
      <h1>{words.title}</h1>
      <p>{words.what}</p>
      <ul>
        {words.points.map((point) => (
          <li>{point}</li>
        ))}
      </ul>
      <p class="row">
        {isSignUpOpen(c.env) ? (
          <a class="button" href="/sign-up">
            {words.signUp}
          </a>
        ) : null}
        <a class={isSignUpOpen(c.env) ? "button quiet" : "button"} href="/sign-in">
          {words.signIn}
        </a>
      </p>
      {SIGN_UP === "invitation" ? <p class="faint">{words.byInvitation}</p> : null}
      {SIGN_UP === "closed" ? <p class="faint">{words.closed}</p> : null}
    </section>,
  );
}

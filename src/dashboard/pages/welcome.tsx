/** The home page for visitors who are not signed in: what Satchel is. */

import { isSignUpOpen } from "../../accounts/sign-up";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** Introduces Satchel; the link to sign up is only there if sign-up is open. */
export function welcomePage(c: HonoContext): HandlerResponse {
  const { SIGN_UP } = settings(c.env);
  const messages = messagesFor(c, DASHBOARD_MESSAGES).welcome;
  return renderPage(
    c,
    { title: messages.title },
    <section>
      <h1>{messages.title}</h1>
      <p>{messages.about}</p>
      <ul>
        {messages.points.map((point) => (
          <li>{point}</li>
        ))}
      </ul>
      <p class="row">
        {isSignUpOpen(c.env) ? (
          <a class="button" href="/sign-up">
            {messages.signUp}
          </a>
        ) : null}
        <a class={isSignUpOpen(c.env) ? "button secondary" : "button"} href="/sign-in">
          {messages.signIn}
        </a>
      </p>
      {SIGN_UP === "invitation" ? <p class="muted">{messages.byInvitation}</p> : null}
      {SIGN_UP === "closed" ? <p class="muted">{messages.closed}</p> : null}
    </section>,
  );
}

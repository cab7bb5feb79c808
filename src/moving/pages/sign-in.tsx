/** The pages on the way to the old provider's dialog, and back from it. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { leaveFor } from "../../oauth/pages/return";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { MOVING_MESSAGES } from "../messages";
import { MOVE_IN_PATH, RETURN_PATH } from "../paths";

/** Leaves for the dialog: a redirect in response to a form may not go to another host. */
export function leavingPage(c: HonoContext, url: string): HandlerResponse {
  const { title, sentence, link } = messagesFor(c, MOVING_MESSAGES).leaving;
  leaveFor(c, url);
  return renderPage(
    c,
    { title, user: c.var.session.account, isShownOnce: true },
    <section>
      <h1>{title}</h1>
      <p>{sentence(new URL(url).host)}</p>
      <p>
        <a class="button" href={url}>
          {link}
        </a>
      </p>
    </section>,
  );
}

/** Takes the answer of an implicit grant out of the address, by its script, and sends it as a form. */
export function returningPage(c: HonoContext): HandlerResponse {
  const messages = messagesFor(c, MOVING_MESSAGES).returning;
  return renderPage(
    c,
    {
      title: messages.title,
      user: c.var.session.account,
      scripts: ["/move-in-return.js"],
      isShownOnce: true,
    },
    <section>
      <h1>{messages.title}</h1>
      <form method="post" action={RETURN_PATH} data-return hidden>
        <p>{messages.sentence}</p>
        {["state", "access_token", "error"].map((name) => (
          <input type="hidden" name={name} />
        ))}
        <p>
          <button type="submit">{messages.go}</button>
        </p>
      </form>
      <noscript>
        <p class="error">{messages.needsScript}</p>
        <p>
          <a href={MOVE_IN_PATH}>{messages.withToken}</a>
        </p>
      </noscript>
    </section>,
  );
}

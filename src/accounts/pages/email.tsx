/** The recovery email address: its section on /security, and the pages that set and remove it. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { EMAIL_LINK_HOURS } from "../links";
import { ACCOUNT_MESSAGES } from "../messages";
import type { AccountRefusal } from "../refusals";
import { confirmRemovalPage, securityFormPage } from "./security-form";

/** Shows the confirmed address, if there is one, with links to change and remove it. */
export const EmailSection = ({ c, email }: { c: HonoContext; email: string | null }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.email;
  return (
    <section>
      <h2>{messages.title}</h2>
      <p class="muted">{messages.about}</p>
      <p>{email ?? messages.none}</p>
      <p class="row">
        <a class="button secondary" href="/security/email">
          {email === null ? messages.set : messages.change}
        </a>
        {email === null ? null : (
          <a class="button secondary" href="/security/email/remove">
            {messages.remove}
          </a>
        )}
      </p>
    </section>
  );
};

/** Asks for an address. `sentTo` is the address to which a link was just sent. */
export function emailPage(
  c: HonoContext,
  value: string,
  { refusal, sentTo }: { refusal?: AccountRefusal; sentTo?: string } = {},
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).email;
  return securityFormPage(
    c,
    { title: messages.title, refusal },
    <>
      {sentTo === undefined ? null : (
        <p class="note" role="status">
          {messages.sent(sentTo, EMAIL_LINK_HOURS)}
        </p>
      )}
      <p>{messages.about}</p>
      <div class="field">
        <label for="email">{messages.label}</label>
        <input
          id="email"
          name="email"
          type="email"
          value={value}
          autocomplete="email"
          maxlength={254}
          required
        />
      </div>
      <p>
        <button type="submit">{messages.button}</button>
      </p>
    </>,
  );
}

/** Asks before the address is removed. */
export const removeEmailPage = (c: HonoContext): HandlerResponse =>
  confirmRemovalPage(c, messagesFor(c, ACCOUNT_MESSAGES).email.remove);

/** The pages for users who cannot sign in: recovery codes, one-time links, and local emails. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DateTime } from "../../ui/time";
import { EMAIL_LINK_HOURS, type OneTimeLink } from "../links";
import { ACCOUNT_MESSAGES } from "../messages";
import { refusalOptions } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { canSendEmail, listLocalEmails } from "../send-email";
import { NameField, RefusalMessage } from "./fields";

/** Asks for a name and a recovery code. */
export function recoveryCodePage(
  c: HonoContext,
  name: string,
  refusal?: AccountRefusal,
): HandlerResponse {
  const { recovery, signIn } = messagesFor(c, ACCOUNT_MESSAGES);
  return renderPage(
    c,
    { title: recovery.title, ...refusalOptions(refusal) },
    <form method="post" action="/recover" class="card">
      <h1>{recovery.title}</h1>
      <RefusalMessage c={c} refusal={refusal} />
      <NameField c={c} value={name} autocomplete="username" />
      <div class="field">
        <label for="code">{recovery.code}</label>
        <input
          id="code"
          name="code"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="code-rule"
          required
        />
        <small id="code-rule">{recovery.codeRule}</small>
      </div>
      <p>
        <button type="submit">{recovery.button}</button>
      </p>
      {canSendEmail(c.env) ? (
        <p class="muted">
          <a href="/recover/mail">{signIn.useEmail}</a>
        </p>
      ) : null}
    </form>,
  );
}

/** Asks for the name to send a sign-in link to. `isSent` does not reveal whether an email was sent. */
export function recoveryEmailPage(
  c: HonoContext,
  { isSent, refusal }: { isSent?: boolean; refusal?: AccountRefusal } = {},
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).recovery;
  return renderPage(
    c,
    { title: messages.emailTitle, ...refusalOptions(refusal) },
    <form method="post" action="/recover/mail" class="card">
      <h1>{messages.emailTitle}</h1>
      <RefusalMessage c={c} refusal={refusal} />
      {isSent ? (
        <p class="note" role="status">
          {messages.emailSent(EMAIL_LINK_HOURS)}
        </p>
      ) : (
        <>
          <p>{messages.emailAbout}</p>
          <NameField c={c} value="" autocomplete="username" />
          <p>
            <button type="submit">{messages.emailButton}</button>
          </p>
        </>
      )}
      <p class="muted">
        <a href="/recover">{messages.useCode}</a>
      </p>
    </form>,
  );
}

/** Says what a one-time link does, with the button that does it. */
export function oneTimeLinkPage(
  c: HonoContext,
  link: OneTimeLink,
  refusal?: AccountRefusal,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).link[link.purpose];
  const { text } = messages;
  const title = messages.title(link.account.name);
  return renderPage(
    c,
    { title, ...refusalOptions(refusal) },
    <form method="post" class="card">
      <h1>{title}</h1>
      <RefusalMessage c={c} refusal={refusal} />
      <p>{typeof text === "string" ? text : text(link.email ?? "")}</p>
      <p>
        <button type="submit">{messages.button}</button>
      </p>
    </form>,
  );
}

/** Lists the emails that were kept on this computer, with MAIL = "local". */
export function localEmailsPage(c: HonoContext): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).mail.local;
  const emails = listLocalEmails();
  return renderPage(
    c,
    { title: messages.title },
    <section>
      <h1>{messages.title}</h1>
      <p class="muted">{messages.about}</p>
      {emails.length === 0 ? <p>{messages.none}</p> : null}
      <ul class="list">
        {emails.map(({ at, to, subject, text }) => (
          <li>
            <div>
              {subject}
              <small>
                {messages.to(to)} · <DateTime c={c} at={at} />
              </small>
              {text.split("\n\n").map((paragraph) => (
                <p>{URL.canParse(paragraph) ? <a href={paragraph}>{paragraph}</a> : paragraph}</p>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </section>,
  );
}

/** The pages for people who cannot get in: recovery codes, links, and the mail of this computer. */

import { formatDateTime } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type Link, MAIL_LINK_HOURS } from "../links";
import { sendsMail, sentMail } from "../mail";
import { ACCOUNT_MESSAGES } from "../messages";
import { type AccountRefusal, refusalOptions } from "../refusals";
import { type AccountContext, NameField, Refusal } from "./fields";

type Answer = Response | Promise<Response>;

/** Asks for a name and a recovery code. */
export function recoverPage(c: AccountContext, name: string, refusal?: AccountRefusal): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  return renderPage(
    c,
    { title: words.recover.title, ...refusalOptions(refusal) },
    <form method="post" action="/recover" class="card">
      <h1>{words.recover.title}</h1>
      <Refusal c={c} refusal={refusal} />
      <NameField c={c} value={name} autocomplete="username" />
      <div class="field">
        <label for="code">{words.recover.code}</label>
        <input
          id="code"
          name="code"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="code-rule"
          required
        />
        <small id="code-rule">{words.recover.codeRule}</small>
      </div>
      <p>
        <button type="submit">{words.recover.button}</button>
      </p>
      {sendsMail(c.env) ? (
        <p class="faint">
          <a href="/recover/mail">{words.signIn.useMail}</a>
        </p>
      ) : null}
    </form>,
  );
}

/** `isSent`: the form was sent, which says nothing about any mail. */
export function recoverByMailPage(
  c: AccountContext,
  { isSent, refusal }: { isSent?: boolean; refusal?: AccountRefusal } = {},
): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  return renderPage(
    c,
    { title: words.recover.mailTitle, ...refusalOptions(refusal) },
    <form method="post" action="/recover/mail" class="card">
      <h1>{words.recover.mailTitle}</h1>
      <Refusal c={c} refusal={refusal} />
      {isSent ? (
        <p class="note" role="status">
          {words.recover.mailSent(MAIL_LINK_HOURS)}
        </p>
      ) : (
        <>
          <p>{words.recover.mailWhat}</p>
          <NameField c={c} value="" autocomplete="username" />
          <p>
            <button type="submit">{words.recover.mailButton}</button>
          </p>
        </>
      )}
      <p class="faint">
        <a href="/recover">{words.recover.toCode}</a>
      </p>
    </form>,
  );
}

/** What a link does, and the button that does it. */
export function linkPage(c: AccountContext, link: Link, refusal?: AccountRefusal): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).link[link.purpose];
  const { what } = words;
  const title = words.title(link.account.name);
  return renderPage(
    c,
    { title, ...refusalOptions(refusal) },
    <form method="post" class="card">
      <h1>{title}</h1>
      <Refusal c={c} refusal={refusal} />
      <p>{typeof what === "string" ? what : what(link.email ?? "")}</p>
      <p>
        <button type="submit">{words.button}</button>
      </p>
    </form>,
  );
}

/** What was sent with MAIL = "local". */
export function mailPage(c: AccountContext): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).mail;
  const mails = sentMail();
  return renderPage(
    c,
    { title: words.box },
    <section>
      <h1>{words.box}</h1>
      <p class="faint">{words.boxWhat}</p>
      {mails.length === 0 ? <p>{words.boxEmpty}</p> : null}
      <ul class="list">
        {mails.map(({ at, to, subject, text }) => (
          <li>
            <div>
              {subject}
              <small>
                {words.to(to)}, {formatDateTime(languageOf(c), at)}
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

/** The pages on which one's ways in are set and removed. */

import type { Child } from "hono/jsx";
import { settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { messagesFor } from "../../ui/language";
import { CopyButton, renderPage } from "../../ui/layout";
import { UI_MESSAGES as FRAME } from "../../ui/messages";
import type { Passkey } from "../db/passkeys";
import { MAX_PASSKEY_NAME } from "../form-input";
import { MAIL_LINK_HOURS } from "../links";
import { ACCOUNT_MESSAGES } from "../messages";
import { CODES } from "../recovery-codes";
import { type AccountRefusal, refusalOptions } from "../refusals";
import type { WaysIn } from "../sign-in-methods";
import { deviceOf } from "../user-agent";
import {
  type AccountContext,
  NoPasskeys,
  PASSKEY_SCRIPTS,
  PasskeyButton,
  PasswordField,
  Refusal,
  WhoseField,
} from "./fields";

type Answer = Response | Promise<Response>;

/** A form on a page of its own, with the way back to /security. */
function formPage(
  c: AccountContext,
  title: string,
  body: Child,
  { refusal, scripts }: { refusal?: AccountRefusal | undefined; scripts?: string[] } = {},
): Answer {
  return renderPage(
    c,
    {
      title,
      person: c.var.session.account,
      ...(scripts ? { scripts } : {}),
      ...refusalOptions(refusal),
    },
    <form method="post" class="card">
      <h1>{title}</h1>
      <Refusal c={c} refusal={refusal} />
      {body}
      <p class="faint">
        <a href="/security">{messagesFor(c, ACCOUNT_MESSAGES).back}</a>
      </p>
    </form>,
  );
}

/** Asks once more before something is removed. */
export function questionPage(
  c: AccountContext,
  question: { title: string; what: string; button: string },
  refusal?: AccountRefusal,
): Answer {
  return formPage(
    c,
    question.title,
    <>
      <p>{question.what}</p>
      <p>
        <button type="submit" class="danger">
          {question.button}
        </button>
      </p>
    </>,
    { refusal },
  );
}

/** Asks for a new password, or the first. */
export function passwordPage(c: AccountContext, ways: WaysIn, refusal?: AccountRefusal): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  return formPage(
    c,
    ways.hasPassword ? words.newPassword.change : words.newPassword.set,
    <>
      <WhoseField name={c.var.session.account.name} />
      <PasswordField
        label={words.newPassword.label}
        autocomplete="new-password"
        rule={words.passwordRule}
      />
      <p>
        <button type="submit">{words.newPassword.button}</button>
      </p>
      <p class="faint">{words.newPassword.consequence}</p>
    </>,
    { refusal },
  );
}

const PasskeyNameField = ({ c, value }: { c: AccountContext; value: string }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  return (
    <div class="field">
      <label for="passkey-name">{words.label}</label>
      <input
        id="passkey-name"
        name="name"
        value={value}
        maxlength={MAX_PASSKEY_NAME}
        autocomplete="off"
        aria-describedby="passkey-name-rule"
        required
      />
      <small id="passkey-name-rule">{words.labelRule}</small>
    </div>
  );
};

/** Made by /passkeys.js alone: no form can ask a device for a passkey. */
export function addPasskeyPage(c: AccountContext): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  const guess = deviceOf(c.req.header("user-agent")) ?? "Passkey";
  return formPage(
    c,
    words.addTitle,
    <>
      <p>{words.addWhat}</p>
      <PasskeyNameField c={c} value={guess} />
      <NoPasskeys c={c} />
      <PasskeyButton
        c={c}
        act="create"
        door="/security/passkeys/add"
        text={words.addButton}
        known={words.known}
      />
    </>,
    { scripts: PASSKEY_SCRIPTS },
  );
}

/** Asks what a passkey is to be called. */
export function renamePasskeyPage(c: AccountContext, passkey: Passkey): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  return formPage(
    c,
    words.renameTitle,
    <>
      <PasskeyNameField c={c} value={passkey.name} />
      <p>
        <button type="submit">{words.renameButton}</button>
      </p>
    </>,
  );
}

/** Says what recovery codes are for, with the button that makes them. */
export function makeCodesPage(c: AccountContext, ways: WaysIn, refusal?: AccountRefusal): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).codes;
  return formPage(
    c,
    words.title,
    <>
      <p>{words.what(CODES)}</p>
      {ways.recoveryCodes > 0 ? <p class="warning">{words.replaces}</p> : null}
      <p>
        <button type="submit">{words.button(CODES)}</button>
      </p>
    </>,
    { refusal },
  );
}

/** Shown once, as the answer to the form: nobody can show them again. */
export function codesPage(c: AccountContext, codes: string[]): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).codes;
  const frame = messagesFor(c, FRAME);
  const { account } = c.var.session;
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return renderPage(
    c,
    { title: words.yours, person: account, scripts: ["/copy.js", "/print.js"], once: true },
    <section>
      <h1>{words.yours}</h1>
      <p>{words.for(address, `${resolveOrigins(c.req.url, settings(c.env)).pages}/recover`)}</p>
      <ul class="codes" id="codes">
        {codes.map((code) => (
          <li>
            {code}
            {"\n"}
          </li>
        ))}
      </ul>
      <p class="warning">{words.once}</p>
      <p class="row no-print">
        <button type="button" class="quiet" data-print hidden>
          {frame.print}
        </button>
        <CopyButton c={c} id="codes" />
        <a class="button" href="/security">
          {words.done}
        </a>
      </p>
    </section>,
  );
}

/** `sentTo`: where a link was just sent. */
export function emailPage(
  c: AccountContext,
  value: string,
  { refusal, sentTo }: { refusal?: AccountRefusal; sentTo?: string } = {},
): Answer {
  const words = messagesFor(c, ACCOUNT_MESSAGES).email;
  return formPage(
    c,
    words.title,
    <>
      {sentTo === undefined ? null : (
        <p class="note" role="status">
          {words.sent(sentTo, MAIL_LINK_HOURS)}
        </p>
      )}
      <p>{words.what}</p>
      <div class="field">
        <label for="email">{words.label}</label>
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
        <button type="submit">{words.button}</button>
      </p>
    </>,
    { refusal },
  );
}

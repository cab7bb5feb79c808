/** The form for signing in, and the one that asks again who is there. */

import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type Account, isSignUpOpen } from "../accounts";
import { sendsMail } from "../mail";
import { ACCOUNT_MESSAGES } from "../messages";
import { type AccountRefusal, refusalOptions } from "../refusals";
import type { WaysIn } from "../sign-in-methods";
import {
  type AccountContext,
  type Form,
  NameField,
  NoPasskeys,
  PASSKEY_SCRIPTS,
  PasskeyButton,
  PasswordField,
  Refusal,
  WhoseField,
} from "./fields";

/** `signedIn` is who is signed in already, perhaps somebody else than the one who is asked for. */
export function signInPage(
  c: AccountContext,
  signedIn: Account | null,
  form: Form,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  const isOther = signedIn !== null && form.name !== "" && signedIn.name !== form.name;
  return renderPage(
    c,
    {
      title: words.signIn.title,
      person: signedIn ?? undefined,
      scripts: PASSKEY_SCRIPTS,
      ...refusalOptions(refusal),
    },
    <form method="post" action="/sign-in" class="card">
      <h1>{words.signIn.title}</h1>
      {isOther ? <p class="warning">{words.signIn.isOther(signedIn.name, form.name)}</p> : null}
      <Refusal c={c} refusal={refusal} />
      <input type="hidden" name="next" value={form.next} />
      <PasskeyButton c={c} act="get" door="/sign-in/passkey" text={words.withPasskey}>
        <p>{words.orPassword}</p>
      </PasskeyButton>
      <NameField c={c} value={form.name} autocomplete="username webauthn" />
      <PasswordField
        label={words.password}
        autocomplete="current-password"
        autofocus={form.name !== ""}
      />
      <p>
        <button type="submit">{words.signIn.title}</button>
      </p>
      {isSignUpOpen(c.env) && form.name === "" ? (
        <p class="faint">
          {words.signIn.noStorage}{" "}
          <a href={`/sign-up?${new URLSearchParams({ next: form.next })}`}>{words.signIn.signUp}</a>
        </p>
      ) : null}
      <p class="faint">
        {words.signIn.forgot} <a href="/recover">{words.signIn.useCode}</a>
        {sendsMail(c.env) ? (
          <>
            {" · "}
            <a href="/recover/mail">{words.signIn.useMail}</a>
          </>
        ) : null}
      </p>
    </form>,
  );
}

/** Asks who is signed in to show once more that it is them. */
export function confirmPage(
  c: AccountContext,
  account: Account,
  ways: WaysIn,
  next: string,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  const hasAny = ways.passkeys > 0 || ways.hasPassword;
  return renderPage(
    c,
    {
      title: words.confirm.title,
      person: account,
      scripts: PASSKEY_SCRIPTS,
      ...refusalOptions(refusal),
    },
    <form method="post" action="/confirm" class="card">
      <h1>{words.confirm.title}</h1>
      <p>{words.confirm.why}</p>
      <Refusal c={c} refusal={refusal} />
      <input type="hidden" name="next" value={next} />
      {ways.passkeys > 0 ? (
        <PasskeyButton c={c} act="get" door="/confirm/passkey" text={words.withPasskey}>
          {ways.hasPassword ? <p>{words.orPassword}</p> : null}
        </PasskeyButton>
      ) : null}
      {ways.passkeys > 0 && !ways.hasPassword ? (
        <NoPasskeys c={c}>
          {words.confirm.otherWay} <a href="/recover">{words.signIn.useCode}</a>
        </NoPasskeys>
      ) : null}
      {ways.hasPassword ? (
        <>
          <WhoseField name={account.name} />
          <PasswordField
            label={words.password}
            autocomplete="current-password"
            autofocus={ways.passkeys === 0}
          />
          <p>
            <button type="submit">{words.confirm.button}</button>
          </p>
        </>
      ) : null}
      {hasAny ? (
        <p class="faint">
          <a href="/security">{words.cancel}</a>
        </p>
      ) : (
        <p>
          {words.confirm.noWay} <a href="/recover">{words.signIn.useCode}</a>
        </p>
      )}
    </form>,
  );
}

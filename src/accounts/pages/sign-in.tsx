/** The sign-in page, and the page for reauthentication. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import type { Account, SignInMethods } from "../accounts";
import { ACCOUNT_MESSAGES } from "../messages";
import { canHavePasskeys } from "../passkeys";
import { refusalOptions } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { canSendEmail } from "../send-email";
import { isSignUpOpen } from "../sign-up";
import {
  HiddenUsernameField,
  NameField,
  NoPasskeys,
  PASSKEY_SCRIPTS,
  PasskeyButton,
  PasswordField,
  RefusalMessage,
  relyingParty,
  type SignInForm,
  withNext,
} from "./fields";

/** Asks for a passkey, or a name and a password. `current` is the account that is signed in already. */
export function signInPage(
  c: HonoContext,
  current: Account | null,
  form: SignInForm,
  refusal?: AccountRefusal,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES);
  const { signIn } = messages;
  const isOther = current !== null && form.name !== "" && current.name !== form.name;
  return renderPage(
    c,
    {
      title: signIn.title,
      user: current ?? undefined,
      scripts: PASSKEY_SCRIPTS,
      ...refusalOptions(refusal),
    },
    <form method="post" action="/sign-in" class="card">
      <h1>{signIn.title}</h1>
      {isOther ? <p class="warning">{signIn.isOther(current.name, form.name)}</p> : null}
      <RefusalMessage c={c} refusal={refusal} />
      <input type="hidden" name="next" value={form.next} />
      <PasskeyButton
        c={c}
        ceremony="get"
        endpoint="/sign-in/passkey"
        text={messages.continueWithPasskey}
      >
        <p class="divider">{messages.orPassword}</p>
      </PasskeyButton>
      <NameField c={c} value={form.name} autocomplete="username webauthn" />
      <PasswordField
        label={messages.password}
        autocomplete="current-password"
        autofocus={form.name !== ""}
      />
      <p>
        <button type="submit">{signIn.title}</button>
      </p>
      {isSignUpOpen(c.env) && form.name === "" ? (
        <p class="muted">
          {signIn.noAccount}{" "}
          <a href={`/sign-up?${new URLSearchParams({ next: form.next })}`}>{signIn.signUp}</a>
        </p>
      ) : null}
      <p class="muted">
        {signIn.lockedOut} <a href="/recover">{signIn.useCode}</a>
        {canSendEmail(c.env) ? (
          <>
            {" · "}
            <a href="/recover/mail">{signIn.useEmail}</a>
          </>
        ) : null}
      </p>
      {canHavePasskeys(relyingParty(c)) ? (
        <p class="muted" data-no-passkeys>
          {signIn.noPasskeys}
        </p>
      ) : null}
    </form>,
  );
}

/** Asks a signed-in user to authenticate again with one of their sign-in methods. */
export function reauthenticationPage(
  c: HonoContext,
  account: Account,
  methods: SignInMethods,
  next: string,
  refusal?: AccountRefusal,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES);
  const { confirm, signIn } = messages;
  const hasPasskey = methods.passkeys > 0;
  const { hasPassword } = methods;
  return renderPage(
    c,
    {
      title: confirm.title,
      user: account,
      scripts: PASSKEY_SCRIPTS,
      ...refusalOptions(refusal),
    },
    <form method="post" action="/confirm" class="card">
      <h1>{confirm.title}</h1>
      <p>{confirm.why}</p>
      <RefusalMessage c={c} refusal={refusal} />
      <input type="hidden" name="next" value={next} />
      {hasPasskey ? (
        <PasskeyButton
          c={c}
          ceremony="get"
          endpoint="/confirm/passkey"
          text={messages.continueWithPasskey}
        >
          {hasPassword ? <p class="divider">{messages.orPassword}</p> : null}
        </PasskeyButton>
      ) : null}
      {hasPasskey && !hasPassword ? (
        <NoPasskeys c={c}>
          {confirm.otherMethod} <a href={withNext("/recover", next)}>{signIn.useCode}</a>
        </NoPasskeys>
      ) : null}
      {hasPassword ? (
        <>
          <HiddenUsernameField name={account.name} />
          <PasswordField
            label={messages.password}
            autocomplete="current-password"
            autofocus={!hasPasskey}
          />
          <p>
            <button type="submit">{confirm.button}</button>
          </p>
        </>
      ) : null}
      {hasPasskey || hasPassword ? (
        <p class="muted">
          <a href="/security">{messages.cancel}</a>
        </p>
      ) : (
        <p>
          {confirm.noMethod} <a href={withNext("/recover", next)}>{signIn.useCode}</a>
        </p>
      )}
    </form>,
  );
}

/** The form for signing up. */

import { settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { messagesFor } from "../../ui/language";
import { ErrorMessage, renderPage } from "../../ui/layout";
import { ACCOUNT_MESSAGES } from "../messages";
import { type AccountRefusal, refusalOptions, sentenceOf } from "../refusals";
import {
  type AccountContext,
  type Form,
  NameField,
  PASSKEY_SCRIPTS,
  PasskeyButton,
  PasswordField,
  Refusal,
  withNext,
} from "./fields";

/** What the form is filled in with; the secret of the invitation, or "". */
export type SignUpForm = Form & { invitation: string };

/** Asks for a name, and a passkey or a password. */
export function signUpPage(
  c: AccountContext,
  form: SignUpForm,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), "name");
  return renderPage(
    c,
    { title: words.signUp.title, scripts: PASSKEY_SCRIPTS, ...refusalOptions(refusal) },
    <form method="post" action="/sign-up" class="card">
      <h1>{words.signUp.heading}</h1>
      {form.invitation === "" ? null : <p class="note">{words.signUp.invited}</p>}
      <Refusal c={c} refusal={refusal} />
      <input type="hidden" name="next" value={form.next} />
      {form.invitation === "" ? null : (
        <input type="hidden" name="invitation" value={form.invitation} />
      )}
      <NameField c={c} value={form.name} autocomplete="username" rule={words.nameRule(address)} />
      <PasskeyButton c={c} act="create" door="/sign-up/passkey" text={words.withPasskey}>
        <p class="faint">{words.signUp.whatIsPasskey}</p>
        <p>{words.orPassword}</p>
      </PasskeyButton>
      <PasswordField label={words.password} autocomplete="new-password" rule={words.passwordRule} />
      <p>
        <button type="submit">{words.signUp.title}</button>
      </p>
      <p class="faint">{words.signUp.keepSafe}</p>
      <p class="faint">
        {words.signUp.already} <a href={withNext("/sign-in", form.next)}>{words.signUp.signIn}</a>
      </p>
    </form>,
  );
}

/** Where nobody can sign up, or not with this invitation. */
export function noSignUpPage(
  c: AccountContext,
  refusal: AccountRefusal,
): Response | Promise<Response> {
  const words = messagesFor(c, ACCOUNT_MESSAGES);
  return renderPage(
    c,
    { title: words.signUp.title, ...refusalOptions(refusal) },
    <section>
      <h1>{words.signUp.title}</h1>
      <ErrorMessage>{sentenceOf(c, refusal)}</ErrorMessage>
      <p>
        {words.signUp.already} <a href="/sign-in">{words.signUp.signIn}</a>
      </p>
    </section>,
  );
}

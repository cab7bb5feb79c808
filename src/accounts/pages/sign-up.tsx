/** The sign-up page. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { ACCOUNT_MESSAGES } from "../messages";
import { refusalOptions, refusalSentence } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import {
  NameField,
  PASSKEY_SCRIPTS,
  PasskeyButton,
  PasswordField,
  RefusalMessage,
  type SignInForm,
  withNext,
} from "./fields";

/** The values that the form is filled in with. `invitation` is its secret, or "". */
export type SignUpForm = SignInForm & { invitation: string };

/** Asks for a name, and a passkey or a password. */
export function signUpPage(
  c: HonoContext,
  form: SignUpForm,
  refusal?: AccountRefusal,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES);
  const { signUp } = messages;
  const exampleAddress = userAddress(resolveOrigins(c.req.url, settings(c.env)), "name");
  return renderPage(
    c,
    { title: signUp.title, scripts: PASSKEY_SCRIPTS, ...refusalOptions(refusal) },
    <form method="post" action="/sign-up" class="card">
      <h1>{signUp.heading}</h1>
      {form.invitation === "" ? null : <p class="note">{signUp.invited}</p>}
      <RefusalMessage c={c} refusal={refusal} />
      <input type="hidden" name="next" value={form.next} />
      {form.invitation === "" ? null : (
        <input type="hidden" name="invitation" value={form.invitation} />
      )}
      <NameField
        c={c}
        value={form.name}
        autocomplete="username"
        rule={messages.nameRule(exampleAddress)}
      />
      <PasskeyButton
        c={c}
        ceremony="create"
        endpoint="/sign-up/passkey"
        text={messages.continueWithPasskey}
      >
        <p class="muted">{signUp.aboutPasskeys}</p>
        <p class="divider">{messages.orPassword}</p>
      </PasskeyButton>
      <PasswordField
        label={messages.password}
        autocomplete="new-password"
        rule={messages.passwordRule}
      />
      <p>
        <button type="submit">{signUp.title}</button>
      </p>
      <p class="muted">{signUp.keepSafe}</p>
      <p class="muted">
        {signUp.haveAccount} <a href={withNext("/sign-in", form.next)}>{signUp.signIn}</a>
      </p>
    </form>,
  );
}

/** Shown instead of the form if sign-up is closed, or the invitation is missing or invalid. */
export function signUpRefusedPage(c: HonoContext, refusal: AccountRefusal): HandlerResponse {
  const { signUp } = messagesFor(c, ACCOUNT_MESSAGES);
  return renderPage(
    c,
    { title: signUp.title, ...refusalOptions(refusal) },
    <section>
      <h1>{signUp.title}</h1>
      <ErrorMessage>{refusalSentence(c, refusal)}</ErrorMessage>
      <p>
        {signUp.haveAccount} <a href="/sign-in">{signUp.signIn}</a>
      </p>
    </section>,
  );
}

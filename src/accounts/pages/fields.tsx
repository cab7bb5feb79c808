/** Fields and buttons of the account forms. */

import type { Child } from "hono/jsx";
import { MAX_USER_NAME_LENGTH, MIN_USER_NAME_LENGTH } from "../../core/names";
import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { ACCOUNT_MESSAGES } from "../messages";
import { canHavePasskeys, type RelyingParty, relyingPartyOf } from "../passkeys";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../passwords";
import { refusalSentence } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";

/** The values that the forms for signing in and up are filled in with. */
export interface SignInForm {
  name: string;
  /** The path to continue to, which is always on this provider. */
  next: string;
}

interface RefusalMessageProps {
  c: HonoContext;
  refusal: AccountRefusal | undefined;
}

/** Says why the form was refused, if it was. */
export const RefusalMessage = ({ c, refusal }: RefusalMessageProps) =>
  refusal ? <ErrorMessage>{refusalSentence(c, refusal)}</ErrorMessage> : null;

interface NameFieldProps {
  c: HonoContext;
  value: string;
  /** "username webauthn" lets a browser offer passkeys in the field. */
  autocomplete: "username" | "username webauthn";
  rule?: string;
}

/** The field for a user name. Only that for a new name has a rule, which the browser enforces. */
export const NameField = ({ c, value, autocomplete, rule }: NameFieldProps) => (
  <div class="field">
    <label for="name">{messagesFor(c, ACCOUNT_MESSAGES).name}</label>
    <input
      id="name"
      name="name"
      value={value}
      autocomplete={autocomplete}
      autocapitalize="none"
      spellcheck={false}
      {...(rule ? { minlength: MIN_USER_NAME_LENGTH, maxlength: MAX_USER_NAME_LENGTH } : {})}
      aria-describedby={rule && "name-rule"}
      required
    />
    {rule ? <small id="name-rule">{rule}</small> : null}
  </div>
);

interface PasswordFieldProps {
  label: string;
  autocomplete: "current-password" | "new-password";
  rule?: string;
  autofocus?: boolean;
}

/** The field for a password. Only a new one has limits: an old one may be from before them. */
export const PasswordField = ({ label, autocomplete, rule, autofocus }: PasswordFieldProps) => (
  <div class="field">
    <label for="password">{label}</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete={autocomplete}
      autofocus={autofocus}
      {...(autocomplete === "new-password"
        ? { minlength: MIN_PASSWORD_LENGTH, maxlength: MAX_PASSWORD_LENGTH }
        : {})}
      aria-describedby={rule && "password-rule"}
      required
    />
    {rule ? <small id="password-rule">{rule}</small> : null}
  </div>
);

/** Tells password managers whose password it is, where the form does not ask for the name. */
export const HiddenUsernameField = ({ name }: { name: string }) => (
  <input type="hidden" name="username" value={name} autocomplete="username" />
);

/** The script that `PasskeyButton` needs. */
export const PASSKEY_SCRIPTS = ["/passkeys.js"];

interface PasskeyButtonProps {
  c: HonoContext;
  /** Whether to create a passkey, or to get an assertion from one. */
  ceremony: "create" | "get";
  /**
   * Where /passkeys.js posts the fields of the form, without the password: first for the options of
   * the ceremony, then with its result.
   */
  endpoint: string;
  text: string;
  /** Shown if this device has a passkey of the account already. */
  alreadyRegistered?: string;
  children?: Child;
}

/** A button that uses a passkey. Hidden until /passkeys.js finds that the browser supports them. */
export const PasskeyButton = (props: PasskeyButtonProps) => {
  const { c, ceremony, endpoint, text, alreadyRegistered, children } = props;
  return canHavePasskeys(relyingParty(c)) ? (
    <div
      data-passkey={ceremony}
      data-endpoint={endpoint}
      data-aborted={messagesFor(c, ACCOUNT_MESSAGES).passkeyAborted}
      data-already-registered={alreadyRegistered}
      hidden
    >
      <p class="error" role="alert" hidden />
      <p>
        <button type="button">{text}</button>
      </p>
      {children}
    </div>
  ) : null;
};

/** Says why there is no `PasskeyButton`; /passkeys.js hides it where there is one. */
export const NoPasskeys = ({ c, children }: { c: HonoContext; children?: Child }) => {
  const { unsupported, ipAddress } = messagesFor(c, ACCOUNT_MESSAGES).noPasskeys;
  return (
    <p data-no-passkeys>
      {canHavePasskeys(relyingParty(c)) ? unsupported : ipAddress} {children}
    </p>
  );
};

/** The relying party of passkeys on this host. */
export const relyingParty = (c: HonoContext): RelyingParty =>
  relyingPartyOf(resolveOrigins(c.req.url, settings(c.env)).pages);

/** Adds `next` to the query of a path. */
export const withNext = (path: string, next: string): string =>
  next === "/" ? path : `${path}?${new URLSearchParams({ next })}`;

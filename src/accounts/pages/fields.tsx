/** The parts of which the forms of accounts are made. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { MAX_NAME_LENGTH, MIN_NAME_LENGTH } from "../../core/names";
import { type Env, settings } from "../../env";
import { resolveOrigins } from "../../http/hosts";
import { messagesFor } from "../../ui/language";
import { ErrorMessage } from "../../ui/layout";
import { ACCOUNT_MESSAGES } from "../messages";
import { canHavePasskeys, type Site, siteOf } from "../passkeys";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../passwords";
import { type AccountRefusal, sentenceOf } from "../refusals";

export type AccountContext = Context<{ Bindings: Env }>;

/** What the forms for signing in and up are filled in with. */
export interface Form {
  name: string;
  /** Where to go then: a path of ours. */
  next: string;
}

/** What was wrong, if anything. */
export const Refusal = ({
  c,
  refusal,
}: {
  c: AccountContext;
  refusal: AccountRefusal | undefined;
}) => (refusal ? <ErrorMessage>{sentenceOf(c, refusal)}</ErrorMessage> : null);

interface NameFieldProps {
  c: AccountContext;
  value: string;
  /** "username webauthn" lets a browser offer passkeys in the field. */
  autocomplete: "username" | "username webauthn";
  rule?: string;
}

/** A rule is stated, and kept by the browser, only for a new name. */
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
      {...(rule ? { minlength: MIN_NAME_LENGTH, maxlength: MAX_NAME_LENGTH } : {})}
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

/** Lengths are asked for only of a new password: an old one is what it is. */
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

/** For password managers, so that they know whose password or passkey it is. */
export const WhoseField = ({ name }: { name: string }) => (
  <input type="hidden" name="username" value={name} autocomplete="username" />
);

/** The script of `PasskeyButton`. */
export const PASSKEY_SCRIPTS = ["/passkeys.js"];

interface PasskeyButtonProps {
  c: AccountContext;
  /** To make one or to show one. */
  act: "create" | "get";
  /** Where /passkeys.js sends the form's fields, but the password: twice, then with the passkey. */
  door: string;
  text: string;
  /** Said where this device has a passkey of the account already. */
  known?: string;
  children?: Child;
}

/** Shows itself, with what stands below it, where the browser and this host have passkeys. */
export const PasskeyButton = ({ c, act, door, text, known, children }: PasskeyButtonProps) =>
  canHavePasskeys(siteHere(c)) ? (
    <div
      data-passkey={act}
      data-door={door}
      data-aborted={messagesFor(c, ACCOUNT_MESSAGES).passkeyAborted}
      data-known={known}
      hidden
    >
      <p class="problem" role="alert" hidden />
      <p>
        <button type="button">{text}</button>
      </p>
      {children}
    </div>
  ) : null;

/** Says why there is no `PasskeyButton`; its script takes that away where there is one. */
export const NoPasskeys = ({ c, children }: { c: AccountContext; children?: Child }) => {
  const { noName, noScript } = messagesFor(c, ACCOUNT_MESSAGES).noPasskeys;
  return (
    <p data-no-passkeys>
      {canHavePasskeys(siteHere(c)) ? noScript : noName} {children}
    </p>
  );
};

/** The site for which passkeys are made here. */
export const siteHere = (c: AccountContext): Site =>
  siteOf(resolveOrigins(c.req.url, settings(c.env)).pages);

export const withNext = (path: string, next: string): string =>
  next === "/" ? path : `${path}?${new URLSearchParams({ next })}`;

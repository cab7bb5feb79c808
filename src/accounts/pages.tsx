/** The forms for signing up, signing in and changing the password. */

import type { Context } from "hono";
import { MAX_NAME_LENGTH, MIN_NAME_LENGTH, USER_NAME_RULE } from "../core/names";
import { type Env, settings } from "../env";
import { addressOf, originsOf } from "../http/hosts";
import { Problem, page } from "../http/page";
import type { Account, AccountRefusal } from "./accounts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords";

type AccountContext = Context<{ Bindings: Env }>;

/** What a form is filled in with. */
export interface Form {
  name: string;
  /** Where to go then: a path of ours. */
  next: string;
}

const STATUS = {
  closed: 403,
  "bad-name": 400,
  "bad-password": 400,
  "name-taken": 409,
  wrong: 403,
  wait: 429,
  suspended: 403,
} as const satisfies Record<AccountRefusal["code"], number>;

/** `signedIn` is who is signed in already, perhaps somebody else than the one who is asked for. */
export function signInPage(
  c: AccountContext,
  signedIn: Account | null,
  form: Form,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  const isOther = signedIn !== null && form.name !== "" && signedIn.name !== form.name;
  return page(
    c,
    { title: "Sign in", person: signedIn ?? undefined, ...refusalOptions(refusal) },
    <form method="post" action="/sign-in" class="card">
      <h1>Sign in</h1>
      {isOther ? (
        <p class="warning">
          You are signed in as {signedIn.name}, but {form.name} is asked for.
        </p>
      ) : null}
      <Credentials form={form} refusal={refusal} autocomplete="current-password" />
      <p>
        <button type="submit">Sign in</button>
      </p>
      {settings(c.env).SIGN_UP === "open" && form.name === "" ? (
        <p class="faint">
          No storage yet? <a href={withNext("/sign-up", form)}>Sign up</a>
        </p>
      ) : null}
    </form>,
  );
}

/** Says so where sign-up is closed. */
export function signUpPage(
  c: AccountContext,
  form: Form,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  if (settings(c.env).SIGN_UP === "closed") {
    return page(
      c,
      { title: "Sign up", status: 403 },
      <section>
        <h1>Sign up</h1>
        <p>This provider does not take new people at the moment.</p>
      </section>,
    );
  }
  const address = addressOf(originsOf(c.req.url, settings(c.env)), "name");
  return page(
    c,
    { title: "Sign up", ...refusalOptions(refusal) },
    <form method="post" action="/sign-up" class="card">
      <h1>Get your storage</h1>
      <Credentials
        form={form}
        refusal={refusal}
        autocomplete="new-password"
        nameRule={`${USER_NAME_RULE} Your address will be ${address}.`}
        passwordRule={PASSWORD_RULE}
      />
      <p>
        <button type="submit">Sign up</button>
      </p>
      <p class="faint">Keep the password safe: nobody can reset it for you.</p>
      <p class="faint">
        Already here? <a href={withNext("/sign-in", form)}>Sign in</a>
      </p>
    </form>,
  );
}

/** Asks for the current password and a new one. */
export const changePasswordPage = (
  c: AccountContext,
  account: Account,
  refusal?: AccountRefusal,
): Response | Promise<Response> =>
  page(
    c,
    { title: "Change your password", person: account, ...refusalOptions(refusal) },
    <form method="post" class="card">
      <h1>Change your password</h1>
      {refusal ? <Problem>{refusal.message}</Problem> : null}
      {/* For password managers, so that they know whose password it is. */}
      <input type="hidden" name="username" value={account.name} autocomplete="username" />
      <PasswordField id="current" label="Current password" autocomplete="current-password" />
      <PasswordField
        id="password"
        label="New password"
        autocomplete="new-password"
        rule={PASSWORD_RULE}
      />
      <p>
        <button type="submit">Change it</button>
      </p>
      <p class="faint">
        You stay signed in here and are signed out everywhere else. Your apps stay connected.
      </p>
    </form>,
  );

interface CredentialsProps {
  form: Form;
  refusal: AccountRefusal | undefined;
  autocomplete: PasswordFieldProps["autocomplete"];
  nameRule?: string;
  passwordRule?: string;
}

/** What was wrong, if anything, and the fields that both forms have. */
const Credentials = ({ form, refusal, autocomplete, nameRule, passwordRule }: CredentialsProps) => (
  <>
    {refusal ? <Problem>{refusal.message}</Problem> : null}
    <input type="hidden" name="next" value={form.next} />
    <div class="field">
      <label for="name">Name</label>
      <input
        id="name"
        name="name"
        value={form.name}
        autocomplete="username"
        autocapitalize="none"
        {...(autocomplete === "new-password"
          ? { minlength: MIN_NAME_LENGTH, maxlength: MAX_NAME_LENGTH }
          : {})}
        aria-describedby={nameRule && "name-rule"}
        required
      />
      {nameRule ? <small id="name-rule">{nameRule}</small> : null}
    </div>
    <PasswordField
      id="password"
      label="Password"
      autocomplete={autocomplete}
      rule={passwordRule}
      autofocus={autocomplete === "current-password" && form.name !== ""}
    />
  </>
);

interface PasswordFieldProps {
  id: string;
  label: string;
  autocomplete: "current-password" | "new-password";
  rule?: string | undefined;
  autofocus?: boolean;
}

/** Lengths are asked for only of a new password: an old one is what it is. */
const PasswordField = ({ id, label, autocomplete, rule, autofocus }: PasswordFieldProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    <input
      id={id}
      name={id}
      type="password"
      autocomplete={autocomplete}
      autofocus={autofocus}
      {...(autocomplete === "new-password"
        ? { minlength: MIN_PASSWORD_LENGTH, maxlength: MAX_PASSWORD_LENGTH }
        : {})}
      aria-describedby={rule && `${id}-rule`}
      required
    />
    {rule ? <small id={`${id}-rule`}>{rule}</small> : null}
  </div>
);

const PASSWORD_RULE = `At least ${MIN_PASSWORD_LENGTH} characters. A few random words are easy to remember and hard to guess.`;

const withNext = (path: string, { next }: Form): string =>
  `${path}?${new URLSearchParams({ next })}`;

const refusalOptions = (refusal: AccountRefusal | undefined) =>
  refusal === undefined
    ? {}
    : {
        status: STATUS[refusal.code],
        headers:
          refusal.retryAfterSeconds === undefined
            ? {}
            : { "Retry-After": String(refusal.retryAfterSeconds) },
      };

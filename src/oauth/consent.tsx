/** The page on which a person allows an app, or not. */

import type { Context } from "hono";
import type { Account } from "../accounts/accounts";
import type { Scope } from "../core/scope";
import { isLoopback } from "../http/hosts";
import { page } from "../http/page";
import { type ConnectedApp, describeScopes } from "./grants";
import type { AuthorizationRequest } from "./request";

/** How long a person can allow an app: the choices of the form, in days; null: no end. */
export const DURATIONS = {
  month: { days: 30, label: "for 30 days" },
  year: { days: 365, label: "for a year" },
  always: { days: null, label: "until I disconnect it" },
} as const;

type Duration = keyof typeof DURATIONS;

export const isDuration = (text: string): text is Duration => Object.hasOwn(DURATIONS, text);

/** Name of the form field that holds the level of a scope. */
export const levelField = (scope: Scope): string => `level:${scope.module}`;

/**
 * Asks whether the app, shown by its origin, may have what it asks for; says so if it is connected. Its form goes back to the
 * URL of the page, so that the request is read anew from there.
 */
export function consentPage(
  c: Context,
  { redirectUri, scopes, flow }: AuthorizationRequest,
  person: Account,
  address: string,
  connected: ConnectedApp | undefined,
): Response | Promise<Response> {
  const { origin } = redirectUri;
  const isLocal = isLoopback(new URL(origin).hostname);
  // An app of the implicit flow cannot renew its access: at the end the person has to come again.
  const usual: Duration = flow === "implicit" ? "always" : "year";
  return page(
    c,
    { title: "Connect an app", person, app: origin },
    <form method="post" class="card">
      <h1>
        <span class="origin">{origin}</span> <span>asks for access to your storage</span>
      </h1>
      {isLocal ? (
        <p class="warning">
          This app runs on your own computer. Go on only if you have started it yourself.
        </p>
      ) : null}
      {connected ? (
        <p>
          It is connected already: {describeScopes(connected.scopes)}. What you allow here comes on
          top; to take something away, disconnect it on your <a href="/">home page</a> first.
        </p>
      ) : null}
      <ul class="list">
        {scopes.map((scope) => (
          <ScopeItem scope={scope} />
        ))}
      </ul>
      <div class="field">
        <label for="duration">Allow this</label>
        <select id="duration" name="duration">
          {Object.entries(DURATIONS).map(([value, { label }]) => (
            <option value={value} selected={value === usual}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <p class="faint">
        The data stays in your storage <strong>{address}</strong>. You can disconnect the app at any
        time on your <a href="/">home page</a>.
      </p>
      <p class="row">
        <button type="submit" name="decision" value="allow">
          Allow
        </button>
        <button type="submit" name="decision" value="deny" class="quiet">
          Deny
        </button>
      </p>
    </form>,
  );
}

const ScopeItem = ({ scope }: { scope: Scope }) => {
  const name = scope.module === "*" ? "Everything in your storage" : scope.module;
  const explanation = scope.module === "*" ? EVERYTHING : explain(scope);
  return (
    <li>
      {scope.level === "rw" ? (
        <>
          <label for={levelField(scope)}>
            {name}
            <small>{explanation}</small>
          </label>
          <select id={levelField(scope)} name={levelField(scope)}>
            <option value="rw">read and change</option>
            <option value="r">read only</option>
          </select>
        </>
      ) : (
        <>
          <div>
            <strong>{name}</strong>
            <small>{explanation}</small>
          </div>
          <span>read only</span>
        </>
      )}
      {scope.module === "*" ? (
        <p class="warning">
          That includes what all your other apps keep there. Few apps need this much.
        </p>
      ) : null}
    </li>
  );
};

const EVERYTHING = "All documents of all your apps, private and public";

const explain = ({ module, level }: Scope): string => {
  const documents = `Your documents in “${module}”, private and public`;
  return level === "rw"
    ? `${documents}. What it makes public can be read by anyone who has the link.`
    : documents;
};

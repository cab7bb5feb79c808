/** The page on which a person allows an app, or not. */

import type { Context } from "hono";
import type { Account } from "../../accounts/accounts";
import { isLoopback } from "../../http/hosts";
import { languageOf, messagesFor } from "../../ui/language";
import { ErrorMessage, renderPage, SentenceWithLink } from "../../ui/layout";
import type { AuthorizationRequest } from "../authorization-request";
import type { Duration, InvalidConsent } from "../consent-answer";
import { type ConnectedApp, describeScopes } from "../grants";
import { OAUTH_MESSAGES } from "../messages";
import { ConsentButtons, DurationField, ScopeList } from "./consent-fields";

/** What the page is about. */
export interface ConsentPageProps {
  request: AuthorizationRequest;
  person: Account;
  address: string;
  /** The app as it is connected already, if it is. */
  connected: ConnectedApp | undefined;
  /** Whether the person has ever allowed this app anything, as far as we remember. */
  isKnown: boolean;
}

/**
 * Asks whether the app, shown by its origin, may have what it asks for; says so if it is connected.
 * Its form goes back to the URL of the page, so that the request is read anew from there.
 * `unsound` is the answer before, if it could not be taken: what was chosen stays chosen.
 */
export function consentPage(
  c: Context,
  { request, person, address, connected, isKnown }: ConsentPageProps,
  unsound?: InvalidConsent,
): Response | Promise<Response> {
  const { redirectUri, scopes, flow } = request;
  const { origin } = redirectUri;
  const words = messagesFor(c, OAUTH_MESSAGES);
  // An app of the implicit flow cannot renew its access: at the end the person has to come again.
  const usual: Duration = flow === "implicit" ? "always" : "year";
  return renderPage(
    c,
    { title: words.connect, person, app: origin, ...(unsound ? { status: 400 } : {}) },
    <form method="post" class="card">
      <h1>
        <span class="origin">
          <Icon origin={origin} />
          {origin}
        </span>{" "}
        <span>{words.asks}</span>
      </h1>
      {unsound ? <ErrorMessage>{words.problems[unsound.problem]}</ErrorMessage> : null}
      {warningsOf(origin, isKnown, words).map((warning) => (
        <p class="warning">{warning}</p>
      ))}
      {connected ? (
        <p>
          {words.connected(describeScopes(connected.scopes, languageOf(c)))}{" "}
          <SentenceWithLink words={words.takeAway} href="/apps" />
        </p>
      ) : null}
      <ScopeList scopes={scopes} words={words} chosen={unsound?.form} />
      <DurationField usual={unsound?.form.get("duration") ?? usual} words={words} />
      <ConsentButtons address={address} words={words} />
    </form>,
  );
}

/**
 * Says nothing that the origin does not say: any app can have any icon. Without a size of its own, so
 * that nothing is left where there is none. Not asked of this computer, for which browsers would ask
 * the person's leave.
 */
const Icon = ({ origin }: { origin: string }) =>
  isLoopback(new URL(origin).hostname) ? null : (
    <img src={`${origin}/favicon.ico`} alt="" referrerpolicy="no-referrer" />
  );

function warningsOf(
  origin: string,
  isKnown: boolean,
  words: (typeof OAUTH_MESSAGES)["en"],
): string[] {
  const { hostname } = new URL(origin);
  const isLookalike = hostname.split(".").some((label) => label.startsWith("xn--"));
  return [
    isLoopback(hostname) ? words.local : null,
    isLookalike ? words.lookalike : null,
    isKnown ? null : words.notYet,
  ].filter((warning) => warning !== null);
}

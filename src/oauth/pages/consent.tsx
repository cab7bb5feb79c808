/** The consent page, on which a user allows or denies an app access. */

import type { Context } from "hono";
import type { Account } from "../../accounts/accounts";
import type { HandlerResponse } from "../../http/context";
import { ErrorMessage } from "../../ui/error-message";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { type AppIdentity, type AppKind, appKind } from "../app-identity";
import type { AuthorizationRequest } from "../authorization-request";
import type { ConnectedApp } from "../connected-apps";
import type { Duration, InvalidConsent } from "../consent-form";
import { OAUTH_MESSAGES, type OAuthMessages } from "../messages";
import { describeScopes } from "../scope-description";
import { ConsentButtons, DurationField, ScopeList } from "./consent-fields";

interface ConsentPageProps {
  request: AuthorizationRequest;
  user: Account;
  /** The user's address. */
  address: string;
  /** The app, if it is connected already. */
  connected: ConnectedApp | undefined;
  /** Whether the user has ever allowed this app anything, as far back as the activity log goes. */
  isKnown: boolean;
}

/**
 * Asks whether to allow the app, shown by its origin, the requested scopes. The form is posted to the
 * URL of the page, from which the request is parsed again. With an `invalid` form the page says what
 * is wrong and keeps the choices.
 */
export function consentPage(
  c: Context,
  { request, user, address, connected, isKnown }: ConsentPageProps,
  invalid?: InvalidConsent,
): HandlerResponse {
  const { app, scopes, challenge } = request;
  const { origin } = app;
  const isSite = appKind(origin) === "web";
  const messages = messagesFor(c, OAUTH_MESSAGES);
  // An app cannot renew its access in the implicit flow: once it has expired, the user has to consent
  // again.
  const defaultDuration: Duration = challenge === null ? "always" : "year";
  return renderPage(
    c,
    {
      title: messages.title,
      user,
      ...(isSite ? { app: origin } : {}),
      ...(invalid ? { status: 400 } : {}),
    },
    <form method="post" class="card">
      <h1>
        <span class="origin">
          {isSite ? <AppIcon origin={origin} /> : null}
          {origin}
        </span>{" "}
        <span>{messages.wantsAccess}</span>
      </h1>
      {invalid ? <ErrorMessage>{messages.problems[invalid.problem]}</ErrorMessage> : null}
      {warningsAbout(app, isKnown, messages).map((warning) => (
        <p class="warning">{warning}</p>
      ))}
      {connected ? (
        <p>
          {messages.connected(describeScopes(connected.scopes, languageOf(c)))}{" "}
          <SentenceWithLink parts={messages.removeAccess} href="/apps" />
        </p>
      ) : null}
      <ScopeList scopes={scopes} messages={messages} form={invalid?.form} />
      <p class="muted">{messages.narrowing}</p>
      <DurationField
        messages={messages}
        selected={invalid?.form.get("duration") ?? defaultDuration}
      />
      <ConsentButtons address={address} messages={messages} />
    </form>,
  );
}

/**
 * The app's favicon, which proves nothing: any app can have any icon. It has no fixed size, so that
 * it leaves no gap if it cannot be loaded. Of sites only: for what runs on this computer, browsers
 * would ask for permission to access the local network.
 */
const AppIcon = ({ origin }: { origin: string }) => (
  <img src={`${origin}/favicon.ico`} alt="" referrerpolicy="no-referrer" />
);

const KIND_WARNINGS: Record<AppKind, "local" | "program" | "extension" | null> = {
  web: null,
  loopback: "local",
  program: "program",
  extension: "extension",
};

function warningsAbout(
  { origin, label }: AppIdentity,
  isKnown: boolean,
  messages: OAuthMessages,
): string[] {
  const kindWarning = KIND_WARNINGS[appKind(origin)];
  const isPunycode = new URL(origin).hostname.split(".").some((label) => label.startsWith("xn--"));
  return [
    kindWarning && messages[kindWarning],
    label === null ? null : messages.unverified(label),
    isPunycode ? messages.lookalike : null,
    isKnown ? null : messages.firstTime,
  ].filter((warning) => warning !== null);
}

/** The pages that create and show a personal access token. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { OAUTH_MESSAGES } from "../../oauth/messages";
import { DurationField } from "../../oauth/pages/consent-fields";
import { CopyableText } from "../../ui/copy-button";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { APP_MESSAGES } from "../messages";

/** The values that the form is filled in with. */
export interface TokenForm {
  name: string;
  /** Names of modules, as the user typed them. */
  write: string;
  read: string;
  duration: string;
}

type TokenProblem = keyof (typeof APP_MESSAGES)["en"]["tokens"]["problems"];

export const MAX_TOKEN_NAME_LENGTH = 50;

/** The form for a new token; with 400 if it has a problem. */
export function createTokenPage(
  c: HonoContext,
  user: Account,
  form: TokenForm,
  problem?: TokenProblem,
): HandlerResponse {
  const messages = messagesFor(c, APP_MESSAGES).tokens;
  return renderPage(
    c,
    { title: messages.title, user, ...(problem ? { status: 400 } : {}) },
    <form method="post" action="/apps/tokens" class="card">
      <h1>{messages.title}</h1>
      {problem ? <ErrorMessage>{messages.problems[problem]}</ErrorMessage> : null}
      <p>{messages.about}</p>
      <div class="field">
        <label for="name">{messages.name}</label>
        <input
          id="name"
          name="name"
          value={form.name}
          maxlength={MAX_TOKEN_NAME_LENGTH}
          autocomplete="off"
          aria-describedby="name-rule"
          required
        />
        <small id="name-rule">{messages.nameRule}</small>
      </div>
      {(["write", "read"] as const).map((field) => (
        <div class="field">
          <label for={field}>{messages[field]}</label>
          <input
            id={field}
            name={field}
            value={form[field]}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby="modules-rule"
          />
        </div>
      ))}
      <p class="muted" id="modules-rule">
        {messages.modulesRule}
      </p>
      <DurationField
        messages={messagesFor(c, OAUTH_MESSAGES)}
        label={messages.duration}
        selected={form.duration}
      />
      <p>
        <button type="submit">{messages.create}</button>
      </p>
    </form>,
  );
}

interface CreatedToken {
  name: string;
  token: string;
  /** A command that uses the token. */
  example: string;
  isFullAccess: boolean;
}

/** Shows a new token, once. */
export function tokenCreatedPage(
  c: HonoContext,
  user: Account,
  { name, token, example, isFullAccess }: CreatedToken,
): HandlerResponse {
  const messages = messagesFor(c, APP_MESSAGES).tokens;
  return renderPage(
    c,
    { title: messages.created, user, scripts: ["/copy.js"], isShownOnce: true },
    <section>
      <h1>
        {messages.created}: {name}
      </h1>
      <p class="note">{messages.once}</p>
      {isFullAccess ? <p class="warning">{messages.everything}</p> : null}
      <CopyableText c={c} id="token" text={token} />
      <h2>{messages.example}</h2>
      <CopyableText c={c} id="example" text={example} />
      <p class="muted">
        <SentenceWithLink parts={messages.revoke} href="/apps" />
      </p>
    </section>,
  );
}

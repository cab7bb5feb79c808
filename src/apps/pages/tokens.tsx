/** The pages on which a person makes a token by hand. */

import type { Context } from "hono";
import type { Account } from "../../accounts/accounts";
import { OAUTH_MESSAGES as OAUTH_WORDS } from "../../oauth/messages";
import { DurationField } from "../../oauth/pages/consent-fields";
import { messagesFor } from "../../ui/language";
import { Copyable, ErrorMessage, renderPage, SentenceWithLink } from "../../ui/layout";
import { APP_MESSAGES } from "../messages";

/** What the form is filled in with. */
export interface TokenForm {
  name: string;
  /** Names of modules, as they were typed. */
  write: string;
  read: string;
  duration: string;
}

type TokenProblem = keyof (typeof APP_MESSAGES)["en"]["tokens"]["problems"];

export const MAX_TOKEN_NAME_LENGTH = 50;

/** Asks what the token is for. */
export function tokenPage(
  c: Context,
  person: Account,
  form: TokenForm,
  problem?: TokenProblem,
): Response | Promise<Response> {
  const words = messagesFor(c, APP_MESSAGES).tokens;
  return renderPage(
    c,
    { title: words.title, person, ...(problem ? { status: 400 } : {}) },
    <form method="post" action="/apps/tokens" class="card">
      <h1>{words.title}</h1>
      {problem ? <ErrorMessage>{words.problems[problem]}</ErrorMessage> : null}
      <p>{words.about}</p>
      <div class="field">
        <label for="name">{words.name}</label>
        <input
          id="name"
          name="name"
          value={form.name}
          maxlength={MAX_TOKEN_NAME_LENGTH}
          autocomplete="off"
          aria-describedby="name-rule"
          required
        />
        <small id="name-rule">{words.nameRule}</small>
      </div>
      {(["write", "read"] as const).map((field) => (
        <div class="field">
          <label for={field}>{words[field]}</label>
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
      <p class="faint" id="modules-rule">
        {words.modulesRule}
      </p>
      <DurationField
        words={messagesFor(c, OAUTH_WORDS)}
        label={words.lasts}
        usual={form.duration}
      />
      <p>
        <button type="submit">{words.make}</button>
      </p>
    </form>,
  );
}

/** Shows a token that was just made: never again after that. */
export function madeTokenPage(
  c: Context,
  person: Account,
  made: { name: string; token: string; example: string; isAll: boolean },
): Response | Promise<Response> {
  const words = messagesFor(c, APP_MESSAGES).tokens;
  return renderPage(
    c,
    { title: words.made, person, scripts: ["/copy.js"], once: true },
    <section>
      <h1>
        {words.made}: {made.name}
      </h1>
      <p class="note">{words.once}</p>
      {made.isAll ? <p class="warning">{words.everything}</p> : null}
      <Copyable c={c} id="token" text={made.token} />
      <h2>{words.example}</h2>
      <Copyable c={c} id="example" text={made.example} />
      <p class="faint">
        <SentenceWithLink words={words.revoke} href="/apps" />
      </p>
    </section>,
  );
}

/** The question before somebody deletes their account, and the good-bye. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { Usage } from "../../storage/usage";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** Why the account was not deleted: another name was typed, or nobody would be left to administer. */
export type DeletionProblem = "wrong-name" | "last-administrator";

/** Asks for the name, and says what goes and what stays. */
export function questionPage(
  c: HonoContext,
  account: Account,
  usage: Usage,
  problem?: DeletionProblem,
): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).deletion;
  const language = languageOf(c);
  const documents = formatCount(language, usage.documents);
  const status = problem === "last-administrator" ? 409 : 400;
  return renderPage(
    c,
    { title: words.title, person: account, ...(problem ? { status } : {}) },
    <ConfirmForm
      c={c}
      title={words.title}
      text={words.question}
      problem={problem && words.problems[problem](account.name)}
      button={words.delete}
      isDangerous
      back="/settings"
      cancel={words.cancel}
    >
      <ul>
        {words.goes(documents, formatBytes(language, usage.usedBytes)).map((what) => (
          <li>{what}</li>
        ))}
      </ul>
      <p>{words.stays}</p>
      <p>
        {words.exportFirst} <a href="/data#export">{words.export}</a>
      </p>
      <div class="field">
        <label for="name">{words.typeName(account.name)}</label>
        <input id="name" name="name" autocomplete="off" autocapitalize="none" required />
      </div>
    </ConfirmForm>,
  );
}

/** What somebody sees whose account is deleted. */
export function goodbyePage(c: HonoContext): HandlerResponse {
  const { title, sentence } = messagesFor(c, DASHBOARD_MESSAGES).deletion.done;
  return renderPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p class="note">{sentence}</p>
    </section>,
  );
}

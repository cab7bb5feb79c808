/** The pages of account deletion: the confirmation before, and the message after. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { Usage } from "../../storage/usage";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** Why the account was not deleted: the name is wrong, or no administrator would be left. */
export type DeletionProblem = "wrong-name" | "last-administrator";

/** Says what is deleted and what is kept, and asks for the name as confirmation. */
export function confirmDeletionPage(
  c: HonoContext,
  account: Account,
  usage: Usage,
  problem?: DeletionProblem,
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).deletion;
  const language = languageOf(c);
  const documents = formatCount(language, usage.documents);
  const status = problem === "last-administrator" ? 409 : 400;
  return renderPage(
    c,
    { title: messages.title, user: account, ...(problem ? { status } : {}) },
    <ConfirmForm
      c={c}
      title={messages.title}
      text={messages.warning}
      error={problem && messages.problems[problem](account.name)}
      submitText={messages.delete}
      isDangerous
      cancelHref="/settings"
      cancelText={messages.cancel}
    >
      <ul>
        {messages
          .deleted(documents, formatBytes(language, usage.usedBytes - usage.indexBytes))
          .map((item) => (
            <li>{item}</li>
          ))}
      </ul>
      <p>{messages.kept}</p>
      <p>
        {messages.exportFirst} <a href="/transfer/export">{messages.export}</a>
      </p>
      <div class="field">
        <label for="name">{messages.typeName(account.name)}</label>
        <input id="name" name="name" autocomplete="off" autocapitalize="none" required />
      </div>
    </ConfirmForm>,
  );
}

/** Says that the account is deleted. */
export function accountDeletedPage(c: HonoContext): HandlerResponse {
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

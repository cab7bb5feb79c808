/** The list of accounts, the page of one account, and the forms of its actions. */

import type { Child } from "hono/jsx";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { CopyableText } from "../../ui/copy-button";
import { Facts } from "../../ui/facts";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { CalendarDate } from "../../ui/time";
import { type AccountAction, availableActions } from "../account-actions";
import { ACCOUNT_STATES, type AccountQuery, type AccountSummary } from "../accounts";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage, QuotaField } from "./layout";

/** Shows a page of the accounts that match the query. `nameInput` is the search field as typed. */
export function accountsPage(
  c: HonoContext,
  nameInput: string,
  { state: selected }: AccountQuery,
  { items: accounts, next }: ListPage<AccountSummary>,
): HandlerResponse {
  const { accounts: messages, nav } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: nav["/admin/accounts"] },
    <section>
      <h1>{nav["/admin/accounts"]}</h1>
      <form method="get" class="row">
        <div class="field">
          <label for="name">{messages.search}</label>
          <input id="name" name="name" value={nameInput} autocapitalize="none" autocomplete="off" />
        </div>
        <div class="field">
          <label for="state">{messages.filter}</label>
          <select id="state" name="state">
            {ACCOUNT_STATES.map((state) => (
              <option value={state} selected={state === selected}>
                {messages.states[state]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">{messages.find}</button>
      </form>
      {accounts.length === 0 ? (
        <p class="muted">{messages.noResults}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{messages.name}</th>
              <th scope="col">{messages.used}</th>
              <th scope="col" class="wide-only">
                {messages.quota}
              </th>
              <th scope="col" class="wide-only">
                {messages.lastSeen}
              </th>
              <th scope="col">{messages.status}</th>
            </tr>
          </thead>
          <tbody>
            {accounts.map((account) => (
              <AccountRow c={c} account={account} />
            ))}
          </tbody>
        </table>
      )}
      <NextPageLink c={c} next={next} />
      <p class="muted">{messages.privacyNote}</p>
    </section>,
  );
}

interface AccountProps {
  c: HonoContext;
  account: AccountSummary;
}

const AccountRow = ({ c, account }: AccountProps) => {
  const language = languageOf(c);
  return (
    <tr>
      <th scope="row">
        <a href={`/admin/accounts/${account.name}`}>{account.name}</a>
      </th>
      <td>{formatBytes(language, account.usedBytes)}</td>
      <td class="wide-only">{formatBytes(language, effectiveQuota(c, account))}</td>
      <td class="wide-only">{formatLastSeen({ c, account })}</td>
      <td>
        <Status c={c} account={account} />
      </td>
    </tr>
  );
};

const effectiveQuota = (c: HonoContext, { quotaBytes }: AccountSummary): number =>
  quotaBytes ?? settings(c.env).DEFAULT_QUOTA_BYTES;

const formatLastSeen = ({ c, account: { seenAt } }: AccountProps): Child =>
  seenAt === null ? (
    messagesFor(c, ADMIN_MESSAGES).accounts.never
  ) : (
    <CalendarDate c={c} at={seenAt} />
  );

const Status = ({ c, account: { suspendedAt, isAdmin } }: AccountProps) => {
  const { active, suspended, administrator } = messagesFor(c, ADMIN_MESSAGES).accounts;
  return (
    <>
      {suspendedAt === null ? active : suspended(<CalendarDate c={c} at={suspendedAt} />)}
      {isAdmin ? `, ${administrator}` : null}
    </>
  );
};

/** Shows one account, and the actions that are available for it. */
export function accountPage(c: HonoContext, account: AccountSummary): HandlerResponse {
  const { accounts: messages, accountActions, actionLabel } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const quota = formatBytes(language, effectiveQuota(c, account));
  const facts: [string, Child][] = [
    [messages.status, <Status c={c} account={account} />],
    [messages.used, formatBytes(language, account.usedBytes)],
    [messages.quota, account.quotaBytes === null ? messages.defaultQuota(quota) : quota],
    [messages.documents, formatCount(language, account.documents)],
    [messages.created, <CalendarDate c={c} at={account.createdAt} />],
    [messages.lastSeen, formatLastSeen({ c, account })],
  ];
  return adminPage(
    c,
    { title: account.name },
    <>
      <section>
        <h1>{account.name}</h1>
        <Facts facts={facts} />
        <p class="muted">{messages.privacyNote}</p>
      </section>
      <section>
        <h2>{messages.actions}</h2>
        <ul class="list">
          {availableActions(account, c.var.session.account).map((action) => (
            <li>
              <div>{accountActions[action].text}</div>
              <a
                class={action === "delete" ? "button danger" : "button secondary"}
                href={`/admin/accounts/${account.name}/${action}`}
                aria-label={actionLabel(accountActions[action].button, account.name)}
              >
                {accountActions[action].button}
              </a>
            </li>
          ))}
        </ul>
      </section>
    </>,
  );
}

/** The value of a field that was refused, and the error message. */
interface RejectedInput {
  error: string;
  value: string;
}

/** Asks for confirmation of an action on an account. */
export function confirmActionPage(
  c: HonoContext,
  account: AccountSummary,
  action: AccountAction,
  rejected?: RejectedInput,
): HandlerResponse {
  const messages = messagesFor(c, ADMIN_MESSAGES);
  const { title, text, button } = messages.accountActions[action];
  return adminPage(
    c,
    { title: title(account.name), status: rejected ? 400 : 200 },
    <ConfirmForm
      c={c}
      title={title(account.name)}
      text={text}
      submitText={button}
      isDangerous={action === "delete" || action === "suspend"}
      error={rejected?.error}
      cancelHref={`/admin/accounts/${account.name}`}
    >
      {action === "quota" ? (
        <QuotaField c={c} value={rejected?.value ?? formatQuotaInput(account.quotaBytes)} />
      ) : null}
      {action === "delete" ? (
        <div class="field">
          <label for="name">{messages.confirmName(account.name)}</label>
          <input
            id="name"
            name="name"
            value={rejected?.value ?? ""}
            autocomplete="off"
            autocapitalize="none"
            required
          />
        </div>
      ) : null}
    </ConfirmForm>,
  );
}

/** The quota exactly, in a form that `parseByteSize` reads; "" for the default. */
function formatQuotaInput(bytes: number | null): string {
  if (bytes === null) return "";
  const units = ["TB", "GB", "MB", "KB"];
  const index = units.findIndex((_, i) => bytes > 0 && bytes % 1000 ** (units.length - i) === 0);
  return index === -1 ? `${bytes}` : `${bytes / 1000 ** (units.length - index)} ${units[index]}`;
}

/** Shows a new reset link, once. */
export function resetLinkCreatedPage(
  c: HonoContext,
  account: AccountSummary,
  link: string,
): HandlerResponse {
  const messages = messagesFor(c, ADMIN_MESSAGES);
  const title = messages.resetLink.title(account.name);
  return adminPage(
    c,
    { title, scripts: ["/copy.js"], isShownOnce: true },
    <section>
      <h1>{title}</h1>
      <CopyableText c={c} id="link" text={link} />
      <p>{messages.resetLink.text}</p>
      <p>
        <a href={`/admin/accounts/${account.name}`}>{messages.accounts.backToAccount}</a>
      </p>
    </section>,
  );
}

/** The list of accounts, one of them, and the questions before something is done with it. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount, formatDate } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { Copyable } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import {
  ACCOUNT_STATES,
  type AccountAct,
  type AccountQuery,
  type AccountSummary,
  possibleActs,
} from "../accounts";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage, QuotaField } from "./layout";

/** A page of those that were asked for. `typed`: the name as it was. */
export function accountsPage(
  c: HonoContext,
  typed: string,
  { state }: AccountQuery,
  { items: accounts, next }: ListPage<AccountSummary>,
): HandlerResponse {
  const { accounts: words, nav } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: nav["/admin/accounts"] },
    <section>
      <h1>{nav["/admin/accounts"]}</h1>
      <form method="get" class="row">
        <div class="field">
          <label for="name">{words.search}</label>
          <input id="name" name="name" value={typed} autocapitalize="none" autocomplete="off" />
        </div>
        <div class="field">
          <label for="state">{words.show}</label>
          <select id="state" name="state">
            {ACCOUNT_STATES.map((one) => (
              <option value={one} selected={one === state}>
                {words.states[one]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">{words.find}</button>
      </form>
      {accounts.length === 0 ? (
        <p class="faint">{words.nobody}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.name}</th>
              <th scope="col">{words.used}</th>
              <th scope="col" class="extra">
                {words.quota}
              </th>
              <th scope="col" class="extra">
                {words.seen}
              </th>
              <th scope="col">{words.state}</th>
            </tr>
          </thead>
          <tbody>
            {accounts.map((account) => (
              <Row c={c} account={account} />
            ))}
          </tbody>
        </table>
      )}
      <NextPageLink c={c} next={next} />
      <p class="faint">{words.blind}</p>
    </section>,
  );
}

const Row = ({ c, account }: { c: HonoContext; account: AccountSummary }) => {
  const words = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  return (
    <tr>
      <th scope="row">
        <a href={`/admin/accounts/${account.name}`}>{account.name}</a>
      </th>
      <td>{formatBytes(language, account.usedBytes)}</td>
      <td class="extra">{formatBytes(language, quotaOf(c, account))}</td>
      <td class="extra">
        {account.seenAt === null ? words.never : formatDate(language, account.seenAt)}
      </td>
      <td>{stateOf(c, account)}</td>
    </tr>
  );
};

const quotaOf = (c: HonoContext, { quotaBytes }: AccountSummary): number =>
  quotaBytes ?? settings(c.env).DEFAULT_QUOTA_BYTES;

function stateOf(c: HonoContext, { suspendedAt, isAdmin }: AccountSummary): string {
  const { accounts: words } = messagesFor(c, ADMIN_MESSAGES);
  const state =
    suspendedAt === null
      ? words.active
      : words.suspendedSince(formatDate(languageOf(c), suspendedAt));
  return isAdmin ? `${state}, ${words.administrator}` : state;
}

/** One account, and what can be done with it. */
export function accountPage(c: HonoContext, account: AccountSummary): HandlerResponse {
  const { accounts: words, questions, actOnAccount, never } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const quota = formatBytes(language, quotaOf(c, account));
  const facts: [string, string][] = [
    [words.state, stateOf(c, account)],
    [words.used, formatBytes(language, account.usedBytes)],
    [words.quota, account.quotaBytes === null ? words.ofProvider(quota) : quota],
    [words.documents, formatCount(language, account.documents)],
    [words.since, formatDate(language, account.createdAt)],
    [words.seen, account.seenAt === null ? never : formatDate(language, account.seenAt)],
  ];
  return adminPage(
    c,
    { title: account.name },
    <>
      <section>
        <h1>{account.name}</h1>
        <dl class="pairs">
          {facts.map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
        <p class="faint">{words.blind}</p>
      </section>
      <section>
        <h2>{words.acts}</h2>
        <ul class="list">
          {possibleActs(account, c.var.session.account).map((act) => (
            <li>
              <div>{questions[act].text}</div>
              <a
                class={act === "delete" ? "button danger" : "button quiet"}
                href={`/admin/accounts/${account.name}/${act}`}
                aria-label={actOnAccount(questions[act].button, account.name)}
              >
                {questions[act].button}
              </a>
            </li>
          ))}
        </ul>
      </section>
    </>,
  );
}

/** What was wrong with a form, and what stood in it. */
interface Wrong {
  sentence: string;
  value: string;
}

/** Asks before something is done with an account. */
export function questionPage(
  c: HonoContext,
  account: AccountSummary,
  act: AccountAct,
  wrong?: Wrong,
): HandlerResponse {
  const words = messagesFor(c, ADMIN_MESSAGES);
  const { title, text, button } = words.questions[act];
  return adminPage(
    c,
    { title: title(account.name), status: wrong ? 400 : 200 },
    <ConfirmForm
      c={c}
      title={title(account.name)}
      text={text}
      button={button}
      isDangerous={act === "delete" || act === "suspend"}
      problem={wrong?.sentence}
      back={`/admin/accounts/${account.name}`}
    >
      {act === "quota" ? (
        <QuotaField c={c} value={wrong?.value ?? quotaText(account.quotaBytes)} />
      ) : null}
      {act === "delete" ? (
        <div class="field">
          <label for="name">{words.deleteName(account.name)}</label>
          <input
            id="name"
            name="name"
            value={wrong?.value ?? ""}
            autocomplete="off"
            autocapitalize="none"
            required
          />
        </div>
      ) : null}
    </ConfirmForm>,
  );
}

/** As `parseBytes` reads it, exactly. */
function quotaText(bytes: number | null): string {
  if (bytes === null) return "";
  const units = ["TB", "GB", "MB", "KB"];
  const index = units.findIndex((_, i) => bytes > 0 && bytes % 1000 ** (units.length - i) === 0);
  return index === -1 ? `${bytes}` : `${bytes / 1000 ** (units.length - index)} ${units[index]}`;
}

/** Shows a link that is shown only now. */
export function resetLinkPage(
  c: HonoContext,
  account: AccountSummary,
  link: string,
): HandlerResponse {
  const words = messagesFor(c, ADMIN_MESSAGES);
  const title = words.resetLink.title(account.name);
  return adminPage(
    c,
    { title, scripts: ["/copy.js"], once: true },
    <section>
      <h1>{title}</h1>
      <Copyable c={c} id="link" text={link} />
      <p>{words.resetLink.text}</p>
      <p>
        <a href={`/admin/accounts/${account.name}`}>{words.accounts.toAccount}</a>
      </p>
    </section>,
  );
}

/** The list of accounts, one of them, and the questions before something is done with it. */

import { settings } from "../../env";
import type { Answer, AppContext } from "../../http/context";
import { QuestionForm } from "../../ui/confirm-form";
import { formatBytes, formatCount, formatDay } from "../../ui/format";
import { Copyable } from "../../ui/layout";
import { languageOf, wordsOf } from "../../ui/locale";
import { type ListPage, NextPage } from "../../ui/paging";
import {
  ACCOUNT_STATES,
  type AccountAct,
  type AccountQuery,
  type AccountSummary,
  possibleActs,
} from "../accounts";
import { WORDS } from "../messages";
import { adminPage, QuotaField } from "./layout";

/** A page of those that were asked for. `typed`: the name as it was. */
export function accountsPage(
  c: AppContext,
  typed: string,
  { state }: AccountQuery,
  { items: accounts, next }: ListPage<AccountSummary>,
): Answer {
  const { accounts: words, nav } = wordsOf(c, WORDS);
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
      <NextPage c={c} next={next} />
      <p class="faint">{words.blind}</p>
    </section>,
  );
}

const Row = ({ c, account }: { c: AppContext; account: AccountSummary }) => {
  const words = wordsOf(c, WORDS);
  const language = languageOf(c);
  return (
    <tr>
      <th scope="row">
        <a href={`/admin/accounts/${account.name}`}>{account.name}</a>
      </th>
      <td>{formatBytes(language, account.usedBytes)}</td>
      <td class="extra">{formatBytes(language, quotaOf(c, account))}</td>
      <td class="extra">
        {account.seenAt === null ? words.never : formatDay(language, account.seenAt)}
      </td>
      <td>{stateOf(c, account)}</td>
    </tr>
  );
};

const quotaOf = (c: AppContext, { quotaBytes }: AccountSummary): number =>
  quotaBytes ?? settings(c.env).DEFAULT_QUOTA_BYTES;

function stateOf(c: AppContext, { suspendedAt, isAdmin }: AccountSummary): string {
  const { accounts: words } = wordsOf(c, WORDS);
  const state =
    suspendedAt === null
      ? words.active
      : words.suspendedSince(formatDay(languageOf(c), suspendedAt));
  return isAdmin ? `${state}, ${words.administrator}` : state;
}

/** One account, and what can be done with it. */
export function accountPage(c: AppContext, account: AccountSummary): Answer {
  const { accounts: words, questions, actOnAccount, never } = wordsOf(c, WORDS);
  const language = languageOf(c);
  const quota = formatBytes(language, quotaOf(c, account));
  const facts: [string, string][] = [
    [words.state, stateOf(c, account)],
    [words.used, formatBytes(language, account.usedBytes)],
    [words.quota, account.quotaBytes === null ? words.ofProvider(quota) : quota],
    [words.documents, formatCount(language, account.documents)],
    [words.since, formatDay(language, account.createdAt)],
    [words.seen, account.seenAt === null ? never : formatDay(language, account.seenAt)],
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
  c: AppContext,
  account: AccountSummary,
  act: AccountAct,
  wrong?: Wrong,
): Answer {
  const words = wordsOf(c, WORDS);
  const { title, text, button } = words.questions[act];
  return adminPage(
    c,
    { title: title(account.name), status: wrong ? 400 : 200 },
    <QuestionForm
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
    </QuestionForm>,
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
export function resetLinkPage(c: AppContext, account: AccountSummary, link: string): Answer {
  const words = wordsOf(c, WORDS);
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

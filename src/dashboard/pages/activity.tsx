/** What happened in an account, in sentences. */

import type { Account } from "../../accounts/accounts";
import type { Entry } from "../../accounts/activity";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatDateTime, formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { sayDeed } from "../activity-messages";
import { DASHBOARD_MESSAGES } from "../messages";

/** A page of the log, as a table. */
export function activityPage(
  c: HonoContext,
  account: Account,
  { items: entries, isFirst, next }: ListPage<Entry>,
): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).activity;
  const language = languageOf(c);
  const days = formatDays(language, settings(c.env).ACTIVITY_DAYS);
  return renderPage(
    c,
    { title: words.title, person: account },
    <section>
      <h1>{words.title}</h1>
      <p>{words.what(days)}</p>
      <p class="faint">
        {words.ifNotYou} <a href="/security">{words.security}</a>.
      </p>
      {entries.length === 0 ? (
        <p>{words.nothing}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.time}</th>
              <th scope="col">{words.deed}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ at, deed }) => (
              <tr>
                <td>
                  <time datetime={new Date(at).toISOString()}>{formatDateTime(language, at)}</time>
                </td>
                <td>{sayDeed(language, deed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isFirst ? null : (
        <p>
          <a href="/activity">{words.newest}</a>
        </p>
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

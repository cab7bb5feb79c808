/** The activity page: what happened in the account. */

import type { Account } from "../../accounts/accounts";
import type { ActivityEntry } from "../../accounts/activity";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { DateTime } from "../../ui/time";
import { describeActivity } from "../activity-messages";
import { DASHBOARD_MESSAGES } from "../messages";

/** Shows a page of the activity log as a table. */
export function activityPage(
  c: HonoContext,
  account: Account,
  { items: entries, isFirst, next }: ListPage<ActivityEntry>,
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).activity;
  const language = languageOf(c);
  const days = formatDays(language, settings(c.env).ACTIVITY_DAYS);
  return renderPage(
    c,
    { title: messages.title, user: account },
    <section>
      <h1>{messages.title}</h1>
      <p>{messages.about(days)}</p>
      <p class="muted">
        <SentenceWithLink parts={messages.notYou} href="/security" />
      </p>
      {entries.length === 0 ? (
        <p>{messages.empty}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{messages.time}</th>
              <th scope="col">{messages.event}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ at, event }) => (
              <tr>
                <td>
                  <DateTime c={c} at={at} />
                </td>
                <td>{describeActivity(language, event)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isFirst ? null : (
        <p>
          <a href="/activity">{messages.toNewest}</a>
        </p>
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

/** What administrators did, in sentences. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatBytes, formatDateTime, formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { type ListPage, NextPageLink } from "../../ui/paging";
import type { Act, LogEntry } from "../log";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** A page of the log. */
export function logPage(
  c: HonoContext,
  { items: entries, next }: ListPage<LogEntry>,
): HandlerResponse {
  const { nav, log: words } = messagesFor(c, ADMIN_MESSAGES);
  const title = nav["/admin/log"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{words.text(formatDays(languageOf(c), settings(c.env).ADMIN_LOG_DAYS))}</p>
      {entries.length === 0 ? (
        <p class="faint">{words.nothing}</p>
      ) : (
        <LogTable c={c} entries={entries} />
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const LogTable = ({ c, entries }: { c: HonoContext; entries: LogEntry[] }) => {
  const { log: words } = messagesFor(c, ADMIN_MESSAGES);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.when}</th>
          <th scope="col">{words.who}</th>
          <th scope="col">{words.what}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td>{formatDateTime(languageOf(c), entry.at)}</td>
            <td>{entry.admin}</td>
            <td>{sentenceOf(c, entry)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

function sentenceOf(c: HonoContext, { act, account }: LogEntry): string {
  const { acts, none } = messagesFor(c, ADMIN_MESSAGES);
  const quota = "quotaBytes" in act ? act.quotaBytes : null;
  const amount = quota === null ? null : formatBytes(languageOf(c), quota);
  // The kind picks the function that takes this very act.
  const words = acts[act.kind] as (act: Act, account: string, quota: string | null) => string;
  return words(act, account ?? none, amount);
}

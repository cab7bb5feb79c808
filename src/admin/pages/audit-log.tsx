/** The audit log page. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatBytes } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { DateTime } from "../../ui/time";
import type { AdminAction, AuditLogEntry } from "../admin-action";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** Shows a page of the audit log, with a sentence for each entry. */
export function auditLogPage(
  c: HonoContext,
  { items: entries, next }: ListPage<AuditLogEntry>,
): HandlerResponse {
  const { nav, auditLog: messages } = messagesFor(c, ADMIN_MESSAGES);
  const title = nav["/admin/log"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{messages.text(settings(c.env).ADMIN_LOG_DAYS)}</p>
      {entries.length === 0 ? (
        <p class="muted">{messages.none}</p>
      ) : (
        <AuditLogTable c={c} entries={entries} />
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const AuditLogTable = ({ c, entries }: { c: HonoContext; entries: AuditLogEntry[] }) => {
  const { auditLog: messages } = messagesFor(c, ADMIN_MESSAGES);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{messages.time}</th>
          <th scope="col">{messages.administrator}</th>
          <th scope="col">{messages.action}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td>
              <DateTime c={c} at={entry.at} />
            </td>
            <td>{entry.admin}</td>
            <td>{describeAction(c, entry)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

function describeAction(c: HonoContext, { action, account }: AuditLogEntry): string {
  const { logActions } = messagesFor(c, ADMIN_MESSAGES);
  const quotaBytes = "quotaBytes" in action ? action.quotaBytes : null;
  const quota = quotaBytes === null ? null : formatBytes(languageOf(c), quotaBytes);
  // TypeScript does not see that the message belongs to the kind of this very action.
  const describe = logActions[action.kind] as
    | ((action: AdminAction, account: string, quota: string | null) => string)
    | undefined;
  // An unknown kind was written by a newer version, before it was rolled back.
  return describe?.(action, account ?? "", quota) ?? action.kind;
}

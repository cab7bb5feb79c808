/** The page with the archives that the server makes of a large account. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { maxPartDocuments } from "../../storage/export/export";
import { formatArchiveQuery, type ServerArchivePart } from "../../transfer/server-archives";
import { formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** Lists the archives of an export that is too large for one. */
export function exportPartsPage(
  c: HonoContext,
  account: Account,
  parts: ServerArchivePart[],
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const count = (number: number) => formatCount(languageOf(c), number);
  return renderPage(
    c,
    { title: messages.parts, user: account },
    <section>
      <h1>{messages.parts}</h1>
      <p>{messages.inParts(count(maxPartDocuments(c.env)))}</p>
      <ol class="list">
        {parts.map((part, index) => (
          <li>
            <small>{partContent(c, part)}</small>
            <a
              class="button secondary"
              href={`/data/export?${formatArchiveQuery(part, index + 1)}`}
              download
            >
              {messages.downloadPart(count(index + 1))}
            </a>
          </li>
        ))}
      </ol>
      <p>
        <a href="/transfer/export">{messages.backToExport}</a>
      </p>
    </section>,
  );
}

/** Says what a part has. */
function partContent(c: HonoContext, { documents, databases }: ServerArchivePart): string {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  if (databases === null) return messages.partOfEverything;
  const sentences: string[] = [];
  if (documents !== null) {
    const { after } = documents;
    sentences.push(after === null ? messages.firstPart : messages.partStart(after));
  }
  if (databases.length > 0) {
    sentences.push(messages.partDatabases(databases.map(({ module }) => module).join(", ")));
  }
  return sentences.join(" ");
}

/** The page with the parts in which a large folder can be downloaded. */

import { formatPath, type NodePath } from "../../core/path";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { maxPartDocuments } from "../../storage/export/export";
import type { SubtreePart, SubtreeParts } from "../../storage/export/subtree-export";
import { filePagePath } from "../../tasks/task-paths";
import { formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { FILES_MESSAGES } from "../messages";
import { formatRowPosition } from "../queries";
import { Breadcrumbs } from "./item-name";

interface FolderPartsProps {
  c: HonoContext;
  node: NodePath;
  list: SubtreeParts;
  /** How many parts come before these. */
  before: number;
}

/** Renders the list of parts. */
export function folderPartsPage({ c, node, list, before }: FolderPartsProps): HandlerResponse {
  const messages = messagesFor(c, FILES_MESSAGES).archive;
  const count = (number: number) => formatCount(languageOf(c), number);
  return renderPage(
    c,
    { title: messages.title, user: c.var.session.account },
    <section>
      <Breadcrumbs c={c} node={node} />
      <h1>{messages.title}</h1>
      <p>{messages.inParts(count(maxPartDocuments(c.env)))}</p>
      <ol class="list">
        {list.parts.map((part, index) => (
          <li>
            <span>{messages.part(count(before + index + 1))}</span>
            <a class="button secondary" href={partQuery(part, before + index + 1)} download>
              {messages.download(count(before + index + 1))}
            </a>
          </li>
        ))}
      </ol>
      {list.next === null ? null : (
        <p>
          <a href={morePartsQuery(list, before)}>{messages.moreParts}</a>
        </p>
      )}
      <p>
        <a href={filePagePath(formatPath(node))}>{messages.back}</a>
      </p>
    </section>,
  );
}

function partQuery({ after, until }: SubtreePart, number: number): string {
  const query = new URLSearchParams({ view: "archive", part: String(number) });
  if (after !== null) query.set("after", formatRowPosition(after));
  if (until !== null) query.set("until", formatRowPosition(until));
  return `?${query}`;
}

function morePartsQuery({ parts, next }: SubtreeParts, before: number): string {
  const query = new URLSearchParams({ view: "parts", before: String(before + parts.length) });
  if (next !== null) query.set("after", formatRowPosition(next));
  return `?${query}`;
}

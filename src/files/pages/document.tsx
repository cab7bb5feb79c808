/** The page of a document: what it is, its content, and what can be done with it. */

import { encodePath, formatPath, isPublic, type NodePath } from "../../core/path";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, storageRoot } from "../../http/hosts";
import type { DocumentRow } from "../../storage/documents";
import { errorPage } from "../../ui/error-pages";
import { Facts } from "../../ui/facts";
import { formatBytes } from "../../ui/format";
import { ItemName, visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DateTime } from "../../ui/time";
import { previewElement, type ShownContent } from "../content";
import { isTextType } from "../content-kind";
import { FILES_MESSAGES } from "../messages";
import { ChangeForms } from "./change-forms";
import { ContentView } from "./content";
import { Breadcrumbs } from "./item-name";

interface DocumentPageProps {
  c: HonoContext;
  node: NodePath;
  row: DocumentRow;
  content: ShownContent;
  /** When it was modified where it was imported from, milliseconds since 1970; null: it is not known. */
  originalTime: number | null;
  /** Whether formatted content is shown as text. */
  asText: boolean;
  /** Whether the user has just saved it. */
  isSaved: boolean;
}

/** Renders the page of a document. */
export function documentPage(props: DocumentPageProps): HandlerResponse {
  const { c, node, row, content, originalTime, asText, isSaved } = props;
  const messages = messagesFor(c, FILES_MESSAGES).document;
  return renderPage(
    c,
    {
      title: visibleName(node.name),
      user: c.var.session.account,
      preview: previewElement(content),
    },
    <>
      <section>
        <Breadcrumbs c={c} node={node} />
        <h1>
          <ItemName name={node.name} />
        </h1>
        {isSaved ? (
          <p class="note" role="status">
            {messages.saved}
          </p>
        ) : null}
        <DocumentFacts c={c} node={node} row={row} originalTime={originalTime} />
        <DocumentLinks c={c} node={node} row={row} content={content} />
      </section>
      <section>
        <h2>{messages.content}</h2>
        <ContentView c={c} content={content} name={node.name} length={row.length} />
        {content.kind === "json" || content.kind === "csv" ? (
          <p>
            <a href="?view=text">{messages.showAsText}</a>
          </p>
        ) : null}
        {asText ? (
          <p>
            <a href={documentUrl(node)}>{messages.showFormatted}</a>
          </p>
        ) : null}
      </section>
      <section>
        <h2>{messages.change}</h2>
        <ChangeForms c={c} node={node} />
      </section>
    </>,
  );
}

const documentUrl = (node: NodePath): string => `/files${encodePath(formatPath(node))}`;

const DocumentFacts = ({
  c,
  node,
  row,
  originalTime,
}: Pick<DocumentPageProps, "c" | "node" | "row" | "originalTime">) => {
  const messages = messagesFor(c, FILES_MESSAGES).document;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const address = storageRoot(origins, c.var.session.account.name) + encodePath(formatPath(node));
  return (
    <Facts
      facts={[
        [messages.type, <ItemName name={row.type} />],
        [messages.size, formatBytes(languageOf(c), row.length)],
        [messages.modified, <DateTime c={c} at={row.modified} />],
        originalTime === null
          ? null
          : [messages.originalTime, <DateTime c={c} at={originalTime} />],
        isPublic(node) ? [messages.publicAddress, <PublicLink href={address} />] : null,
      ]}
    />
  );
};

/** To a document of the user's, which is not a page: so it is not for the window of the pages. */
const PublicLink = ({ href }: { href: string }) => (
  <a href={href} target="_blank" rel="noopener" download>
    {href}
  </a>
);

const DocumentLinks = ({
  c,
  node,
  row,
  content,
}: Pick<DocumentPageProps, "c" | "node" | "row" | "content">) => {
  const messages = messagesFor(c, FILES_MESSAGES).document;
  const isEditable =
    "text" in content
      ? content.text.editable !== null
      : content.kind === "empty" && isTextType(row.type);
  return (
    <p class="row">
      <a class="button" href="?view=download" download>
        {messages.download}
      </a>
      {isEditable ? (
        <a class="button secondary" href="?view=edit">
          {messages.edit}
        </a>
      ) : null}
      <a class="button secondary" href={`/versions${encodePath(formatPath(node))}`}>
        {messages.versions}
      </a>
    </p>
  );
};

/** The 404 page of a document, which may have been deleted. */
export function documentNotFoundPage(c: HonoContext, node: NodePath): HandlerResponse {
  const { notFound, lookForVersions } = messagesFor(c, FILES_MESSAGES).document;
  const href = `/versions${encodePath(formatPath(node))}`;
  return errorPage(c, 404, notFound, { href, text: lookForVersions });
}

/** The page of a folder: its items, a search, and what can be done with them. */

import { encodePath, formatPath, type NodePath } from "../../core/path";
import { moduleOf } from "../../core/scope";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { ItemOrder, ItemPage } from "../../storage/browse";
import { MAX_SORTED_ITEMS } from "../../storage/browse";
import { maxPartDocuments } from "../../storage/export/export";
import { UPLOAD_SCRIPTS, UploadSection } from "../../tasks/pages/upload";
import { formatBytes, formatCount } from "../../ui/format";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { NextPageLink } from "../../ui/paging";
import { FILES_MESSAGES } from "../messages";
import { itemQuery } from "../queries";
import { ChangeForms } from "./change-forms";
import { Breadcrumbs, shownName } from "./item-name";
import { ItemTable } from "./item-table";
import { SearchForm } from "./search";

/** A folder as its page shows it. */
export interface FolderPageProps {
  c: HonoContext;
  node: NodePath;
  page: ItemPage;
  /** The order that was asked for. */
  wanted: ItemOrder;
  isFirst: boolean;
}

/** Renders the page of a folder. */
export function folderPage({ c, node, page, wanted, isFirst }: FolderPageProps): HandlerResponse {
  const messages = messagesFor(c, FILES_MESSAGES);
  const language = languageOf(c);
  const { folder, items, order, next } = page;
  const path = formatPath(node);
  const isRoot = path === "/";
  const name = shownName(node, messages.title);
  return renderPage(
    c,
    {
      title: name,
      user: c.var.session.account,
      scripts: [...UPLOAD_SCRIPTS, "/live-folder.js"],
      isLive: true,
    },
    <>
      <section>
        <Breadcrumbs c={c} node={node} />
        <h1>
          <ItemName name={name} />
        </h1>
        {isRoot ? <p>{messages.folder.about}</p> : null}
        {path.startsWith("/public/") ? <p>{messages.folder.public}</p> : null}
        <p class="hidden-text" role="status" data-folder-announcement />
        {/* What `live-folder.js` keeps up to date. */}
        <div
          data-live
          data-folder={path}
          data-version={folder?.version}
          data-updated={messages.folder.updated}
        >
          {folder === null ? (
            <p class="muted">{isRoot ? messages.folder.emptyRoot : messages.folder.empty}</p>
          ) : (
            <>
              <p>
                {messages.folder.totals(
                  folder.documents,
                  formatCount(language, folder.documents),
                  formatBytes(language, folder.bytes),
                )}
              </p>
              <SearchForm c={c} node={node} />
              {wanted === order ? null : (
                <p class="warning">
                  {messages.folder.tooManyToSort(formatCount(language, MAX_SORTED_ITEMS))}
                </p>
              )}
            </>
          )}
          {items.length === 0 ? null : <ItemTable c={c} node={node} items={items} order={order} />}
          {isFirst ? null : (
            <p>
              <a href={itemQuery(order, null)}>{messages.folder.firstPage}</a>
            </p>
          )}
          <NextPageLink c={c} next={next && itemQuery(order, next)} />
        </div>
      </section>
      <UploadSection c={c} folder={path} />
      <FolderLinks c={c} node={node} documents={folder?.documents ?? 0} />
    </>,
  );
}

/** What can be done with the folder as a whole. */
const FolderLinks = ({
  c,
  node,
  documents,
}: {
  c: HonoContext;
  node: NodePath;
  documents: number;
}) => {
  const messages = messagesFor(c, FILES_MESSAGES).folder;
  const module = moduleOf(node);
  const isOnePart = documents <= maxPartDocuments(c.env);
  return (
    <section data-live>
      <h2>{messages.more}</h2>
      <p class="row">
        {documents === 0 ? null : isOnePart ? (
          <a class="button secondary" href="?view=archive" download>
            {messages.downloadAll}
          </a>
        ) : (
          <a class="button secondary" href="?view=parts">
            {messages.downloadAll}
          </a>
        )}
        {module === null ? null : (
          <>
            <a class="button secondary" href={`/go-back${encodePath(formatPath(node))}`}>
              {messages.goBack}
            </a>
            <a class="button secondary" href={`/bin/${encodeURIComponent(module)}/`}>
              {messages.bin}
            </a>
          </>
        )}
        <a class="button secondary" href="/tasks">
          {messages.tasks}
        </a>
      </p>
      {documents === 0 || formatPath(node) === "/" ? null : (
        <details>
          <summary>{messagesFor(c, FILES_MESSAGES).document.change}</summary>
          <ChangeForms c={c} node={node} />
        </details>
      )}
    </section>
  );
};

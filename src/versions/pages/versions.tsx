/** The page with the versions of a document. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { filePagePath } from "../../tasks/task-paths";
import { ErrorMessage } from "../../ui/error-message";
import { formatDateTime } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import type { DocumentHistory, ListedVersion } from "../document-versions";
import { VERSION_MESSAGES } from "../messages";
import { freePath, goBackPath, versionPath, versionsPath } from "../paths";
import {
  DeletionSentence,
  DocumentHeading,
  describeHistory,
  titleWithName,
  VersionSummary,
  VersionTime,
} from "./parts";

interface VersionsProps {
  c: HonoContext;
  history: DocumentHistory;
  page: ListPage<ListedVersion>;
}

/** What the page says besides: that a version was restored, or that not two were selected. */
export type VersionsNote = "restored" | "choose-two" | null;

/** Lists the versions of a document, the latest first, with a form that compares two. */
export function versionsPage(
  c: HonoContext,
  account: Account,
  history: DocumentHistory,
  page: ListPage<ListedVersion>,
  note: VersionsNote,
): HandlerResponse {
  const messages = messagesFor(c, VERSION_MESSAGES).versions;
  const status = note === "choose-two" ? 400 : 200;
  return renderPage(
    c,
    { title: titleWithName(messages.title, history.path), user: account, status },
    <section>
      <DocumentHeading c={c} path={history.path} />
      <h2>{messages.title}</h2>
      {note === "restored" ? (
        <p class="note" role="status">
          {messages.restored}
        </p>
      ) : null}
      {note === "choose-two" ? <ErrorMessage>{messages.chooseTwo}</ErrorMessage> : null}
      <DeletedNote c={c} history={history} />
      <p class="muted">{describeHistory(c, messages.about)}</p>
      <VersionList c={c} history={history} page={page} />
      {page.isFirst ? null : (
        <p>
          <a href={versionsPath(history.path)}>{messages.newest}</a>
        </p>
      )}
      <NextPageLink c={c} next={page.next} />
      <VersionLinks c={c} history={history} />
    </section>,
  );
}

const DeletedNote = ({ c, history }: { c: HonoContext; history: DocumentHistory }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).versions;
  if (history.current !== null) return null;
  return (
    <p class="warning">
      {messages.deleted}{" "}
      {history.deletion === null ? null : (
        <DeletionSentence c={c} deletion={history.deletion} messages={messages} />
      )}
    </p>
  );
};

const VersionList = ({ c, history, page }: VersionsProps) => {
  const messages = messagesFor(c, VERSION_MESSAGES).versions;
  const language = languageOf(c);
  const canCompare = history.versions.length > 1;
  return (
    <form method="get">
      <ol class="list">
        {page.items.map((version) => (
          <li>
            <div>
              <a href={versionPath(history.path, version.version)}>
                <VersionTime c={c} version={version} />
              </a>{" "}
              {version.isCurrent ? <span class="badge">{messages.current}</span> : null}
              <small>
                <VersionSummary c={c} version={version} />
              </small>
            </div>
            {canCompare ? (
              <input
                type="checkbox"
                name="version"
                value={version.version}
                aria-label={messages.select(formatDateTime(language, version.at, "medium"))}
              />
            ) : null}
          </li>
        ))}
      </ol>
      {canCompare ? (
        <p>
          <button type="submit" class="secondary" name="compare" value="yes">
            {messages.compare}
          </button>
        </p>
      ) : null}
    </form>
  );
};

const VersionLinks = ({ c, history }: { c: HonoContext; history: DocumentHistory }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).versions;
  const { path, current, versions } = history;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return (
    <ul>
      {current === null ? null : (
        <li>
          <a href={filePagePath(path)}>{messages.openDocument}</a>
        </li>
      )}
      <li>
        <a href={goBackPath(folder)}>{messages.goBack}</a>
      </li>
      {current === null ? (
        <li>
          <a href={freePath("deleted", path)}>{messages.freeDeleted}</a>
        </li>
      ) : null}
      {current !== null && versions.length > 1 ? (
        <li>
          <a href={freePath("versions", path)}>{messages.free}</a>
        </li>
      ) : null}
    </ul>
  );
};

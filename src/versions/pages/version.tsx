/** The page of one version of a document. */

import type { Account } from "../../accounts/accounts";
import { documentFromPath } from "../../core/path";
import { previewElement, type ShownContent } from "../../files/content";
import { FILES_MESSAGES } from "../../files/messages";
import { ContentView } from "../../files/pages/content";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { Facts } from "../../ui/facts";
import { formatBytes } from "../../ui/format";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { TimeOfSecond } from "../../ui/time";
import type { DocumentHistory, ListedVersion } from "../document-versions";
import { VERSION_MESSAGES } from "../messages";
import { comparisonPath, downloadPath, versionPath, versionsPath } from "../paths";
import { AuthorName, DocumentHeading, titleWithName } from "./parts";

interface VersionProps {
  c: HonoContext;
  history: DocumentHistory;
  version: ListedVersion;
}

/** Shows a version, with a form that restores it. */
export function versionPage(
  c: HonoContext,
  account: Account,
  history: DocumentHistory,
  version: ListedVersion,
  content: ShownContent,
): HandlerResponse {
  const { version: messages, versions } = messagesFor(c, VERSION_MESSAGES);
  const { name } = documentFromPath(history.path);
  const title = version.isCurrent ? messages.currentTitle : messages.title;
  return renderPage(
    c,
    { title: titleWithName(title, history.path), user: account, preview: previewElement(content) },
    <section>
      <DocumentHeading c={c} path={history.path} />
      <h2>{title}</h2>
      <VersionFacts c={c} version={version} />
      <VersionActions c={c} history={history} version={version} />
      <h2>{messages.content}</h2>
      <ContentView c={c} content={content} name={name} length={version.length} />
      <ViewLink c={c} path={history.path} version={version} content={content} />
      <p>
        <a href={versionsPath(history.path)}>{versions.backToVersions}</a>
      </p>
    </section>,
  );
}

/** Switches between JSON or a table and its text. */
const ViewLink = ({
  c,
  path,
  version,
  content,
}: {
  c: HonoContext;
  path: string;
  version: ListedVersion;
  content: ShownContent;
}) => {
  const messages = messagesFor(c, FILES_MESSAGES).document;
  const href = versionPath(path, version.version);
  if (content.kind === "json" || content.kind === "csv") {
    return (
      <p>
        <a href={`${href}&view=text`}>{messages.showAsText}</a>
      </p>
    );
  }
  return c.req.query("view") === "text" ? (
    <p>
      <a href={href}>{messages.showFormatted}</a>
    </p>
  ) : null;
};

const VersionFacts = ({ c, version }: { c: HonoContext; version: ListedVersion }) => {
  const { version: messages, authors } = messagesFor(c, VERSION_MESSAGES);
  const { at, isExact, author, length, type } = version;
  return (
    <Facts
      facts={[
        [
          isExact ? messages.written : messages.uploaded,
          <>
            <TimeOfSecond c={c} at={at} />
            {isExact ? null : <small>{messages.uploadedAbout}</small>}
          </>,
        ],
        [
          messages.author,
          author.kind === "unknown" ? authors.unknown : <AuthorName c={c} author={author} />,
        ],
        [messages.size, formatBytes(languageOf(c), length)],
        [messages.type, type === undefined ? messages.unknownType : <ItemName name={type} />],
      ]}
    />
  );
};

const VersionActions = ({ c, history, version }: VersionProps) => {
  const messages = messagesFor(c, VERSION_MESSAGES).version;
  const { path, current } = history;
  return (
    <>
      <div class="row field">
        {version.isCurrent ? null : (
          <form method="post" action={versionsPath(path)}>
            <input type="hidden" name="version" value={version.version} />
            {/* The current version that the user has seen: a later one is not overwritten. */}
            <input type="hidden" name="expected" value={current ?? ""} />
            <button type="submit">{messages.restore}</button>
          </form>
        )}
        <a class="button secondary" href={downloadPath(path, version.version)} download>
          {messages.download}
        </a>
        {version.isCurrent || current === null ? null : (
          <a href={comparisonPath(path, [version.version, current])}>
            {messages.compareWithCurrent}
          </a>
        )}
      </div>
      {version.isCurrent ? null : <p class="muted">{messages.restoreAbout}</p>}
    </>
  );
};

/** Parts that the pages about versions share. */

import type { Child } from "hono/jsx";
import { documentFromPath } from "../../core/path";
import { settings } from "../../env";
import { Breadcrumbs } from "../../files/pages/item-name";
import type { HonoContext } from "../../http/context";
import type { DeletionFact } from "../../storage/tasks/journal";
import { formatBytes, formatCount, formatDays } from "../../ui/format";
import { ItemName, visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { DateTime, TimeOfSecond } from "../../ui/time";
import { authorOfFact, type ChangeAuthor, type ListedVersion } from "../document-versions";
import { VERSION_MESSAGES } from "../messages";

/** Says for how long, and up to how many, earlier versions are kept; or that none are. */
export function describeHistory(
  c: HonoContext,
  describe: (days: string, versions: string) => string,
): string {
  const { HISTORY_DAYS, HISTORY_VERSIONS } = settings(c.env);
  const language = languageOf(c);
  return HISTORY_DAYS === 0 || HISTORY_VERSIONS === 0
    ? messagesFor(c, VERSION_MESSAGES).keepsNothing
    : describe(formatDays(language, HISTORY_DAYS), formatCount(language, HISTORY_VERSIONS));
}

/** The path of a folder. */
export const PathLine = ({ path }: { path: string }) => (
  <p class="address">
    <ItemName name={path} />
  </p>
);

/** The folders above a document, and its name as the heading of the page. */
export const DocumentHeading = ({ c, path }: { c: HonoContext; path: string }) => {
  const node = documentFromPath(path);
  return (
    <>
      <Breadcrumbs c={c} node={node} />
      <h1>
        <ItemName name={node.name} />
      </h1>
    </>
  );
};

/** The title of a page about a document. */
export const titleWithName = (title: string, path: string): string =>
  `${title}: ${visibleName(documentFromPath(path).name)}`;

/** Who made a change, after "by". */
export const AuthorName = ({ c, author }: { c: HonoContext; author: ChangeAuthor }) =>
  author.kind === "app" ? (
    <ItemName name={author.name} />
  ) : (
    <span>{messagesFor(c, VERSION_MESSAGES).authors[author.kind]}</span>
  );

/** When a document was deleted, and by whom, as far as it is known. */
export const DeletionSentence = ({
  c,
  deletion: { at, app },
  messages,
}: {
  c: HonoContext;
  deletion: DeletionFact;
  messages: {
    deletedAt: (at: Child, author: Child) => Child[];
    deletedBefore: (at: Child) => Child[];
  };
}) => {
  const time = <DateTime c={c} at={at} />;
  return app === undefined ? (
    <span>{messages.deletedBefore(time)}</span>
  ) : (
    <span>{messages.deletedAt(time, <AuthorName c={c} author={authorOfFact(app)} />)}</span>
  );
};

/** The time of a version; it says so if it is that of the upload. */
export const VersionTime = ({ c, version }: { c: HonoContext; version: ListedVersion }) => {
  const time = <TimeOfSecond c={c} at={version.at} />;
  return version.isExact ? (
    time
  ) : (
    <span>{messagesFor(c, VERSION_MESSAGES).versions.uploaded(time)}</span>
  );
};

/** The size, the type and the author of a version, in one line. */
export const VersionSummary = ({
  c,
  version: { length, type, author, originalTime },
}: {
  c: HonoContext;
  version: ListedVersion;
}) => {
  const { versions, authors } = messagesFor(c, VERSION_MESSAGES);
  return (
    <>
      {formatBytes(languageOf(c), length)}
      {type === undefined ? null : (
        <>
          {" · "}
          <ItemName name={type} />
        </>
      )}
      {" · "}
      {author.kind === "unknown"
        ? authors.unknown
        : versions.by(<AuthorName c={c} author={author} />)}
      {originalTime === null ? null : (
        <>
          {" · "}
          {versions.original(<DateTime c={c} at={originalTime} />)}
        </>
      )}
    </>
  );
};

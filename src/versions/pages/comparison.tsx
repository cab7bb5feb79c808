/** The page that compares two versions of a document. */

import type { Account } from "../../accounts/accounts";
import { MAX_TEXT_BYTES } from "../../files/text-content";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { Facts } from "../../ui/facts";
import { formatBytes } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { TextDiff } from "../../ui/text-diff";
import type { DocumentHistory, ListedVersion } from "../document-versions";
import { VERSION_MESSAGES } from "../messages";
import { versionPath, versionsPath } from "../paths";
import { DocumentHeading, titleWithName, VersionSummary, VersionTime } from "./parts";

/** Two versions, the older one first, and their texts, or why these are not compared. */
export interface Comparison {
  older: ListedVersion;
  newer: ListedVersion;
  texts: [older: string, newer: string] | "not-text" | "too-large";
}

/** Shows how the texts of two versions differ. */
export function comparisonPage(
  c: HonoContext,
  account: Account,
  history: DocumentHistory,
  { older, newer, texts }: Comparison,
): HandlerResponse {
  const { comparison: messages, versions } = messagesFor(c, VERSION_MESSAGES);
  const limit = formatBytes(languageOf(c), MAX_TEXT_BYTES);
  return renderPage(
    c,
    { title: titleWithName(messages.title, history.path), user: account },
    <section>
      <DocumentHeading c={c} path={history.path} />
      <h2>{messages.title}</h2>
      <Facts
        facts={[
          [messages.older, <VersionLine c={c} path={history.path} version={older} />],
          [messages.newer, <VersionLine c={c} path={history.path} version={newer} />],
        ]}
      />
      {texts === "not-text" ? <p>{messages.notText}</p> : null}
      {texts === "too-large" ? <p>{messages.tooLarge(limit)}</p> : null}
      {Array.isArray(texts) ? <TextDiff c={c} before={texts[0]} after={texts[1]} /> : null}
      <p>
        <a href={versionsPath(history.path)}>{versions.backToVersions}</a>
      </p>
    </section>,
  );
}

const VersionLine = ({
  c,
  path,
  version,
}: {
  c: HonoContext;
  path: string;
  version: ListedVersion;
}) => (
  <>
    <a href={versionPath(path, version.version)}>
      <VersionTime c={c} version={version} />
    </a>
    <small>
      <VersionSummary c={c} version={version} />
    </small>
  </>
);

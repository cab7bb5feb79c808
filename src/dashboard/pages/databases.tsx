/** The databases of RxDB apps: their section on the data page, and the page that deletes one. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { Database, ModuleDatabases } from "../../rxdb/databases";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** Lists the databases of each module with links to delete them. Renders nothing if there are none. */
export const DatabasesSection = ({
  c,
  modules,
}: {
  c: HonoContext;
  modules: ModuleDatabases[];
}) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).databases;
  if (modules.length === 0) return null;
  return (
    <section>
      <h2 id="databases">{messages.title}</h2>
      <p>{messages.about}</p>
      {modules.map(({ module, databases }) => (
        <>
          <h3>{messages.inModule(module)}</h3>
          {databases === null ? (
            <p class="warning">{messages.unavailable}</p>
          ) : (
            databases.map((database) => <DatabaseTable c={c} module={module} database={database} />)
          )}
        </>
      ))}
    </section>
  );
};

const DatabaseTable = ({
  c,
  module,
  database: { name, collections, internalBytes, bytes },
}: {
  c: HonoContext;
  module: string;
  database: Database;
}) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).databases;
  const language = languageOf(c);
  const formatVersion = (version: number) => messages.version(formatCount(language, version));
  return (
    <>
      <table class="sizes">
        <caption>
          <bdi>{name}</bdi> ({formatBytes(language, bytes)})
        </caption>
        <thead>
          <tr>
            <th scope="col">{messages.collection}</th>
            <th scope="col">{messages.documents}</th>
            <th scope="col">{messages.size}</th>
          </tr>
        </thead>
        <tbody>
          {collections.map((collection) => (
            <tr>
              <th scope="row">
                <bdi>{collection.name}</bdi>
                {collection.version === 0 ? null : (
                  <small> {formatVersion(collection.version)}</small>
                )}
              </th>
              <td>{formatCount(language, collection.documents)}</td>
              <td>{formatBytes(language, collection.bytes)}</td>
            </tr>
          ))}
          {internalBytes === 0 ? null : (
            <tr>
              <th scope="row">{messages.internal}</th>
              <td></td>
              <td>{formatBytes(language, internalBytes)}</td>
            </tr>
          )}
        </tbody>
      </table>
      <p>
        <a
          class="button secondary"
          href={`/data/database?${new URLSearchParams({ module, name })}`}
          aria-label={messages.deleteLabel(name, module)}
        >
          {messages.delete}
        </a>
      </p>
    </>
  );
};

/** Asks before a database is deleted permanently. */
export function confirmDatabaseDeletionPage(
  c: HonoContext,
  account: Account,
  module: string,
  { name, documents, bytes }: Database,
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).databases;
  const { title, text, contents, warning } = messages.confirmDeletion;
  const language = languageOf(c);
  return renderPage(
    c,
    { title, user: account },
    <ConfirmForm
      c={c}
      title={title}
      text={text(name, module)}
      submitText={messages.delete}
      isDangerous
      cancelHref="/data#databases"
    >
      <p>{contents(documents, formatCount(language, documents), formatBytes(language, bytes))}</p>
      <p class="warning">{warning}</p>
    </ConfirmForm>,
  );
}

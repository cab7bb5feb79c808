/** The databases of RxDB apps: the section of the data page, and the question before one is deleted. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { Database, ModuleDatabases } from "../../rxdb/databases";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** What there is in each module, and the way to delete it. Nothing if there are no databases. */
export const DatabasesSection = ({
  c,
  modules,
}: {
  c: HonoContext;
  modules: ModuleDatabases[];
}) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).databases;
  if (modules.length === 0) return null;
  return (
    <section>
      <h2 id="databases">{words.title}</h2>
      <p>{words.what}</p>
      {modules.map(({ module, databases }) => (
        <>
          <h3>{words.inModule(module)}</h3>
          {databases === null ? (
            <p class="warning">{words.silent}</p>
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
  database: { name, collections, ownBytes, bytes },
}: {
  c: HonoContext;
  module: string;
  database: Database;
}) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).databases;
  const language = languageOf(c);
  const asVersion = (version: number) => words.version(formatCount(language, version));
  return (
    <>
      <table>
        <caption>
          <bdi>{name}</bdi> ({formatBytes(language, bytes)})
        </caption>
        <thead>
          <tr>
            <th scope="col">{words.collection}</th>
            <th scope="col">{words.documents}</th>
            <th scope="col">{words.size}</th>
          </tr>
        </thead>
        <tbody>
          {collections.map((collection) => (
            <tr>
              <th scope="row">
                <bdi>{collection.name}</bdi>
                {collection.version === 0 ? null : <small> {asVersion(collection.version)}</small>}
              </th>
              <td>{formatCount(language, collection.documents)}</td>
              <td>{formatBytes(language, collection.bytes)}</td>
            </tr>
          ))}
          {ownBytes === 0 ? null : (
            <tr>
              <th scope="row">{words.own}</th>
              <td></td>
              <td>{formatBytes(language, ownBytes)}</td>
            </tr>
          )}
        </tbody>
      </table>
      <p>
        <a
          class="button quiet"
          href={`/data/database?${new URLSearchParams({ module, name })}`}
          aria-label={words.deleteIt(name, module)}
        >
          {words.delete}
        </a>
      </p>
    </>
  );
};

/** Asks before a database goes for good. */
export function deleteDatabasePage(
  c: HonoContext,
  account: Account,
  module: string,
  { name, documents, bytes }: Database,
): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).databases;
  const language = languageOf(c);
  return renderPage(
    c,
    { title: words.question, person: account },
    <ConfirmForm
      c={c}
      title={words.question}
      text={words.goes(name, module)}
      button={words.delete}
      isDangerous
      back="/data#databases"
    >
      <p>{words.holds(formatCount(language, documents), formatBytes(language, bytes))}</p>
      <p class="warning">{words.forGood}</p>
    </ConfirmForm>,
  );
}

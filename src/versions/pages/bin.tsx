/** The pages of the bin: the modules that have deleted documents, and those of one module. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { DeletionFact } from "../../storage/tasks/journal";
import { ErrorMessage } from "../../ui/error-message";
import { formatBytes } from "../../ui/format";
import { ItemName, visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { DateTime } from "../../ui/time";
import type { BinModule } from "../bin";
import { VERSION_MESSAGES } from "../messages";
import { binPath, freeModulePath, freePath, versionsPath } from "../paths";
import { DeletionSentence, describeHistory, PathLine } from "./parts";

/** Lists the modules with deleted documents. */
export function binModulesPage(
  c: HonoContext,
  account: Account,
  page: ListPage<BinModule>,
): HandlerResponse {
  const messages = messagesFor(c, VERSION_MESSAGES).bin;
  return renderPage(
    c,
    { title: messages.title, user: account },
    <section>
      <h1>{messages.title}</h1>
      <AboutBin c={c} />
      {page.items.length === 0 ? <p>{messages.empty}</p> : <ModuleTable c={c} page={page} />}
      <NextPageLink c={c} next={page.next} />
    </section>,
  );
}

const AboutBin = ({ c }: { c: HonoContext }) => (
  <p class="muted">{describeHistory(c, messagesFor(c, VERSION_MESSAGES).bin.about)}</p>
);

const ModuleTable = ({ c, page }: { c: HonoContext; page: ListPage<BinModule> }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).bin;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{messages.module}</th>
          <th scope="col">{messages.lastDeletion}</th>
        </tr>
      </thead>
      <tbody>
        {page.items.map(({ module, latest }) => (
          <tr>
            <th scope="row">
              <a href={binPath(module)}>
                <ModuleName c={c} module={module} />
              </a>
            </th>
            <td>
              <DateTime c={c} at={latest.at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const ModuleName = ({ c, module }: { c: HonoContext; module: string }) =>
  module === "" ? (
    <span>{messagesFor(c, VERSION_MESSAGES).outsideModules}</span>
  ) : (
    <ItemName name={module} />
  );

/** The deleted documents of a module that a page shows. */
export interface BinPageProps {
  /** "": the documents outside of modules. */
  module: string;
  /** Null: the whole module. */
  folder: string | null;
  page: ListPage<DeletionFact>;
}

/** Lists the deleted documents of a module, or of a folder in it, with a form that restores them. */
export function binPage(
  c: HonoContext,
  account: Account,
  { module, folder, page }: BinPageProps,
  problem: "nothing-selected" | null = null,
): HandlerResponse {
  const messages = messagesFor(c, VERSION_MESSAGES).bin;
  const isEmpty = page.items.length === 0;
  return renderPage(
    c,
    { title: messages.title, user: account, status: problem === null ? 200 : 400 },
    <section>
      <h1>{messages.ofModule(<ModuleName c={c} module={module} />)}</h1>
      {problem === null ? null : <ErrorMessage>{messages.nothingSelected}</ErrorMessage>}
      {folder === null ? <AboutBin c={c} /> : <PathLine path={folder} />}
      {isEmpty ? (
        <p>{page.isFirst && page.next === null ? messages.emptyModule : messages.emptyPage}</p>
      ) : (
        <RestoreForm c={c} module={module} folder={folder} page={page} />
      )}
      {page.isFirst ? null : (
        <p>
          <a href={binPath(module, folder)}>{messages.toNewest}</a>
        </p>
      )}
      <NextPageLink c={c} next={page.next} />
      <p class="row">
        {folder === null ? (
          <a href="/bin">{messages.allModules}</a>
        ) : (
          <a href={binPath(module)}>{messages.wholeModule}</a>
        )}
        {isEmpty ? null : (
          <DeleteLink module={module} folder={folder} text={messages.deleteForGood} />
        )}
      </p>
    </section>,
  );
}

/** What is outside of modules has no folder of its own: it is deleted one by one. */
const DeleteLink = ({
  module,
  folder,
  text,
}: {
  module: string;
  folder: string | null;
  text: string;
}) =>
  folder === null && module === "" ? null : (
    <a
      class="button danger"
      href={folder === null ? freeModulePath("deleted", module) : freePath("deleted", folder)}
    >
      {text}
    </a>
  );

const RestoreForm = ({ c, module, folder, page }: BinPageProps & { c: HonoContext }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).bin;
  return (
    // To the same page of the list, on which the documents are found again.
    <form method="post">
      <ul class="list">
        {page.items.map((deletion) => (
          <DeletedDocument c={c} module={module} deletion={deletion} />
        ))}
      </ul>
      <p class="row">
        <button type="submit" name="restore" value="selected">
          {messages.restoreSelected}
        </button>
        <button type="submit" name="restore" value="all" class="secondary">
          {folder === null ? messages.restoreAll : messages.restoreFolder}
        </button>
      </p>
    </form>
  );
};

const DeletedDocument = ({
  c,
  module,
  deletion,
}: {
  c: HonoContext;
  module: string;
  deletion: DeletionFact;
}) => {
  const messages = messagesFor(c, VERSION_MESSAGES).bin;
  const { path, version, length } = deletion;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return (
    <li>
      <div>
        <a href={versionsPath(path)}>
          <ItemName name={path.slice(folder.length)} />
        </a>
        <small>
          <a href={binPath(module, folder)} aria-label={messages.onlyFolder(visibleName(folder))}>
            <ItemName name={folder} />
          </a>
          {" · "}
          {formatBytes(languageOf(c), length)}
          {" · "}
          <DeletionSentence c={c} deletion={deletion} messages={messages} />
        </small>
      </div>
      <input
        type="checkbox"
        name="version"
        value={version}
        aria-label={messages.select(visibleName(path))}
      />
    </li>
  );
};

/** The page on which the browser writes an archive of the user's documents and databases. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { maxPartDocuments } from "../../storage/export/export";
import { type ModuleUsage, moduleBytes, type Usage } from "../../storage/usage";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { TRANSFER_MESSAGES } from "../messages";
import { NoScript, scriptData } from "./script";
import { transferPage } from "./section";

/** The modules that can be chosen: the largest ones. */
const MAX_LISTED_MODULES = 100;

/** The bytes of a part that the browser keeps until it is saved: phones have room for it, too. */
const PART_BYTES = 500_000_000;

/** Documents outside of databases, and all bytes, from which the script knows how far it has come. */
interface Totals {
  documents: number;
  bytes: number;
}

/** Shows what can be exported. */
export function exportPage(c: HonoContext, usage: Usage): HandlerResponse {
  const messages = messagesFor(c, TRANSFER_MESSAGES).export;
  const isEmpty =
    usage.documents === 0 && usage.modules.every(({ databaseBytes }) => databaseBytes === 0);
  return transferPage(
    c,
    {
      title: messages.title,
      ...(isEmpty ? {} : { scripts: ["/built/export.js"], usesStorage: true }),
    },
    <>
      <section>
        <h1>{messages.title}</h1>
        <p>{messages.about}</p>
        {isEmpty ? <p class="note">{messages.empty}</p> : <BrowserExport c={c} usage={usage} />}
      </section>
      {isEmpty ? null : <OtherExports c={c} usage={usage} />}
    </>,
  );
}

const BrowserExport = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const { export: messages, scripts } = messagesFor(c, TRANSFER_MESSAGES);
  const { account } = c.var.session;
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return (
    <>
      <NoScript c={c} />
      <div
        data-export={JSON.stringify({ address, totals: totalsOf(usage) })}
        data-part-bytes={PART_BYTES}
        class="breakable"
        {...scriptData(c, messages.script)}
        hidden
      >
        <p class="note" data-part="interrupted" hidden />
        <form data-part="form">
          <fieldset class="choice">
            <legend>{messages.what}</legend>
            <label>
              <input type="radio" name="what" value="everything" checked />
              {messages.everything}
            </label>
            <label>
              <input type="radio" name="what" value="modules" />
              {messages.someModules}
            </label>
            <ModuleList c={c} modules={usage.modules} />
          </fieldset>
          <p class="error" data-part="problem" role="alert" hidden />
          <p class="row">
            <button type="submit">{messages.start}</button>
            <button type="button" data-part="continue-parts" hidden>
              {messages.continuePart}
            </button>
          </p>
        </form>
        <div data-part="progress" hidden>
          <progress aria-label={messages.progress} max="1" value="0" />
          <p data-part="text" />
          <p class="row">
            <button type="button" data-part="save" hidden />
            <button type="button" data-part="continue" hidden>
              {scripts.continue}
            </button>
            <button type="button" class="secondary" data-part="pause">
              {scripts.pause}
            </button>
            <button type="button" class="secondary" data-part="cancel">
              {messages.cancel}
            </button>
          </p>
        </div>
        <div data-part="result" hidden>
          <p data-part="result-text" tabindex={-1} />
          <div data-part="problems" />
          <p class="row">
            <button type="button" class="secondary" data-part="save-again" hidden>
              {messages.saveAgain}
            </button>
            <button type="button" class="secondary" data-part="again">
              {messages.again}
            </button>
          </p>
        </div>
        <p class="hidden-text" role="status" data-part="announcement" />
        <template data-part="list">
          <details>
            <summary />
            <ul class="plain" />
          </details>
        </template>
      </div>
    </>
  );
};

const ModuleList = ({ c, modules }: { c: HonoContext; modules: ModuleUsage[] }) => {
  const messages = messagesFor(c, TRANSFER_MESSAGES).export;
  const filled = modules.filter(
    (module) => totalsOfModule(module).bytes > 0 || module.documents > 0,
  );
  return (
    <div data-part="modules" class="indented">
      {filled.slice(0, MAX_LISTED_MODULES).map((module) => {
        const { documents, bytes } = totalsOfModule(module);
        return (
          <label>
            <input
              type="checkbox"
              name="module"
              value={module.name}
              data-documents={documents}
              data-bytes={bytes}
            />
            {module.name}
            <small>{formatBytes(languageOf(c), bytes)}</small>
          </label>
        );
      })}
      {filled.length <= MAX_LISTED_MODULES ? null : (
        <small>{messages.onlyLargest(formatCount(languageOf(c), MAX_LISTED_MODULES))}</small>
      )}
    </div>
  );
};

/** What the server exports by itself, in parts that the plan allows. */
const OtherExports = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const messages = messagesFor(c, TRANSFER_MESSAGES).export;
  const partDocuments = maxPartDocuments(c.env);
  // How many parts databases take is known when the parts are listed.
  const hasDatabases = usage.modules.some(({ databaseBytes }) => databaseBytes > 0);
  const isOnePart = usage.documents <= partDocuments && !hasDatabases;
  return (
    <section>
      <h2>{messages.other}</h2>
      <p>
        {messages.withoutScript}
        {isOnePart ? "" : ` ${messages.partsAbout(formatCount(languageOf(c), partDocuments))}`}
      </p>
      <p>
        {isOnePart ? (
          <a class="button secondary" href="/data/export" download>
            {messages.download}
          </a>
        ) : (
          <a class="button secondary" href="/data/parts">
            {messages.showParts}
          </a>
        )}
      </p>
      <p class="muted">{messages.commandLine}</p>
    </section>
  );
};

function totalsOf({ modules, other, documents }: Usage): Totals {
  const bytes = modules.reduce((sum, module) => sum + totalsOfModule(module).bytes, other.bytes);
  return { documents, bytes };
}

const totalsOfModule = (module: ModuleUsage): Totals => ({
  documents: module.documents,
  bytes: moduleBytes(module),
});

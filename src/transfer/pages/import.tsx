/** The page on which the browser imports documents and databases from files of the user. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { TRANSFER_MESSAGES } from "../messages";
import { NoScript, scriptData } from "./script";
import { transferPage } from "./section";

/** Shows the choice of files. The script reads and sends them. */
export function importPage(c: HonoContext): HandlerResponse {
  const messages = messagesFor(c, TRANSFER_MESSAGES).import;
  const { MAX_DOCUMENT_BYTES } = settings(c.env);
  return transferPage(
    c,
    { title: messages.title, scripts: ["/built/import.js"], usesStorage: true },
    <section>
      <h1>{messages.title}</h1>
      <p>{messages.about}</p>
      <NoScript c={c} />
      <div
        data-import={JSON.stringify({ maxDocumentBytes: MAX_DOCUMENT_BYTES })}
        class="breakable"
        {...scriptData(c, messages.script)}
        hidden
      >
        <p class="note" data-part="interrupted" hidden />
        <div data-part="choose">
          <p class="row">
            <button type="button" data-pick="files">
              {messages.files}
            </button>
            <button type="button" class="secondary" data-pick="folder">
              {messages.folder}
            </button>
            <input type="file" multiple data-input="files" aria-label={messages.files} hidden />
            <input
              type="file"
              webkitdirectory
              data-input="folder"
              aria-label={messages.folder}
              hidden
            />
          </p>
          <p class="muted">{messages.resume}</p>
        </div>
        <p class="error" data-part="problem" role="alert" hidden />
        <Progress c={c} />
        <Preview c={c} />
        <Result c={c} />
        <p class="hidden-text" role="status" data-part="announcement" />
        <template data-part="list">
          <details>
            <summary />
            <ul class="plain" />
          </details>
        </template>
      </div>
    </section>,
  );
}

const Progress = ({ c }: { c: HonoContext }) => {
  const { import: messages, scripts } = messagesFor(c, TRANSFER_MESSAGES);
  return (
    <div data-part="progress" hidden>
      <progress aria-label={messages.progress} max="1" value="0" />
      <p data-part="text" />
      <p class="row">
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
  );
};

/** What the dry run has found, and the choice of what to do with documents that differ. */
const Preview = ({ c }: { c: HonoContext }) => {
  const messages = messagesFor(c, TRANSFER_MESSAGES).import;
  return (
    <form data-part="preview" hidden>
      <h2 data-part="preview-title" tabindex={-1}>
        {messages.preview}
      </h2>
      <p data-part="chosen" />
      <div data-part="would" />
      <p class="warning" data-part="over-quota" hidden />
      <p class="note" data-part="nothing" hidden />
      <Conflicts c={c} kind="documents" choices={["keep", "replace", "both"]} />
      <Conflicts c={c} kind="databases" choices={["keep", "replace"]} />
      <p class="row">
        <button type="submit" data-part="start">
          {messages.start}
        </button>
        <button type="button" class="secondary" data-part="other">
          {messages.other}
        </button>
      </p>
    </form>
  );
};

interface ConflictsProps {
  c: HonoContext;
  kind: "documents" | "databases";
  choices: ("keep" | "replace" | "both")[];
}

const Conflicts = ({ c, kind, choices }: ConflictsProps) => {
  const messages = messagesFor(c, TRANSFER_MESSAGES).import;
  return (
    <fieldset class="choice" data-part={`conflicts-${kind}`}>
      <legend>{messages.conflicts[kind]}</legend>
      {choices.map((choice) => (
        <label>
          <input
            type="radio"
            name={kind}
            value={choice}
            {...(choice === "keep" ? { checked: true } : {})}
          />
          {messages[choice]}
        </label>
      ))}
    </fieldset>
  );
};

const Result = ({ c }: { c: HonoContext }) => {
  const messages = messagesFor(c, TRANSFER_MESSAGES).import;
  return (
    <div data-part="result" hidden>
      <h2>{messages.result}</h2>
      <p data-part="result-text" tabindex={-1} />
      <div data-part="did" />
      <p class="row">
        <a class="button" href="/files/">
          {messages.showFiles}
        </a>
        <button type="button" class="secondary" data-part="report">
          {messages.report}
        </button>
        <button type="button" class="secondary" data-part="again">
          {messages.other}
        </button>
      </p>
    </div>
  );
};

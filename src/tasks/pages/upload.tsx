/** The section of a folder's page with which files and whole folders are uploaded into it. */

import type { HonoContext } from "../../http/context";
import { languageOf, messagesFor } from "../../ui/language";
import { TASK_MESSAGES } from "../messages";
import { filePagePath } from "../task-paths";

/** The scripts that a page with this section needs. Without them the section stays hidden. */
export const UPLOAD_SCRIPTS = ["/files.js", "/upload-queue.js"];

/** The section for a folder, whose decoded path ends with a slash. */
export const UploadSection = ({ c, folder }: { c: HonoContext; folder: string }) => {
  const messages = messagesFor(c, TASK_MESSAGES).upload;
  return (
    <section
      data-upload-to={filePagePath(folder)}
      data-texts={JSON.stringify(messages.script)}
      data-language={languageOf(c)}
      class="upload"
      hidden
    >
      <h2>{messages.title}</h2>
      <p class="note" data-upload-result hidden />
      <p class="row" data-upload-choose>
        <button type="button" class="secondary" data-upload-pick="files">
          {messages.files}
        </button>
        <button type="button" class="secondary" data-upload-pick="folder">
          {messages.folder}
        </button>
        <input type="file" multiple data-upload-input="files" aria-label={messages.files} hidden />
        <input
          type="file"
          webkitdirectory
          data-upload-input="folder"
          aria-label={messages.folder}
          hidden
        />
      </p>
      <p class="muted" data-upload-drop>
        {messages.drop}
      </p>
      <div data-upload-progress hidden>
        <progress aria-label={messages.progress} max="1" value="0" />
        <p data-upload-text />
        <p>
          <button type="button" class="secondary" data-upload-cancel>
            {messages.cancel}
          </button>
        </p>
      </div>
      <div data-upload-failures hidden>
        <h3>{messages.failures}</h3>
        <ul class="list" data-upload-failed />
        <p class="row">
          <button type="button" class="secondary" data-upload-retry>
            {messages.retryAll}
          </button>
          <a class="button secondary" href={filePagePath(folder)} data-upload-reload>
            {messages.reload}
          </a>
        </p>
        <template>
          <li>
            <div>
              <bdi data-name />
              <small data-reason />
            </div>
            <button type="button" class="secondary" data-retry>
              {messages.retry}
            </button>
          </li>
        </template>
      </div>
      <p class="hidden-text" role="status" data-upload-announcement />
      <dialog data-upload-clash aria-labelledby="upload-clash">
        <form method="dialog">
          <h3 id="upload-clash">{messages.clash.title}</h3>
          <p data-clash-name />
          <p>
            <label class="row">
              <input type="checkbox" name="all" />
              {messages.clash.forAll}
            </label>
          </p>
          <p class="row">
            <button type="submit" value="keep-both">
              {messages.clash.keepBoth}
            </button>
            <button type="submit" value="replace" class="danger">
              {messages.clash.replace}
            </button>
            <button type="submit" value="skip" class="secondary">
              {messages.clash.skip}
            </button>
          </p>
        </form>
      </dialog>
    </section>
  );
};

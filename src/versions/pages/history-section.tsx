/** The section of the settings page about earlier versions and the bin. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { formatBytes, formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { DateTime } from "../../ui/time";
import type { HistorySize } from "../../user-object/version-sweep";
import { VERSION_MESSAGES } from "../messages";
import { freePath } from "../paths";
import { describeHistory } from "./parts";

interface HistorySectionProps {
  c: HonoContext;
  /** Null: it is not known yet. */
  size: HistorySize | null;
  /** Names of the modules of which versions can be deleted. */
  modules: string[];
}

/** How much the earlier versions hold, how long they are kept, and a form that deletes them for good. */
export const HistorySection = ({ c, size, modules }: HistorySectionProps) => {
  const messages = messagesFor(c, VERSION_MESSAGES).settings;
  const isShortened = size !== null && size.share < 1;
  return (
    <section>
      <h2 id="versions">{messages.title}</h2>
      <p>{describeHistory(c, messages.kept)}</p>
      {isShortened ? <p class="warning">{messages.shortened(keptDays(c, size.share))}</p> : null}
      {size === null ? (
        <p class="muted">{messages.sizeUnknown}</p>
      ) : (
        <p>
          {messages.size(formatBytes(languageOf(c), size.bytes), <DateTime c={c} at={size.at} />)}
        </p>
      )}
      <p>{messages.links}</p>
      <p class="row">
        <a class="button secondary" href="/bin">
          {messages.bin}
        </a>
        <a class="button secondary" href="/go-back/">
          {messages.goBack}
        </a>
        <a class="button secondary" href={freePath("deleted", "/")}>
          {messages.freeBin}
        </a>
      </p>
      <FreeForm c={c} modules={modules} />
    </section>
  );
};

/** Such as "12 days". A share of less than a day is at least one: nothing is deleted before the next sweep. */
const keptDays = (c: HonoContext, share: number): string =>
  formatDays(languageOf(c), Math.max(1, Math.round(settings(c.env).HISTORY_DAYS * share)));

/** Leads to the page that asks. */
const FreeForm = ({ c, modules }: { c: HonoContext; modules: string[] }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).settings;
  return (
    <form method="get" action="/free" class="row">
      <input type="hidden" name="what" value="versions" />
      {/* Without a module the path counts. */}
      <input type="hidden" name="path" value="/" />
      <div class="field">
        <label for="free-module">{messages.freeOf}</label>
        <select id="free-module" name="module">
          <option value="">{messages.everything}</option>
          {modules.map((module) => (
            <option value={module}>{module}</option>
          ))}
        </select>
      </div>
      <button type="submit" class="secondary">
        {messages.free}
      </button>
    </form>
  );
};

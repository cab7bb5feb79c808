/** The search for names below a folder: its form, and the page of what it has found. */

import { formatPath, type NodePath } from "../../core/path";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { listedPath, type NameMatches } from "../../storage/browse";
import { filePagePath } from "../../tasks/task-paths";
import { formatBytes, formatCount } from "../../ui/format";
import { ItemName, visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DateTime } from "../../ui/time";
import { FILES_MESSAGES } from "../messages";
import { formatRowPosition } from "../queries";
import { Breadcrumbs } from "./item-name";

/** The longest text that is searched for. */
export const MAX_SEARCH_CHARACTERS = 255;

interface SearchFormProps {
  c: HonoContext;
  node: NodePath;
  text?: string;
}

/** The form for a search below a folder. */
export const SearchForm = ({ c, node, text = "" }: SearchFormProps) => {
  const messages = messagesFor(c, FILES_MESSAGES).search;
  return (
    <search>
      <form method="get" action={filePagePath(formatPath(node))} class="row">
        <div class="field">
          <label for="q">{messages.label}</label>
          <input
            id="q"
            type="search"
            name="q"
            value={text}
            maxlength={MAX_SEARCH_CHARACTERS}
            required
          />
        </div>
        <button type="submit" class="secondary">
          {messages.submit}
        </button>
      </form>
    </search>
  );
};

interface SearchPageProps {
  c: HonoContext;
  node: NodePath;
  text: string;
  matches: NameMatches;
  /** How many documents were looked at, those of the pages before included. */
  looked: number;
  /** Of the folder. */
  documents: number;
}

/** Renders a page of documents whose names match. */
export function searchPage(props: SearchPageProps): HandlerResponse {
  const { c, node, text, matches, looked, documents } = props;
  const messages = messagesFor(c, FILES_MESSAGES).search;
  const count = (number: number) => formatCount(languageOf(c), number);
  const title = messages.title(visibleName(text));
  const found = matches.documents.length;
  return renderPage(
    c,
    { title, user: c.var.session.account },
    <section>
      <Breadcrumbs c={c} node={node} />
      <h1>
        <bdi>{title}</bdi>
      </h1>
      <SearchForm c={c} node={node} text={text} />
      <p role="status">
        {found > 0
          ? messages.found(found, count(found))
          : matches.next === null
            ? messages.noneAtAll
            : messages.none}{" "}
        {messages.looked(count(looked), count(Math.max(looked, documents)))}
      </p>
      <ul class="list">
        {matches.documents.map((document) => (
          <li>
            <a href={filePagePath(listedPath(document))}>
              <ItemName name={listedPath(document).slice(formatPath(node).length)} />
            </a>
            <span class="muted">
              {formatBytes(languageOf(c), document.length)} ·{" "}
              <DateTime c={c} at={document.modified} />
            </span>
          </li>
        ))}
      </ul>
      {matches.next === null ? null : (
        <p>
          <a href={nextQuery(props)}>{messages.goOn}</a>
        </p>
      )}
      <p>
        <a href={filePagePath(formatPath(node))}>{messages.back}</a>
      </p>
    </section>,
  );
}

function nextQuery({ text, matches, looked }: SearchPageProps): string {
  const query = new URLSearchParams({ q: text, looked: String(looked) });
  if (matches.next !== null) query.set("after", formatRowPosition(matches.next));
  return `?${query}`;
}

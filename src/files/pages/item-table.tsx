/** The items of a folder, in a form that acts on those that are selected. */

import { encodePath, formatPath, type NodePath } from "../../core/path";
import type { HonoContext } from "../../http/context";
import type { ItemOrder, ItemRow } from "../../storage/browse";
import { filePagePath } from "../../tasks/task-paths";
import { formatBytes, formatCount } from "../../ui/format";
import { ItemName, visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { DateTime } from "../../ui/time";
import { FILES_MESSAGES } from "../messages";
import { itemQuery } from "../queries";

interface ItemTableProps {
  c: HonoContext;
  node: NodePath;
  items: ItemRow[];
  order: ItemOrder;
}

/** The sort directions of the columns: names from A to Z, the largest and the newest first. */
const DIRECTIONS = { name: "ascending", size: "descending", time: "descending" } as const;

/** A table of items; links in its head sort them. */
export const ItemTable = ({ c, node, items, order }: ItemTableProps) => {
  const messages = messagesFor(c, FILES_MESSAGES).folder;
  const heading = (column: ItemOrder, text: string, className?: string) => (
    <th
      scope="col"
      {...(className === undefined ? {} : { class: className })}
      {...(column === order ? { "aria-sort": DIRECTIONS[column] } : {})}
    >
      {column === order ? text : <a href={itemQuery(column, null)}>{text}</a>}
    </th>
  );
  return (
    <form method="post" action="/tasks" id="items">
      <table class="items">
        <caption class="hidden-text">{messages.items}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden-text">{messages.select}</span>
            </th>
            {heading("name", messages.name)}
            {heading("size", messages.size)}
            {heading("time", messages.modified, "wide-only")}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <ItemTableRow c={c} path={formatPath(node) + item.name} item={item} />
          ))}
        </tbody>
      </table>
      <fieldset class="choice">
        <legend>{messages.selected}</legend>
        {/* Enter in the field presses the first button. */}
        <div class="row">
          <label for="to">{messages.moveTo}</label>
          <input id="to" name="to" placeholder="/notes/archive/" autocomplete="off" />
          <button type="submit" name="action" value="move" class="secondary">
            {messages.move}
          </button>
        </div>
        <p class="row">
          <button type="submit" class="secondary" formaction="?view=archive">
            {messages.download}
          </button>
          <button type="submit" name="action" value="delete" class="danger">
            {messages.delete}
          </button>
        </p>
      </fieldset>
    </form>
  );
};

const ItemTableRow = ({ c, path, item }: { c: HonoContext; path: string; item: ItemRow }) => {
  const messages = messagesFor(c, FILES_MESSAGES).folder;
  const language = languageOf(c);
  const bytes = formatBytes(language, item.length);
  const documents = formatCount(language, item.documents);
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          name="path"
          value={encodePath(path)}
          aria-label={messages.selectItem(visibleName(item.name))}
        />
      </td>
      <th scope="row">
        <a href={filePagePath(path)}>
          <ItemName name={item.name} />
        </a>
      </th>
      <td>
        {bytes}
        {item.type === null ? (
          <small>{messages.inDocuments(item.documents, documents)}</small>
        ) : null}
      </td>
      <td class="wide-only">
        <DateTime c={c} at={item.modified} />
      </td>
    </tr>
  );
};

/** JSON as nested lists that can be folded. */

import type { Context } from "hono";
import { formatCount } from "../../ui/format";
import { visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { FILES_MESSAGES } from "../messages";

/** Values that are shown, at any depth. */
const MAX_VALUES = 2000;

const MAX_TREE_DEPTH = 40;

/** Characters of a text that are shown. */
const MAX_VALUE_CHARACTERS = 1000;

/** Levels that are unfolded at first. */
const OPEN_LEVELS = 2;

/** What is left to show; the values of a tree share it. */
interface TreeBudget {
  values: number;
  isCut: boolean;
}

interface JsonTreeProps {
  c: Context;
  value: unknown;
}

/** A JSON value, and whatever is in it, up to a bound; it says so if there is more. */
export const JsonTree = ({ c, value }: JsonTreeProps) => {
  const budget: TreeBudget = { values: MAX_VALUES, isCut: false };
  const tree = renderValue({ c, budget }, null, value, 0);
  return (
    <>
      {budget.isCut ? <p class="muted">{messagesFor(c, FILES_MESSAGES).content.jsonCut}</p> : null}
      <div class="code json">{tree}</div>
    </>
  );
};

interface TreeContext {
  c: Context;
  budget: TreeBudget;
}

/** A plain function, not a component: what is cut must be known before the note above the tree. */
function renderValue(tree: TreeContext, key: string | null, value: unknown, depth: number) {
  tree.budget.values--;
  const label = key === null ? null : <b>{cutText(tree.budget, key)}: </b>;
  if (typeof value !== "object" || value === null) {
    return (
      <div>
        {label}
        <bdi>{cutText(tree.budget, JSON.stringify(value))}</bdi>
      </div>
    );
  }
  const entries = Object.entries(value);
  const summary = describeSize(tree.c, value, entries.length);
  if (entries.length === 0) {
    return (
      <div>
        {label}
        {summary}
      </div>
    );
  }
  return (
    <details open={depth < OPEN_LEVELS}>
      <summary>
        {label}
        {summary}
      </summary>
      {renderEntries(tree, entries, depth + 1)}
    </details>
  );
}

function renderEntries(tree: TreeContext, entries: [string, unknown][], depth: number) {
  const items = [];
  for (const [key, value] of entries) {
    if (tree.budget.values <= 0 || depth > MAX_TREE_DEPTH) {
      tree.budget.isCut = true;
      break;
    }
    items.push(<li>{renderValue(tree, key, value, depth)}</li>);
  }
  return <ul>{items}</ul>;
}

function describeSize(c: Context, value: object, count: number): string {
  const messages = messagesFor(c, FILES_MESSAGES).content;
  const formatted = formatCount(languageOf(c), count);
  return Array.isArray(value)
    ? `[${messages.arrayItems(count, formatted)}]`
    : `{${messages.objectItems(count, formatted)}}`;
}

function cutText(budget: TreeBudget, text: string): string {
  if (text.length <= MAX_VALUE_CHARACTERS) return visibleName(text);
  budget.isCut = true;
  return `${visibleName(text.slice(0, MAX_VALUE_CHARACTERS).toWellFormed())}…`;
}

/** Long lists, a page at a time: where a page begins, and the link to the one after it. */

import type { Context } from "hono";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** How much of a list is on one page. */
const PAGE_SIZE = 50;

/** The field of a page's address that says after what of the list it begins. */
const CURSOR_PARAMETER = "after";

/** A part of a list, and the address of the next one; null: it is the last. */
export interface ListPage<T> {
  items: T[];
  next: string | null;
  isFirst: boolean;
}

/**
 * The page of a list that the address asks for. `load` finds at most so many after a mark ("" for the
 * first page), `markOf` says the mark of the last one on a page.
 */
export async function loadPage<T>(
  c: Context,
  load: (after: string, limit: number) => Promise<T[]>,
  cursorOf: (last: T) => string,
): Promise<ListPage<T>> {
  const after = c.req.query(CURSOR_PARAMETER) ?? "";
  const found = await load(after, PAGE_SIZE + 1);
  const items = found.slice(0, PAGE_SIZE);
  const last = found.length > PAGE_SIZE ? items.at(-1) : undefined;
  const next = last === undefined ? null : nextPagePath(c, cursorOf(last));
  return { items, next, isFirst: after === "" };
}

/** The page's own address but for where it begins. */
function nextPagePath(c: Context, mark: string): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.set(CURSOR_PARAMETER, mark);
  return `${pathname}?${searchParams}`;
}

/** Where something stands in a list by time (milliseconds since 1970), of which the newest is first. */
export interface TimeCursor {
  at: number;
  id: string;
}

/** The mark of a place. */
export const encodeCursor = ({ at, id }: TimeCursor): string => `${at}.${id}`;

/** The place that a mark is of; null, the beginning, if it is none that we have given. */
export function decodeCursor(mark: string): TimeCursor | null {
  const [, at, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(mark) ?? [];
  return at !== undefined && id !== undefined ? { at: Number(at), id } : null;
}

/** The link to the next page, if there is one. */
export const NextPageLink = ({ c, next }: { c: Context; next: string | null }) =>
  next === null ? null : (
    <p>
      <a href={next}>{messagesFor(c, UI_MESSAGES).nextPage}</a>
    </p>
  );

/** Pagination of long lists by cursor. */

import type { Context } from "hono";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** Items on one page. */
const PAGE_SIZE = 50;

/** The query parameter with the cursor: the last item of the previous page. */
const CURSOR_PARAMETER = "after";

/** A page of a list. */
export interface ListPage<T> {
  items: T[];
  /** Path and query of the next page; null on the last one. */
  next: string | null;
  isFirst: boolean;
}

/**
 * Loads the page of a list that the request asks for. `load` finds at most `limit` items after a
 * cursor ("" for the first page); `cursorOf` gives the cursor of the last item of a page.
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

function nextPagePath(c: Context, cursor: string): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.set(CURSOR_PARAMETER, cursor);
  return `${pathname}?${searchParams}`;
}

/** The position of an entry in a list by time (milliseconds since 1970), newest first. */
export interface TimeCursor {
  at: number;
  id: string;
}

/** Formats a cursor as text; the inverse of `decodeCursor`. */
export const encodeCursor = ({ at, id }: TimeCursor): string => `${at}.${id}`;

/** Parses a cursor. Returns null, which means the start of the list, if it is not valid. */
export function decodeCursor(text: string): TimeCursor | null {
  const [, at, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(text) ?? [];
  return at !== undefined && id !== undefined ? { at: Number(at), id } : null;
}

/** The link to the next page, if there is one. */
export const NextPageLink = ({ c, next }: { c: Context; next: string | null }) =>
  next === null ? null : (
    <p>
      <a href={next}>{messagesFor(c, UI_MESSAGES).nextPage}</a>
    </p>
  );

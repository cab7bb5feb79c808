/** The queries of the pages of folders: which view, order and page of them is asked for. */

import type { ItemOrder, ItemPosition } from "../storage/browse";
import type { RowKey } from "../storage/row-keys";

/** The order that a query asks for; that of names unless it names another one. */
export const parseItemOrder = (text: string | undefined): ItemOrder =>
  text === "size" || text === "time" ? text : "name";

/** The position after which a page of items begins; null: the first page. */
export function parseItemPosition(
  order: ItemOrder,
  query: { after?: string | undefined; value?: string | undefined },
): ItemPosition | null {
  if (query.after === undefined) return null;
  if (order === "name") return { name: query.after, value: null };
  const isNumber = /^\d{1,16}$/.test(query.value ?? "");
  return isNumber ? { name: query.after, value: Number(query.value) } : null;
}

/** The query of a page of items. */
export function itemQuery(order: ItemOrder, after: ItemPosition | null): string {
  const query = new URLSearchParams();
  if (order !== "name") query.set("sort", order);
  if (after !== null) query.set("after", after.name);
  if (after !== null && after.value !== null) query.set("value", String(after.value));
  return `?${query}`;
}

/** A position in the index as text; the inverse of `parseRowPosition`. */
export const formatRowPosition = ({ parent, name }: RowKey): string =>
  JSON.stringify([parent, name]);

/** Parses a position in the index. Returns null, which means the beginning, if it is not valid. */
export function parseRowPosition(text: string | undefined): RowKey | null {
  try {
    const [parent, name] = JSON.parse(text ?? "[]");
    return typeof parent === "string" && typeof name === "string" ? { parent, name } : null;
  } catch {
    return null;
  }
}

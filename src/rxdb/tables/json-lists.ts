/** Lists of rows or texts as JSON for `json_each(?)`, so that few statements handle many. */

/** Characters of a list: SQLite takes values of 2 MB in a Durable Object, and JSON in JSON grows. */
const MAX_LIST_LENGTH = 400_000;

/**
 * Runs a statement over rows, in batches that SQLite can take: `runBatch` gets a list for
 * `json_each(?)`. A row that is too long for a list goes to `runOne` instead.
 */
export function runInBatches<Row extends SqlStorageValue[]>(
  rows: Row[],
  runBatch: (list: string) => void,
  runOne: (row: Row) => void,
): void {
  const items: string[] = [];
  for (const row of rows) {
    const json = JSON.stringify(row);
    if (json.length > MAX_LIST_LENGTH) runOne(row);
    else items.push(json);
  }
  for (const list of joinItems(items)) runBatch(list);
}

/** Returns texts as lists for `json_each(?)`, in their order. */
export const toJsonLists = (texts: string[]): Iterable<string> =>
  joinItems(texts.map((text) => JSON.stringify(text)));

function* joinItems(items: string[]): Generator<string> {
  let list: string[] = [];
  let length = 0;
  for (const item of items) {
    if (list.length > 0 && length + item.length > MAX_LIST_LENGTH) {
      yield `[${list.join(",")}]`;
      list = [];
      length = 0;
    }
    list.push(item);
    length += item.length + 1;
  }
  if (list.length > 0) yield `[${list.join(",")}]`;
}

/** Many rows in few statements. */

/** SQLite in an object takes values of 2 MB; as JSON in JSON a text can grow. */
const MAX_LIST_LENGTH = 400_000;

/**
 * Runs a statement over rows as `json_each(?)` gives them, in lists that SQLite can take. A row that
 * is longer than a list goes to `runOne`, with its values.
 */
export function inLists<Row extends SqlStorageValue[]>(
  rows: Row[],
  run: (list: string) => void,
  runOne: (row: Row) => void,
): void {
  const short: string[] = [];
  for (const row of rows) {
    const json = JSON.stringify(row);
    if (json.length > MAX_LIST_LENGTH) runOne(row);
    else short.push(json);
  }
  for (const list of joined(short)) run(list);
}

/** Texts as lists for `json_each(?)`, in their order. */
export const listsOf = (texts: string[]): Iterable<string> =>
  joined(texts.map((text) => JSON.stringify(text)));

function* joined(items: string[]): Generator<string> {
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

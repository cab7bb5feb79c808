/** Many rows in few statements. */

/** SQLite in an object takes values of 2 MB; as JSON in JSON a text can grow. */
const MAX_LIST_LENGTH = 400_000;

/**
 * Runs a statement over rows as `json_each(?)` gives them, in lists that SQLite can take. One row
 * that is longer than a list goes to `runOne`, with its values.
 */
export function inLists<Row extends SqlStorageValue[]>(
  rows: Row[],
  run: (list: string) => void,
  runOne: (row: Row) => void,
): void {
  let list: string[] = [];
  let length = 0;
  const flush = () => {
    if (list.length > 0) run(`[${list.join(",")}]`);
    list = [];
    length = 0;
  };
  for (const row of rows) {
    const json = JSON.stringify(row);
    if (json.length > MAX_LIST_LENGTH) {
      flush();
      runOne(row);
      continue;
    }
    if (length + json.length > MAX_LIST_LENGTH) flush();
    list.push(json);
    length += json.length + 1;
  }
  flush();
}

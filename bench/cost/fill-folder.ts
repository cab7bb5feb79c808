/** Fills folders with generated documents: rows in the index, without bodies. */

/** Rows that one statement inserts. */
const ROWS_PER_STATEMENT = 10_000;

/** Length of each generated document. */
export const GENERATED_BYTES = 1024;

/**
 * Adds documents to a folder ("/a/b/"), with the same rows that commits would leave: creates the
 * folder if needed, and adds bytes and documents to all folders above it. Returns the size of the
 * database in bytes.
 */
export async function fillFolder(
  db: D1Database,
  account: string,
  folder: string,
  documents: number,
): Promise<number> {
  const statements = [];
  for (let start = 0; start < documents; start += ROWS_PER_STATEMENT) {
    statements.push(
      db
        .prepare(INSERT_DOCUMENTS)
        .bind(
          account,
          folder,
          start,
          Math.min(start + ROWS_PER_STATEMENT, documents),
          GENERATED_BYTES,
        ),
    );
  }
  statements.push(
    db
      .prepare(UPSERT_FOLDERS)
      .bind(account, JSON.stringify(folderChain(folder)), documents, documents * GENERATED_BYTES),
  );
  const results = await db.batch(statements);
  return results.at(-1)?.meta.size_after ?? 0;
}

/** The id of the account with this name. */
export async function findAccountId(db: D1Database, user: string): Promise<string> {
  const row = await db
    .prepare("SELECT id FROM accounts WHERE name = ?1")
    .bind(user)
    .first<{ id: string }>();
  if (row === null) throw new Error(`There is no account ${user}.`);
  return row.id;
}

/** [parent, name] of a folder and of all folders above it, starting with the root. */
function folderChain(folder: string): [string, string][] {
  const names = folder.split("/").slice(1, -1);
  const below = names.map((name, depth): [string, string] => [
    `/${names
      .slice(0, depth)
      .map((above) => `${above}/`)
      .join("")}`,
    `${name}/`,
  ]);
  return [["", "/"], ...below];
}

const INSERT_DOCUMENTS = `
  INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
  WITH RECURSIVE numbers (i) AS (SELECT ?3 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ?4)
  SELECT ?1, ?2, printf('generated-%07d', i), printf('generated-%012d', i), 'text/plain', ?5, 1, 0
  FROM numbers`;

const UPSERT_FOLDERS = `
  INSERT INTO nodes (account, parent, name, version, length, documents, modified)
  SELECT ?1, value ->> 0, value ->> 1, 'generated', ?4, ?3, 0 FROM json_each(?2) WHERE true
  ON CONFLICT (account, parent, name) DO UPDATE SET
    length = length + excluded.length,
    documents = documents + excluded.documents`;

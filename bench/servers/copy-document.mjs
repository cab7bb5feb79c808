/** Creates large folders in a database with Satchel's schema, without a request per document. */

/**
 * Copies the row of the only document in a folder until there are `count`, named document-0,
 * document-1 and so on, and updates the totals of the folders above, as the same number of PUTs would.
 * The copies have no bodies, so they are for listings only.
 * @param {import("@cloudflare/workers-types").D1Database} database
 * @param {string} user
 * @param {string} folder such as "/bench/large/", which contains document-0
 * @param {number} count
 */
export async function copyDocument(database, user, folder, count) {
  await database.batch([
    database
      .prepare(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?3)
         INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
         SELECT d.account, d.parent, 'document-' || n, substr(d.version, 1, 12) || n,
                d.type, d.length, 1, d.modified
         FROM accounts a
         JOIN nodes d ON d.account = a.id AND d.parent = ?2 AND d.name = 'document-0'
         JOIN numbers
         WHERE a.name = ?1`,
      )
      .bind(user, folder, count),
    database
      .prepare(
        `UPDATE nodes SET
           documents = documents + ?3 - 1,
           length = length + (?3 - 1) * (
             SELECT d.length FROM nodes d
             WHERE d.account = nodes.account AND d.parent = ?2 AND d.name = 'document-0'
           )
         WHERE account = (SELECT id FROM accounts WHERE name = ?1)
           AND name LIKE '%/' AND substr(?2, 1, length(parent || name)) = parent || name`,
      )
      .bind(user, folder, count),
  ]);
}

/** Fills the index with many documents, without their bodies. */

import { env } from "cloudflare:workers";
import { accountId } from "./rows";

/**
 * Inserts documents of one byte each for a user who has stored nothing, as /many/<n % 50>/<n % 7>/<n>,
 * and their folders with the right totals.
 */
export async function fillIndex(user: string, count: number): Promise<void> {
  const account = await accountId(user);
  const documents = `
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count}),
    d AS (SELECT i, '/many/' || (i % 50) || '/' || (i % 7) || '/' AS folder FROM n)`;
  const folder = (parent: string, name: string, group: string): D1PreparedStatement =>
    env.DB.prepare(
      `${documents}
       INSERT INTO nodes (account, parent, name, version, length, documents, modified)
       SELECT ?1, ${parent}, ${name}, 'folder-version', count(*), count(*), 1 FROM d ${group}`,
    ).bind(account);
  await env.DB.batch([
    env.DB.prepare(
      `${documents}
       INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
       SELECT ?1, folder, i, 'version-' || i, 'text/plain', 1, 1, 1 FROM d`,
    ).bind(account),
    folder("''", "'/'", ""),
    folder("'/'", "'many/'", ""),
    folder("'/many/'", "(i % 50) || '/'", "GROUP BY i % 50"),
    folder("'/many/' || (i % 50) || '/'", "(i % 7) || '/'", "GROUP BY i % 50, i % 7"),
  ]);
}

/** Rows of the database, to compare before and after. */

import { env } from "cloudflare:workers";

let tables: string[] | undefined;

/** The tables; `traffic`, which every request may change, and the counts of rows are left out. */
export async function loadTables(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master
     WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT GLOB '_cf*' AND name NOT GLOB 'd1_*'
       AND name NOT IN ('traffic', 'row_counts')
     ORDER BY name`,
  ).all<{ name: string }>();
  return results.map(({ name }) => name);
}

/** All rows of all tables except `traffic`, which every request may change, and the counts of rows. */
export async function allRows(): Promise<Record<string, unknown[]>> {
  // No test file makes tables of its own.
  tables ??= await loadTables();
  const selects = tables.map((name) => env.DB.prepare(`SELECT * FROM ${name}`));
  const results = await env.DB.batch(selects);
  return Object.fromEntries(tables.map((name, i) => [name, results[i]?.results ?? []]));
}

/** A row of `grants`. */
export interface GrantRow {
  account: string;
  id: string;
  origin: string;
  scope: string;
  flow: string;
  created_at: number;
  expires_at: number | null;
}

/** The grants of a user. */
export async function grantRows(name: string): Promise<GrantRow[]> {
  const { results } = await env.DB.prepare(
    `SELECT g.* FROM grants g JOIN accounts a ON a.id = g.account WHERE a.name = ?
     ORDER BY g.created_at`,
  )
    .bind(name)
    .all<GrantRow>();
  return results;
}

/** The grants that a user has after the action and did not have before. */
export async function newGrantRows(
  name: string,
  action: () => Promise<unknown>,
): Promise<GrantRow[]> {
  const before = new Set((await grantRows(name)).map(({ id }) => id));
  await action();
  return (await grantRows(name)).filter(({ id }) => !before.has(id));
}

const accountIds = new Map<string, string>();

/** The id of a user's account, which never changes. */
export async function accountId(name: string): Promise<string> {
  const known = accountIds.get(name);
  if (known !== undefined) return known;
  const id = await env.DB.prepare("SELECT id FROM accounts WHERE name = ?").bind(name).first("id");
  if (typeof id === "string") accountIds.set(name, id);
  return String(id);
}

/** The activity log of a user, oldest first: each kind with its details. */
export async function activityRows(name: string): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare(
    `SELECT y.kind, y.detail FROM activity y JOIN accounts a ON a.id = y.account
     WHERE a.name = ? ORDER BY y.at`,
  )
    .bind(name)
    .all<{ kind: string; detail: string }>();
  return results.map(({ kind, detail }) => ({ kind, ...JSON.parse(detail) }));
}

/** What stands in the index, to see that a refusal has changed nothing. */

import { env } from "cloudflare:workers";

/** Every row of every table, but for what the provider counts for itself now and then. */
export async function allRows(): Promise<Record<string, unknown[]>> {
  const { results: tables } = await env.DB.prepare(
    `SELECT name FROM sqlite_master
     WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT GLOB '_cf*' AND name NOT GLOB 'd1_*'
       AND name <> 'traffic'
     ORDER BY name`,
  ).all<{ name: string }>();
  const answers = await env.DB.batch(
    tables.map(({ name }) => env.DB.prepare(`SELECT * FROM ${name}`)),
  );
  return Object.fromEntries(tables.map(({ name }, i) => [name, answers[i]?.results ?? []]));
}

export interface GrantRow {
  account: string;
  id: string;
  origin: string;
  scope: string;
  flow: string;
  created_at: number;
  expires_at: number | null;
}

/** What a person has allowed. */
export async function grantRows(name: string): Promise<GrantRow[]> {
  const { results } = await env.DB.prepare(
    `SELECT g.* FROM grants g JOIN accounts a ON a.id = g.account WHERE a.name = ?
     ORDER BY g.created_at`,
  )
    .bind(name)
    .all<GrantRow>();
  return results;
}

/** The grants that a person has after something and had not before. */
export async function newGrantRows(
  name: string,
  action: () => Promise<unknown>,
): Promise<GrantRow[]> {
  const before = new Set((await grantRows(name)).map(({ id }) => id));
  await action();
  return (await grantRows(name)).filter(({ id }) => !before.has(id));
}

export async function accountId(name: string): Promise<string> {
  const row = await env.DB.prepare("SELECT id FROM accounts WHERE name = ?").bind(name).first();
  return String(row?.id);
}

/** What a person did, as the log of the account has it, the oldest first. */
export async function activityRows(name: string): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare(
    `SELECT y.kind, y.detail FROM activity y JOIN accounts a ON a.id = y.account
     WHERE a.name = ? ORDER BY y.at`,
  )
    .bind(name)
    .all<{ kind: string; detail: string }>();
  return results.map(({ kind, detail }) => ({ kind, ...JSON.parse(detail) }));
}

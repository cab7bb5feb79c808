/** Runs the erasure of deleted accounts step by step, and checks what is left. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { advanceClock, MINUTE_MS } from "./clock";
import { allRows, loadTables } from "./rows";

/**
 * Advances the clock by two minutes and runs the alarm of a user's object until none is due any more.
 * Returns how often. The clock is ahead of the platform's, so that no alarm runs by itself.
 */
export async function runDueAlarms(user: string): Promise<number> {
  advanceClock(2 * MINUTE_MS);
  const object = env.USERS.getByName(user);
  for (let runs = 0; ; runs++) {
    const at = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    if (at === null || at > Date.now()) return runs;
    expect(await runDurableObjectAlarm(object)).toBe(true);
  }
}

/** Every row of every table that belongs to an account, except for its own row. */
export async function rowsOfAccount(account: string): Promise<unknown[]> {
  tables ??= await loadTablesOfAccounts();
  const selects = tables.map((name) =>
    env.DB.prepare(`SELECT * FROM ${name} WHERE account = ?`).bind(account),
  );
  return (await env.DB.batch(selects)).flatMap(({ results }) => results);
}

let tables: string[] | undefined;

/** The tables with rows of accounts. */
async function loadTablesOfAccounts(): Promise<string[]> {
  const all = await loadTables();
  const columns = await env.DB.batch<{ name: string }>(
    all.map((table) => env.DB.prepare(`PRAGMA table_info(${table})`)),
  );
  return all.filter((_, i) => columns[i]?.results.some(({ name }) => name === "account"));
}

/** How many rows of an account there are, except for its own row. */
export async function countRowsOfAccount(account: string): Promise<number> {
  tables ??= await loadTablesOfAccounts();
  const counts = tables.map((name) => `(SELECT count(*) FROM ${name} WHERE account = ?1)`);
  const count = await env.DB.prepare(`SELECT ${counts.join(" + ")} AS count`)
    .bind(account)
    .first<number>("count");
  return count ?? 0;
}

/** The keys of all bodies in R2 of an account, or with `isOwn` false of all others. */
export async function bodyKeysOf(account: string, isOwn = true): Promise<string[]> {
  const { objects } = await env.BODIES.list();
  const isOf = (key: string) => key.replace(/^rxdb\//, "").startsWith(`${account}/`);
  return objects.map(({ key }) => key).filter((key) => isOf(key) === isOwn);
}

/** All rows and bodies of other accounts. */
export async function dataOfOthers(account: string): Promise<unknown> {
  const tables = Object.entries(await allRows()).map(([name, rows]) => [
    name,
    rows.filter((row) => {
      const { account: owner, id } = row as { account?: string; id?: string };
      return owner !== account && id !== account;
    }),
  ]);
  return { tables, bodies: await bodyKeysOf(account, false) };
}

/** The account's own row. */
export const accountRow = (account: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare("SELECT * FROM accounts WHERE id = ?").bind(account).first();

/** Expects that only the name and the times of an account are left. */
export async function expectErased(user: string, account: string): Promise<void> {
  // Counting is one call; the rows say what is left.
  if ((await countRowsOfAccount(account)) > 0) expect(await rowsOfAccount(account)).toEqual([]);
  expect(await bodyKeysOf(account)).toEqual([]);
  expect(await accountRow(account)).toMatchObject({
    name: user,
    deleted_at: expect.any(Number),
    erased_at: expect.any(Number),
    email: null,
    quota_bytes: null,
    seen_at: null,
    is_admin: 0,
    display_name: null,
    picture: null,
  });
  const rest = await runInDurableObject(env.USERS.getByName(user), async (_, { storage }) => ({
    keys: [...storage.kv.list()],
    alarm: await storage.getAlarm(),
  }));
  expect(rest).toEqual({ keys: [], alarm: null });
}

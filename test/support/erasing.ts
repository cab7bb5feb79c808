/** The erasure of deleted accounts, from the outside and step by step. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { advanceClock, MINUTE_MS } from "./clock";
import { allRows } from "./rows";

/**
 * Lets the alarm of somebody's object ring, two minutes later, until nothing is due any more. Returns
 * how often. By a clock that is ahead, so that no alarm rings by itself.
 */
export async function ring(user: string): Promise<number> {
  advanceClock(2 * MINUTE_MS);
  const object = env.USERS.getByName(user);
  for (let rings = 0; ; rings++) {
    const at = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    if (at === null || at > Date.now()) return rings;
    expect(await runDurableObjectAlarm(object)).toBe(true);
  }
}

/** Every row of every table that names an account, but for the account itself. */
export async function rowsOf(account: string): Promise<unknown[]> {
  const { accounts: _, ...tables } = await allRows();
  return Object.values(tables)
    .flat()
    .filter((row) => (row as { account?: string }).account === account);
}

/** The keys of all bodies in R2 of an account, or of all but it. */
export async function bodiesOf(account: string, isTheirs = true): Promise<string[]> {
  const { objects } = await env.BODIES.list();
  const isOf = (key: string) => key.replace(/^rxdb\//, "").startsWith(`${account}/`);
  return objects.map(({ key }) => key).filter((key) => isOf(key) === isTheirs);
}

/** Everything that there is of anybody else. */
export async function othersOf(account: string): Promise<unknown> {
  const tables = Object.entries(await allRows()).map(([name, rows]) => [
    name,
    rows.filter((row) => {
      const { account: owner, id } = row as { account?: string; id?: string };
      return owner !== account && id !== account;
    }),
  ]);
  return { tables, bodies: await bodiesOf(account, false) };
}

/** The account's own row. */
export const accountRow = (account: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare("SELECT * FROM accounts WHERE id = ?").bind(account).first();

/** Expects that nothing is left of an account but its name and its times. */
export async function expectErased(user: string, account: string): Promise<void> {
  expect(await rowsOf(account)).toEqual([]);
  expect(await bodiesOf(account)).toEqual([]);
  expect(await accountRow(account)).toMatchObject({
    name: user,
    deleted_at: expect.any(Number),
    erased_at: expect.any(Number),
    email: null,
    quota_bytes: null,
    seen_at: null,
    is_admin: 0,
  });
  const rest = await runInDurableObject(env.USERS.getByName(user), async (_, { storage }) => ({
    keys: [...storage.kv.list()],
    alarm: await storage.getAlarm(),
  }));
  expect(rest).toEqual({ keys: [], alarm: null });
}

/** The ways in to an account: which there are, and setting or removing the password. */

import type { Env } from "../env";
import { withRetry } from "../platform/retry";
import { problemOf } from "./accounts";
import { entryOf } from "./activity";
import { deletePassword, loadPassword, replacePassword } from "./db/passwords";
import { loadWaysIn, type WaysIn } from "./db/sign-in-methods";
import { type Refused, refuse } from "./refusals";
import type { Session } from "./sessions";

export type { WaysIn };

/** How the owner of this account can come in. */
export const waysIn = (db: D1Database, account: string): Promise<WaysIn> => loadWaysIn(db, account);

/**
 * Gives the account of a session another password, or its first, and ends all its other sessions.
 * Refuses with `short-password`, `long-password`, and `overtaken` where another change came first.
 */
export async function setPassword(
  env: Env,
  { account, hash: session }: Session,
  password: string,
  now: number,
): Promise<{ ok: true } | Refused> {
  const problem = problemOf(password);
  if (problem) return refuse(problem);
  const old = await loadPassword(env.DB, account.id);
  const user = env.USERS.getByName(account.name);
  const wanted = await withRetry(() => user.hashPassword(password));
  const deed = entryOf({ kind: "password-set" }, now);
  const isDone = await replacePassword(env.DB, account.id, { old, wanted }, session, deed);
  return isDone ? { ok: true } : refuse({ code: "overtaken" });
}

/**
 * Takes the password away and ends all other sessions. Refuses with `last-way-in` where there is no
 * passkey.
 */
export async function removePassword(
  env: Env,
  { account, hash: session }: Session,
  now: number,
): Promise<{ ok: true } | Refused> {
  const old = await loadPassword(env.DB, account.id);
  if (old === null) return { ok: true };
  const deed = entryOf({ kind: "password-removed" }, now);
  const isDone = await deletePassword(env.DB, account.id, old, session, deed);
  return isDone ? { ok: true } : refuse({ code: "last-way-in" });
}

/** What administrators do with accounts. */

import type { Account } from "../accounts/accounts";
import { planErasure } from "../accounts/deletion";
import { makeResetLink } from "../accounts/links";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { recheckModules } from "../modules/modules";
import {
  type AccountQuery,
  type AccountSummary,
  changeQuota,
  close,
  loadSummaries,
  loadSummary,
  makeAdministrator,
  noteResetLink,
  resume,
  suspend,
  unmakeAdministrator,
} from "./db/accounts";
import type { Act } from "./log";

export type { AccountQuery, AccountSummary };

/** Which accounts can be asked for. */
export const ACCOUNT_STATES = [
  "all",
  "suspended",
  "administrators",
] as const satisfies AccountQuery["state"][];

/** Those that are asked for whose names come after `after`, in the order of their names. */
export const findAccounts = (
  db: D1Database,
  query: AccountQuery,
  after: string,
  limit: number,
): Promise<AccountSummary[]> => loadSummaries(db, query, after, limit);

/** An account by its name; null if there is none, or none any more. */
export const findAccount = (db: D1Database, name: string): Promise<AccountSummary | null> =>
  loadSummary(db, name);

/** What can be done with an account, by the last part of the address of its page. */
const ACCOUNT_ACTS = [
  "suspend",
  "resume",
  "quota",
  "reset-link",
  "make-administrator",
  "unmake-administrator",
  "delete",
] as const;

export type AccountAct = (typeof ACCOUNT_ACTS)[number];

/** What may be done with this account by this administrator: what `actOn` would not refuse. */
export function possibleActs(account: AccountSummary, admin: Account): AccountAct[] {
  const isOwn = account.id === admin.id;
  const isOpen = account.suspendedAt === null;
  const isPossible: Record<AccountAct, boolean> = {
    suspend: isOpen && !isOwn,
    resume: !isOpen,
    quota: true,
    "reset-link": true,
    "make-administrator": isOpen && !account.isAdmin,
    "unmake-administrator": account.isAdmin && !isOwn,
    delete: !isOwn,
  };
  return ACCOUNT_ACTS.filter((act) => isPossible[act]);
}

const KINDS = {
  suspend: "suspended",
  resume: "resumed",
  "reset-link": "reset-link-made",
  "make-administrator": "administrator-made",
  "unmake-administrator": "administrator-unmade",
  delete: "account-deleted",
} as const satisfies Record<Exclude<AccountAct, "quota">, Act["kind"]>;

/**
 * Does it, and writes it into the log of administrators and, where it concerns them, of the person.
 * False, and nothing written, where it cannot be done (any more).
 */
export async function actOn(
  env: Env,
  admin: Account,
  account: AccountSummary,
  name: Exclude<AccountAct, "quota" | "reset-link">,
  now: number,
): Promise<boolean> {
  const act = entry(admin, account, { kind: KINDS[name] }, now);
  const isDone = await WORK[name](env.DB, act);
  if (isDone && (name === "suspend" || name === "delete")) await recheckModules(env, account.id);
  if (isDone && name === "delete") await planErasure(env, account);
  return isDone;
}

const WORK = {
  suspend,
  resume,
  "make-administrator": makeAdministrator,
  "unmake-administrator": unmakeAdministrator,
  delete: close,
};

/** Gives an account another quota (bytes); null: that of the provider. Answers as `actOn` does. */
export const setQuota = (
  env: Env,
  admin: Account,
  account: AccountSummary,
  quotaBytes: number | null,
  now: number,
): Promise<boolean> =>
  changeQuota(
    env.DB,
    entry(admin, account, { kind: "quota-changed", quotaBytes }, now),
    quotaBytes,
  );

/** A link by which the person gets in again; null where it cannot be made (any more). */
export async function giveResetLink(
  env: Env,
  admin: Account,
  account: AccountSummary,
  now: number,
): Promise<string | null> {
  // The log goes first: a line about a link that was not made is better than a link without one.
  const isNoted = await noteResetLink(
    env.DB,
    entry(admin, account, { kind: "reset-link-made" }, now),
  );
  return isNoted ? makeResetLink(env, account.id, now) : null;
}

const entry = (admin: Account, account: AccountSummary, act: Act, now: number) => ({
  at: now,
  id: randomId(),
  admin: admin.id,
  target: account.id,
  act,
});

/** The actions of administrators on an account: suspend, resume, change its quota, delete and others. */

import type { Account } from "../accounts/accounts";
import { scheduleErasure } from "../accounts/deletion";
import { createResetLink } from "../accounts/links";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { recheckSockets } from "../modules/modules";
import type { AdminAction } from "./admin-action";
import {
  type AccountSummary,
  closeOtherAccount,
  grantAdministrator,
  type PendingAccountAction,
  recordResetLink,
  resumeAccount,
  revokeAdministrator,
  suspendAccount,
  updateQuota,
} from "./db/accounts";

/** The actions, each named as the last segment of its page's path. */
const ACCOUNT_ACTIONS = [
  "suspend",
  "resume",
  "quota",
  "reset-link",
  "make-administrator",
  "unmake-administrator",
  "delete",
] as const;

export type AccountAction = (typeof ACCOUNT_ACTIONS)[number];

/** The actions without input of their own. */
type SimpleAction = Exclude<AccountAction, "quota" | "reset-link">;

/** The actions that this administrator can perform on this account now. */
export function availableActions(account: AccountSummary, admin: Account): AccountAction[] {
  const isOwn = account.id === admin.id;
  const isSuspended = account.suspendedAt !== null;
  const isAvailable: Record<AccountAction, boolean> = {
    suspend: !isSuspended && !isOwn,
    resume: isSuspended,
    quota: true,
    "reset-link": true,
    "make-administrator": !isSuspended && !account.isAdmin,
    "unmake-administrator": account.isAdmin && !isOwn,
    delete: !isOwn,
  };
  return ACCOUNT_ACTIONS.filter((action) => isAvailable[action]);
}

/** The kind of audit log entry for each action. */
const LOG_KINDS = {
  suspend: "suspended",
  resume: "resumed",
  "make-administrator": "administrator-made",
  "unmake-administrator": "administrator-unmade",
  delete: "account-deleted",
} as const satisfies Record<SimpleAction, AdminAction["kind"]>;

const OPERATIONS: Record<
  SimpleAction,
  (db: D1Database, action: PendingAccountAction) => Promise<boolean>
> = {
  suspend: suspendAccount,
  resume: resumeAccount,
  "make-administrator": grantAdministrator,
  "unmake-administrator": revokeAdministrator,
  delete: closeOtherAccount,
};

/**
 * Performs the action and records it in the audit log and, where it concerns its user, in the
 * account's activity. Returns false, and changes nothing, if the action is not (or no longer) possible.
 */
export async function performAction(
  env: Env,
  admin: Account,
  account: AccountSummary,
  action: SimpleAction,
  now: number,
): Promise<boolean> {
  const pending = pendingAction(admin, account, { kind: LOG_KINDS[action] }, now);
  const isDone = await OPERATIONS[action](env.DB, pending);
  if (isDone && (action === "suspend" || action === "delete"))
    await recheckSockets(env, account.id);
  if (isDone && action === "delete") await scheduleErasure(env, account);
  return isDone;
}

/** Sets the account's quota in bytes; null: the default. Returns the same as `performAction`. */
export const changeQuota = (
  env: Env,
  admin: Account,
  account: AccountSummary,
  quotaBytes: number | null,
  now: number,
): Promise<boolean> =>
  updateQuota(
    env.DB,
    pendingAction(admin, account, { kind: "quota-changed", quotaBytes }, now),
    quotaBytes,
  );

/**
 * Creates a link with which a locked-out user can sign in again. Returns its path, or null if the action
 * is not possible.
 */
export async function issueResetLink(
  env: Env,
  admin: Account,
  account: AccountSummary,
  now: number,
): Promise<string | null> {
  // Logged first: a log entry without a link is better than a link without a log entry.
  const isLogged = await recordResetLink(
    env.DB,
    pendingAction(admin, account, { kind: "reset-link-made" }, now),
  );
  return isLogged ? createResetLink(env, account.id, now) : null;
}

const pendingAction = (
  admin: Account,
  account: AccountSummary,
  action: AdminAction,
  now: number,
): PendingAccountAction => ({
  at: now,
  id: randomId(),
  admin: admin.id,
  target: account.id,
  action,
});

/** Invitations to sign up, and the set-up link that makes the first administrator. */

import type { Account } from "../accounts/accounts";
import { randomId, randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import type { TimeCursor } from "../ui/paging";
import {
  deleteOldInvitations,
  type InvitationRow,
  insertInvitation,
  isSetUp,
  loadInvitation,
  loadInvitations,
  revokeInvitation,
  useSetUp,
} from "./db/invitations";

export type Invitation = InvitationRow;

/** The most that an invitation can be good for. */
export const MOST = { uses: 1000, days: 365, noteLength: 100 };

/** What an administrator decides about an invitation. */
export interface Wish {
  /** For whom it is. */
  note: string;
  maxUses: number;
  days: number;
  /** Of who comes by it; null: that of the provider. */
  quotaBytes: number | null;
  isAdmin: boolean;
}

/** Makes an invitation and returns its secret, which is known to nobody else; null: not an administrator. */
export async function makeInvitation(
  env: Env,
  admin: Account,
  { days, ...wish }: Wish,
  now: number,
): Promise<string | null> {
  const secret = randomSecret();
  const hash = await sha256(secret);
  const act = { kind: "invitation-made" as const, ...wish };
  const invitation = { ...wish, hash, createdAt: now, expiresAt: now + days * DAY_MS };
  const entry = { at: now, id: randomId(), admin: admin.id, target: null, act };
  return (await insertInvitation(env.DB, entry, invitation)) ? secret : null;
}

/** The newest first, a page at a time. */
export const listInvitations = (
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<Invitation[]> => loadInvitations(db, before, limit);

export const findInvitation = (db: D1Database, hash: string): Promise<Invitation | null> =>
  loadInvitation(db, hash);

/** Whether somebody can come by it still. */
export const isGood = ({ uses, maxUses, expiresAt }: Invitation, now: number): boolean =>
  expiresAt > now && uses < maxUses;

/** Ends an invitation. False, and nothing written, if that is done by no administrator. */
export const endInvitation = (
  env: Env,
  admin: Account,
  { hash, note }: Invitation,
  now: number,
): Promise<boolean> => {
  const act = { kind: "invitation-revoked" as const, note };
  const entry = { at: now, id: randomId(), admin: admin.id, target: null, act };
  return revokeInvitation(env.DB, entry, hash);
};

/** Whether this secret is that of a set-up link that is good still. */
export const isSetUpLink = async (env: Env, secret: string, now: number): Promise<boolean> =>
  isSetUp(env.DB, await sha256(secret), now);

/** Makes the account one of an administrator; false if the link is not good (any more). */
export const setUpWith = async (
  env: Env,
  secret: string,
  account: Account,
  now: number,
): Promise<boolean> =>
  useSetUp(env.DB, { at: now, id: randomId() }, account.id, await sha256(secret));

/**
 * For the daily round: those that are over by which nobody has come, and, whoever has, those whose
 * making the log has forgotten: for whom they were is kept no longer than there (ADMIN_LOG_DAYS).
 */
export const deleteExpiredInvitations = (db: D1Database, now: number): D1PreparedStatement =>
  deleteOldInvitations(db, now);

/** Invitations to sign up, and the set-up link for the first administrator. */

import type { Account } from "../accounts/accounts";
import { randomId, randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import type { TimeCursor } from "../ui/paging";
import {
  consumeSetUpLink,
  deleteInvitationsExpiredAt,
  expireInvitation,
  type InvitationRow,
  insertInvitation,
  isSetUpHashValid,
  loadInvitationByHash,
  loadInvitations,
} from "./db/invitations";

export type Invitation = InvitationRow;

/** Upper limits of an invitation's uses, days of validity and note (in UTF-16 code units). */
export const INVITATION_LIMITS = { uses: 1000, days: 365, noteLength: 100 };

/** The input for a new invitation. */
export interface InvitationInput {
  /** The recipient, for administrators to read. */
  note: string;
  maxUses: number;
  days: number;
  /** Quota of accounts created with it; null: the provider's default. */
  quotaBytes: number | null;
  isAdmin: boolean;
}

/**
 * Creates an invitation. Returns its secret, of which only the hash is stored; null if the caller is not
 * an administrator.
 */
export async function createInvitation(
  env: Env,
  admin: Account,
  { days, ...input }: InvitationInput,
  now: number,
): Promise<string | null> {
  const secret = randomSecret();
  const hash = await sha256(secret);
  const action = { kind: "invitation-made" as const, ...input };
  const invitation = { ...input, hash, createdAt: now, expiresAt: now + days * DAY_MS };
  const pending = { at: now, id: randomId(), admin: admin.id, target: null, action };
  return (await insertInvitation(env.DB, pending, invitation)) ? secret : null;
}

/** Lists at most `limit` invitations, newest first, only those before `before` if it is given. */
export const listInvitations = (
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<Invitation[]> => loadInvitations(db, before, limit);

/** Finds an invitation. Returns null if not found. */
export const findInvitation = (db: D1Database, hash: string): Promise<Invitation | null> =>
  loadInvitationByHash(db, hash);

/** Whether the invitation can still be used to sign up. */
export const isInvitationOpen = ({ uses, maxUses, expiresAt }: Invitation, now: number): boolean =>
  expiresAt > now && uses < maxUses;

/** Ends an invitation. Returns false, and writes nothing, if the caller is not an administrator. */
export const revokeInvitation = (
  env: Env,
  admin: Account,
  { hash, note }: Invitation,
  now: number,
): Promise<boolean> => {
  const action = { kind: "invitation-revoked" as const, note };
  const pending = { at: now, id: randomId(), admin: admin.id, target: null, action };
  return expireInvitation(env.DB, pending, hash);
};

/** Whether this is the secret of a set-up link that is unused and unexpired. */
export const isSetUpLinkValid = async (env: Env, secret: string, now: number): Promise<boolean> =>
  isSetUpHashValid(env.DB, await sha256(secret), now);

/** Makes the account an administrator with a set-up link. Returns false if the link is not valid. */
export const becomeAdministrator = async (
  env: Env,
  secret: string,
  account: Account,
  now: number,
): Promise<boolean> =>
  consumeSetUpLink(env.DB, { at: now, id: randomId() }, account.id, await sha256(secret));

/**
 * The daily job's statement that deletes expired invitations: unused ones at once, used ones when
 * their audit log entry has expired, so that their notes are kept no longer than there (ADMIN_LOG_DAYS).
 */
export const deleteExpiredInvitations = (db: D1Database, now: number): D1PreparedStatement =>
  deleteInvitationsExpiredAt(db, now);

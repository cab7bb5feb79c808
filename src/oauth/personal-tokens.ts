/**
 * Tokens that no app has asked for: personal access tokens, which users create for programs without a browser, and tokens
 * of our own pages, whose scripts read or write the storage as an app does.
 */

import type { Account } from "../accounts/accounts";
import { type ActivityEvent, insertActivity, newActivityEntry } from "../accounts/activity";
import { isId, randomId } from "../core/secrets";
import { MINUTE_MS } from "../core/time";
import type { Env } from "../env";
import { signAccessToken } from "./access-tokens";
import { deleteGrant } from "./db/grant-changes";
import { extendGrant, grantExists, insertGrant, loadGrantsById } from "./db/grants";

/**
 * Creates a token with a grant of its own. The token is returned once and not stored. `expiresAt` is
 * in milliseconds since 1970; null: until it is disconnected. Returns null if the account has as many
 * grants as it may have.
 */
export async function createPersonalToken(
  env: Env,
  account: Account,
  { label, scope, expiresAt }: { label: string; scope: string; expiresAt: number | null },
  now: number,
): Promise<string | null> {
  const id = randomId();
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const token = await signAccessToken(env, claims, expiresAt, now);
  const grant = { ...grantOfNoApp(claims, label, now), expiresAt };
  const entry = newActivityEntry({ kind: "token-made", app: label, scope }, now);
  const activity = insertActivity(env.DB, account.id, entry, grantExists(id));
  return (await insertGrant(env.DB, grant, [activity])) ? token : null;
}

const grantOfNoApp = (
  { account, grant: id, scope }: { account: string; grant: string; scope: string },
  label: string,
  now: number,
) => ({
  account,
  id,
  origin: "",
  appUrl: "",
  label,
  scope,
  flow: "token" as const,
  createdAt: now,
});

/** How long the token of a page is valid after it was created or renewed: a page renews it twice as often, and more. */
const PAGE_TOKEN_LIFETIME_MS = 5 * MINUTE_MS;

/** The ids of their grants begin like this, so that no other grant can be renewed. */
const ID_PREFIX = "page-";

/** What a page needs a token for. */
export interface PageTokenRequest {
  /** The name among the connected apps. */
  label: string;
  /** A scope parameter. */
  scope: string;
  /** What the activity log says of it; null: nothing. */
  event: ActivityEvent | null;
}

/** A token, and the id of its grant, by which it is renewed and ended. */
interface PageToken {
  id: string;
  token: string;
}

/**
 * Creates a token for a page, which keeps it in memory. Its grant ends a few minutes after the page has last said that
 * it is still at work. Returns null if the account has as many grants as it may have.
 */
export async function createPageToken(
  env: Env,
  account: Account,
  { label, scope, event }: PageTokenRequest,
  now: number,
): Promise<PageToken | null> {
  const id = ID_PREFIX + randomId().slice(ID_PREFIX.length);
  const claims = { account: account.id, user: account.name, grant: id, scope };
  // The token itself does not expire: a document that is being sent would be refused at its end.
  const token = await signAccessToken(env, claims, null, now);
  const grant = { ...grantOfNoApp(claims, label, now), expiresAt: now + PAGE_TOKEN_LIFETIME_MS };
  const entry = event && newActivityEntry(event, now);
  const activity = entry ? [insertActivity(env.DB, account.id, entry, grantExists(id))] : [];
  return (await insertGrant(env.DB, grant, activity)) ? { id, token } : null;
}

/**
 * Renews a token. Otherwise says why not: it has expired, as in a computer that slept, and the page may get another;
 * or it was ended, perhaps by the user, who then has to be asked.
 */
export async function renewPageToken(
  env: Env,
  account: string,
  id: string,
  now: number,
): Promise<"renewed" | "expired" | "ended"> {
  if (!isPageGrant(id)) return "ended";
  const isRenewed = await extendGrant(env.DB, account, id, now + PAGE_TOKEN_LIFETIME_MS, now);
  if (isRenewed) return "renewed";
  const [grant] = await loadGrantsById(env.DB, account, [id]);
  return grant === undefined ? "ended" : "expired";
}

/** Ends a token that is not needed any more; idempotent. */
export async function endPageToken(env: Env, account: string, id: string): Promise<void> {
  if (isPageGrant(id)) await deleteGrant(env, account, id, []);
}

const isPageGrant = (id: string): boolean => isId(id) && id.startsWith(ID_PREFIX);

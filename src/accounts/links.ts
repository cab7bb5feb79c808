/**
 * One-time links, /link/<secret>, which reset a sign-in, recover it, or confirm an email address.
 * An administrator hands over the first (`reset`); the others (`recover`, `email`) are sent by email.
 * Opening a link changes nothing: mail programs open them, too.
 */

import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS, HOUR_MS } from "../core/time";
import type { Env } from "../env";
import { newActivityEntry } from "./activity";
import { confirmEmail } from "./db/email";
import { deleteOtherLinks, insertLink, loadLink, type OneTimeLink } from "./db/links";
import { deleteExpiredOneTimeTokens, type OneTimeToken } from "./db/one-time-tokens";
import { deleteSignInMethods } from "./db/sign-in-methods";

export { deleteExpiredOneTimeTokens, type OneTimeLink };

/** How long a link that is sent by email is valid. */
export const EMAIL_LINK_HOURS = 1;

/**
 * Creates a link to hand to a user who has lost all sign-in methods, valid for a day. Using it removes
 * the old sign-in methods, ends all sessions, and signs in. Returns its path.
 */
export async function createResetLink(env: Env, account: string, now: number): Promise<string> {
  const secret = randomSecret();
  const link = { hash: await sha256(secret), purpose: "reset" as const, account, email: null };
  await insertLink(env.DB, link, now + DAY_MS, now);
  return linkPath(secret);
}

/**
 * Creates a link to be sent to an address. Returns its path, or null if the account already has as
 * many valid links of this purpose as it may have.
 */
export async function createEmailLink(
  env: Env,
  purpose: "recover" | "email",
  { id, email }: { id: string; email: string },
  now: number,
): Promise<string | null> {
  const secret = randomSecret();
  const link = { hash: await sha256(secret), purpose, account: id, email };
  const expiresAt = now + EMAIL_LINK_HOURS * HOUR_MS;
  return (await insertLink(env.DB, link, expiresAt, now)) ? linkPath(secret) : null;
}

/** The link with this secret. Returns null if it is not valid, or no longer. */
export const findLink = async (
  env: Env,
  secret: string,
  now: number,
): Promise<OneTimeLink | null> => loadLink(env.DB, await sha256(secret), now);

/** The one-time token that a link carries. */
export const tokenOfLink = ({ hash, account }: OneTimeLink): OneTimeToken => ({
  table: "links",
  hash,
  account: account.id,
});

/** What using a link does besides signing in; guarded by its token. */
export function linkEffects(env: Env, link: OneTimeLink, now: number): D1PreparedStatement[] {
  const token = tokenOfLink(link);
  switch (link.purpose) {
    case "reset":
      return [...deleteSignInMethods(env.DB, token), deleteOtherLinks(env.DB, token, null)];
    case "recover":
      return [deleteOtherLinks(env.DB, token, "recover")];
    case "email": {
      const email = link.email ?? "";
      const entry = newActivityEntry({ kind: "email-set", email }, now);
      // Links that were sent to the previous address must not sign anybody in any more.
      return [
        ...confirmEmail(env.DB, token, email, entry),
        deleteOtherLinks(env.DB, token, "email"),
        deleteOtherLinks(env.DB, token, "recover"),
      ];
    }
  }
}

const linkPath = (secret: string): string => `/link/${secret}`;

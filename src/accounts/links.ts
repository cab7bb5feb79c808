/**
 * Links that work once, at /link/<secret>: `reset`, which an administrator hands over, and `recover`
 * and `email`, which are sent by mail. Opening one does nothing: mail programs open them, too.
 */

import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { entryOf } from "./activity";
import { confirmEmail } from "./db/email";
import {
  deleteExpiredTickets,
  deleteOtherLinks,
  insertLink,
  type Link,
  loadLink,
  type Ticket,
} from "./db/one-time-tokens";
import { deleteWaysIn } from "./db/sign-in-methods";

export { deleteExpiredTickets, type Link };

/** A link by mail works for so long. */
export const MAIL_LINK_HOURS = 1;

/**
 * Makes a link for somebody who has lost every way in, to be handed to them: used within a day, it
 * voids the old ways in and all sessions, and lets in. Returns its path.
 */
export async function makeResetLink(env: Env, account: string, now: number): Promise<string> {
  const secret = randomSecret();
  const link = { hash: await sha256(secret), purpose: "reset" as const, account, email: null };
  await insertLink(env.DB, link, now + DAY_MS, now);
  return pathOf(secret);
}

/** Makes a link to be sent to an address. Returns its path; null if enough are on their way. */
export async function makeMailLink(
  env: Env,
  purpose: "recover" | "email",
  { id, email }: { id: string; email: string },
  now: number,
): Promise<string | null> {
  const secret = randomSecret();
  const link = { hash: await sha256(secret), purpose, account: id, email };
  const expiresAt = now + MAIL_LINK_HOURS * 60 * 60 * 1000;
  return (await insertLink(env.DB, link, expiresAt, now)) ? pathOf(secret) : null;
}

/** The link with this secret, if it still works. */
export const findLink = async (env: Env, secret: string, now: number): Promise<Link | null> =>
  loadLink(env.DB, await sha256(secret), now);

export const ticketOf = ({ hash, account }: Link): Ticket => ({
  table: "links",
  hash,
  account: account.id,
});

/** What using a link does besides letting in, guarded by it. */
export function consequencesOf(env: Env, link: Link, now: number): D1PreparedStatement[] {
  const ticket = ticketOf(link);
  switch (link.purpose) {
    case "reset":
      return [...deleteWaysIn(env.DB, ticket), deleteOtherLinks(env.DB, ticket, null)];
    case "recover":
      return [deleteOtherLinks(env.DB, ticket, "recover")];
    case "email": {
      const email = link.email ?? "";
      const deed = entryOf({ kind: "email-set", email }, now);
      // Links that were sent to the address before are not to let in any more.
      return [
        ...confirmEmail(env.DB, ticket, email, deed),
        deleteOtherLinks(env.DB, ticket, "email"),
        deleteOtherLinks(env.DB, ticket, "recover"),
      ];
    }
  }
}

const pathOf = (secret: string): string => `/link/${secret}`;

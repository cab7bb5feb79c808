/** The profile of an account in D1. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import type { PublicProfile } from "../public-profile";
import { insertActivity } from "./activity";

/** What the provider keeps about a user. */
export interface Profile extends PublicProfile {
  /** Milliseconds since 1970. */
  createdAt: number;
  /** When the user last opened a page while signed in; accurate to the hour. */
  seenAt: number | null;
  email: string | null;
  /** Hosts of personal domains, in alphabetical order. */
  domains: string[];
}

/** Loads the profile of an existing account. One round trip. */
export async function loadProfile(db: D1Database, account: string): Promise<Profile> {
  const [own, domains] = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `SELECT created_at AS createdAt, seen_at AS seenAt, email,
                  display_name AS displayName, picture
           FROM accounts WHERE id = ?1`,
        )
        .bind(account),
      db.prepare("SELECT host FROM domains WHERE account = ?1 ORDER BY host").bind(account),
    ]),
  );
  const [profile] = (own?.results ?? []) as unknown as [Omit<Profile, "domains">];
  const hosts = (domains?.results ?? []) as unknown as { host: string }[];
  return { ...profile, domains: hosts.map(({ host }) => host) };
}

/** Sets the public profile; does nothing if it is the same already. */
export async function setPublicProfile(
  db: D1Database,
  account: string,
  { displayName, picture }: PublicProfile,
  entry: ActivityEntry,
): Promise<void> {
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: `EXISTS (SELECT 1 FROM accounts WHERE id = :account AND deleted_at IS NULL
                      AND (display_name IS NOT :displayName OR picture IS NOT :picture))`,
        values: { displayName, picture },
      }),
      db
        .prepare(
          `UPDATE accounts SET display_name = ?2, picture = ?3
           WHERE id = ?1 AND deleted_at IS NULL
             AND (display_name IS NOT ?2 OR picture IS NOT ?3)`,
        )
        .bind(account, displayName, picture),
    ]),
  );
}

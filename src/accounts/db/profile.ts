/** The profile of an account in D1. */

import { withRetry } from "../../platform/retry";

/** What the provider keeps about a user. */
export interface Profile {
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
          "SELECT created_at AS createdAt, seen_at AS seenAt, email FROM accounts WHERE id = ?1",
        )
        .bind(account),
      db.prepare("SELECT host FROM domains WHERE account = ?1 ORDER BY host").bind(account),
    ]),
  );
  const [{ createdAt, seenAt, email }] = (own?.results ?? []) as unknown as [
    Omit<Profile, "domains">,
  ];
  const hosts = (domains?.results ?? []) as unknown as { host: string }[];
  return { createdAt, seenAt, email, domains: hosts.map(({ host }) => host) };
}

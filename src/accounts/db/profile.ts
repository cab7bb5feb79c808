/** What the provider keeps about a person, in D1. */

import { withRetry } from "../../platform/retry";

export interface Profile {
  /** Milliseconds since 1970. */
  createdAt: number;
  /** When a page was opened while signed in, to the hour. */
  seenAt: number | null;
  email: string | null;
  /** Hosts, in the order of the alphabet. */
  domains: string[];
}

/** Of an account that exists. One round trip. */
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

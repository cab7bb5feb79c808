/** Who is known here, and by which personal domains. */

/**
 * The name of the account behind a user name, or behind a personal domain; null if there is none.
 * Give one of them, and null for the other.
 */
export async function findUser(
  db: D1Database,
  name: string | null,
  host: string | null,
): Promise<string | null> {
  const row = await db
    .prepare(
      `SELECT name FROM accounts WHERE name = ?1
       UNION ALL
       SELECT a.name FROM domains d JOIN accounts a ON a.id = d.account WHERE d.host = ?2`,
    )
    .bind(name, host)
    .first<{ name: string }>();
  return row?.name ?? null;
}

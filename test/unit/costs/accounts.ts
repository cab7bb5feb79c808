/** Accounts of a given size: rows as their users and apps could have made them, inserted directly. */

import { env } from "cloudflare:workers";
import { DAY_MS, dayNumber } from "../../../src/core/time";
import { connectApp, createUser, type TestApp, type TestUser } from "../../support/provider";
import { accountId } from "../../support/rows";

/** How many rows an account has of each kind, and how long their texts are. */
interface AccountSize {
  grants: number;
  scopes: number;
  urlLength: number;
  daysOfUse: number;
  refreshTokens: number;
  sessions: number;
  passkeys: number;
  entriesOfEachKind: number;
  /** Scopes that each of these entries names. */
  scopesOfEntries: number;
  modules: number;
  domains: number;
}

/** A few of everything. */
export const ORDINARY: AccountSize = {
  grants: 5,
  scopes: 1,
  urlLength: 40,
  daysOfUse: 31,
  refreshTokens: 1,
  sessions: 3,
  passkeys: 2,
  entriesOfEachKind: 2,
  scopesOfEntries: 1,
  modules: 3,
  domains: 1,
};

/** As much as there may be: docs/limitations.md. */
export const LARGEST: AccountSize = {
  grants: 999,
  scopes: 64,
  urlLength: 2048,
  daysOfUse: 31,
  refreshTokens: 8,
  sessions: 100,
  passkeys: 50,
  entriesOfEachKind: 500,
  scopesOfEntries: 64,
  modules: 100,
  domains: 10,
};

/** A user with an app, and whatever else is in the account. */
export interface SizedAccount extends TestUser {
  id: string;
  app: TestApp;
}

/** Kinds of entries of the activity log with long details. */
const ENTRY_KINDS = [
  "sign-in",
  "app-allowed",
  "app-changed",
  "app-disconnected",
  "token-made",
  "passkey-renamed",
  "database-deleted",
  "export",
];

const scopeOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${i}`.padEnd(64, "m").concat(":rw")).join(" ");

const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** Creates a user with an account of this size. */
export async function createAccount(size: AccountSize): Promise<SizedAccount> {
  const user = await createUser();
  const app = await connectApp(user);
  const id = await accountId(user.name);
  await withoutTriggers(() =>
    env.DB.batch([...rowsOf(id, size), ...domainsOf(user.name, id, size)]),
  );
  return { ...user, id, app };
}

/** Runs an action without triggers, which limit what there are no more than the limit of. */
async function withoutTriggers(action: () => Promise<unknown>): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
  ).all<{ name: string; sql: string }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`DROP TRIGGER ${name}`)));
  await action();
  await env.DB.batch(results.map(({ sql }) => env.DB.prepare(sql)));
}

/** The name of one of the account's modules. */
export const moduleName = (index: number): string => `${index}`.padEnd(64, "m");

/** The origin of one of the account's apps. */
export const originOf = (index: number): string => `https://app${index}.example`;

function rowsOf(id: string, size: AccountSize): D1PreparedStatement[] {
  const now = Date.now();
  const insert = (sql: string, count: number, ...values: unknown[]) =>
    env.DB.prepare(`INSERT INTO ${sql.replace("SELECT", `${numbers(count)} SELECT`)} FROM n`).bind(
      id,
      now,
      ...values,
    );
  const [scope, scopeOfEntries] = [scopeOf(size.scopes), scopeOf(size.scopesOfEntries)];
  return [
    insert(
      `grants (account, id, origin, app_url, scope, flow, created_at)
       SELECT ?1, 'grant' || i, 'https://app' || i || '.example', ?4, ?3, 'code', ?2 - i`,
      size.grants,
      scope,
      `https://app.example/${"u".repeat(size.urlLength - 20)}`,
    ),
    insert(
      `app_use (account, grant_id, day, requests, bytes, last_at)
       SELECT ?1, 'grant' || (1 + i / ?3), ?4 - i % ?3, 1, 1, ?2`,
      size.grants * size.daysOfUse - 1,
      size.daysOfUse,
      dayNumber(now),
    ),
    insert(
      `refresh_tokens (hash, account, grant_id, expires_at)
       SELECT ?1 || 'refresh' || i, ?1, 'grant' || (i % ?3), ?2 + 86400000`,
      size.grants * size.refreshTokens,
      size.grants,
    ),
    insert(
      `sessions (hash, account, created_at, expires_at, proved_at, seen_at, device)
       SELECT ?1 || 'session' || i, ?1, ?2 - i, ?2 + 86400000, 0, ?2 - i, 'Firefox on Linux'`,
      size.sessions,
    ),
    insert(
      "rxdb_modules (account, module, bytes) SELECT ?1, substr(i || ?3, 1, 64), 1",
      size.modules,
      "m".repeat(64),
    ),
    insert(
      `passkeys (id, account, public_key, counter, transports, name, created_at)
       SELECT ?1 || 'passkey' || i, ?1, 'key', 0, '[]', ?3, ?2`,
      size.passkeys,
      "N".repeat(60),
    ),
    ...ENTRY_KINDS.map((kind) =>
      insert(
        "activity (account, at, id, kind, detail) SELECT ?1, ?2 - i, ?3 || i, ?3, ?4",
        size.entriesOfEachKind,
        kind,
        JSON.stringify({
          ...{ way: "passkey", device: "Firefox on Linux", country: "AT" },
          ...{ app: "https://app.example", scope: scopeOfEntries },
          ...{ name: "n".repeat(60), module: moduleName(1) },
        }),
      ),
    ),
  ];
}

/** One of the account's domains, which are proved. */
export const domainOf = (user: string, index = 1): string => `d${index}.${user}.example`;

const domainsOf = (user: string, id: string, { domains }: AccountSize): D1PreparedStatement[] =>
  Array.from({ length: domains }, (_, index) => domainOf(user, index + 1)).flatMap((host) => [
    env.DB.prepare("INSERT INTO domains (host, account) VALUES (?1, ?2)").bind(host, id),
    env.DB.prepare(
      `INSERT INTO domain_claims (host, account, value, created_at, next_check_at, verified_at)
       VALUES (?1, ?2, ?3, 1, ?4, ?4)`,
    ).bind(host, id, "v".repeat(300), Date.now() + 30 * DAY_MS),
  ]);

/** Fills what administrators see: accounts, invitations, the audit log and the traffic. */
export async function fillProvider(count: number): Promise<void> {
  const now = Date.now();
  const insert = (sql: string) =>
    env.DB.prepare(
      `INSERT INTO ${sql.replace("SELECT", `${numbers(count)} SELECT`)} FROM n WHERE ?1 > 0`,
    ).bind(now);
  await env.DB.batch([
    insert("accounts (id, name, created_at) SELECT 'id' || i, 'name' || i, ?1"),
    insert(
      `nodes (account, parent, name, version, length, documents, modified)
       SELECT 'id' || i, '', '/', 'version', 1, 1, ?1`,
    ),
    insert(
      `invitations (hash, note, max_uses, created_at, expires_at)
       SELECT 'invitation' || i, 'note', 1, ?1, ?1 + ${DAY_MS}`,
    ),
    insert("domains (host, account) SELECT 'd' || i || '.example', 'id' || i"),
    insert(
      `domain_claims (host, account, value, created_at, next_check_at)
       SELECT 'c' || i || '.example', 'id' || i, 'value', ?1, ?1 + ${DAY_MS}`,
    ),
    insert(
      `admin_log (at, id, admin, kind, account, detail)
       SELECT ?1 - i, 'entry' || i || '_', 'boss', 'suspended', 'name' || i, '{}'`,
    ),
    insert(
      `traffic (day, route, status, requests, bytes, milliseconds)
       SELECT ${dayNumber(now)} - i % 31, 'GET /' || i, 2, 1, 1, 1`,
    ),
  ]);
}

/** What a person has allowed an app: made at consent, gone when they disconnect it. */

import type { Account } from "../accounts/accounts";
import { type Deed, entryOf, insertActivity, recordDeed } from "../accounts/activity";
import { formatScopes, parseScopes, type Scope } from "../core/scope";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import type { Language } from "../ui/language";
import { type AccessClaims, signAccessToken } from "./access-tokens";
import { deleteOldUsage } from "./app-usage";
import { narrowScopes } from "./consent-answer";
import {
  anyChangeApplies,
  deleteAllGrants,
  deleteExpiredRows,
  deleteGrant,
  deleteGrantsOfApp,
  type GrantChange,
  type GrantRow,
  grantExists,
  insertGrant,
  loadGrant,
  loadGrants,
  loadGrantsAndHistory,
  narrowGrants,
  selectGrantStatus,
} from "./db/grants";
import { OAUTH_MESSAGES } from "./messages";
import type { RedirectUri } from "./redirect-uri";

/** What a person has just allowed an app, before it is a grant. */
export interface Consent {
  account: Account;
  redirectUri: RedirectUri;
  /** A scope parameter. */
  scope: string;
  /** Milliseconds since 1970; null: until the app is disconnected. */
  expiresAt: number | null;
}

/** For the log of the person, in the batch that keeps what was allowed. */
export const recordConsent = (
  db: D1Database,
  { account, redirectUri, scope }: Consent,
  now: number,
): D1PreparedStatement =>
  recordDeed(db, account.id, { kind: "app-allowed", app: redirectUri.origin, scope }, now);

/** Asks whether the grant of a token stands; for a batch. `grantStanding` reads the answer. */
export const grantStatusStatement = (
  db: D1Database,
  claims: Pick<AccessClaims, "account" | "grant">,
  now: number,
): D1PreparedStatement => selectGrantStatus(db, claims.account, claims.grant, now);

/** What a grant says of who shows its token. */
interface GrantStatus {
  scopes: Scope[];
  isSuspended: boolean;
}

/** How a grant stands, or null if it was revoked or has expired. */
export function parseGrantStatus(result: D1Result | undefined): GrantStatus | null {
  const [row] = (result?.results ?? []) as { scope: string; suspendedAt: number | null }[];
  const scopes = row ? parseScopes(row.scope) : null;
  return row && scopes ? { scopes, isSuspended: row.suspendedAt !== null } : null;
}

/** An app that is connected to an account, by all its grants. */
export interface ConnectedApp {
  /** Names it among the apps of its person: its origin, or where it has none the id of its grant. */
  id: string;
  /** '' where it has none: a device, or a token that was made by hand. */
  origin: string;
  /** Its origin, or what it is called. */
  name: string;
  /** Where it was opened last; '' where it has no origin. */
  url: string;
  scopes: Scope[];
  /** How it was let in. */
  flows: GrantRow["flow"][];
  /** Ids of its grants. */
  grantIds: string[];
  /** Milliseconds since 1970. */
  connectedAt: number;
  /** When its last grant ends; null: until it is disconnected. */
  expiresAt: number | null;
}

/** The apps of an account, the longest connected first. An app may have a grant per device. */
export const listConnectedApps = async (
  db: D1Database,
  account: string,
  now: number,
): Promise<ConnectedApp[]> => groupByApp(await loadGrants(db, account, now));

/**
 * The app of an origin as it is connected to an account, if it is, and whether the person has ever
 * allowed it anything, as far as we remember.
 */
export async function findConnectedApp(
  db: D1Database,
  account: string,
  origin: string,
  now: number,
): Promise<{ connected: ConnectedApp | undefined; isKnown: boolean }> {
  const { grants, hasMet } = await loadGrantsAndHistory(db, account, origin, now);
  return { connected: groupByApp(grants).find(({ id }) => id === origin), isKnown: hasMet };
}

function groupByApp(grants: GrantRow[]): ConnectedApp[] {
  return [...Map.groupBy(grants, ({ origin, id }) => origin || id)].map(([id, grants]) => {
    const latest = grants.at(-1) as GrantRow;
    return {
      id,
      origin: latest.origin,
      name: appName(latest),
      url: latest.appUrl,
      scopes: parseScopes(grants.map(({ scope }) => scope).join(" ")) ?? [],
      flows: [...new Set(grants.map(({ flow }) => flow))],
      grantIds: grants.map(({ id }) => id),
      connectedAt: Math.min(...grants.map(({ createdAt }) => createdAt)),
      expiresAt: latestExpiry(grants),
    };
  });
}

const appName = ({ origin, label, id }: GrantRow): string => origin || (label ?? id);

/** What somebody with these scopes may do, in words: "notes (read and change), photos (read only)". */
export function describeScopes(scopes: Scope[], language: Language = "en"): string {
  const { all, levels } = OAUTH_MESSAGES[language];
  return scopes
    .map(({ module, level }) => `${module === "*" ? all : module} (${levels[level]})`)
    .join(", ");
}

/**
 * Ends every grant of the app: its tokens are refused from the next request on, and what it has open
 * is closed.
 */
export const disconnectApp = (
  env: Env,
  account: string,
  app: Pick<ConnectedApp, "id" | "name">,
  now: number,
): Promise<void> =>
  deleteGrantsOfApp(env, account, app.id, [
    recordDeed(env.DB, account, { kind: "app-disconnected", app: app.name }, now),
  ]);

/** Ends one grant because of what came with it: a token given back, or one that was used before. */
export async function revokeGrant(
  env: Env,
  account: string,
  id: string,
  why: Extract<Deed, { kind: "app-ended" }>["why"],
  now: number,
): Promise<void> {
  const grant = await loadGrant(env.DB, account, id, now);
  const ended = grant && entryOf({ kind: "app-ended", app: appName(grant), why }, now);
  const deeds = ended ? [insertActivity(env.DB, account, ended, grantExists(id))] : [];
  await deleteGrant(env, account, id, deeds);
}

/** Ends every grant of an account. */
export const disconnectAllApps = (env: Env, account: string, now: number): Promise<void> =>
  deleteAllGrants(env, account, [recordDeed(env.DB, account, { kind: "all-disconnected" }, now)]);

/** What is taken from an app: for which modules (the fields of a form), and when it ends at last. */
interface Narrowing {
  levels: URLSearchParams;
  /** Milliseconds since 1970; null: as before. */
  expiresAt: number | null;
}

/** How often to look again if a grant of the app comes or changes meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Cuts every grant of an app to a limit; nothing ever gets wider or longer, and a grant that is left
 * nothing ends. Tokens that were given out keep to what is left from the next request on. False if
 * the limit names something that is no level, or if grants came faster than they could be cut.
 */
export async function narrowApp(
  env: Env,
  account: string,
  app: ConnectedApp,
  limit: Narrowing,
  now: number,
): Promise<boolean> {
  if (narrowScopes(app.scopes, limit.levels) === null) return false;
  let grants = (await loadGrants(env.DB, account, now)).filter(
    ({ origin, id }) => (origin || id) === app.id,
  );
  const entry = entryOf(limitDeed(app, limit), now);
  for (let looks = 0; looks < MAX_ATTEMPTS; looks++) {
    const cuts = grants.map((grant) => changeOfGrant(grant, limit)).filter((cut) => cut !== null);
    if (cuts.length === 0) return true;
    // The same entry each time: it is in the log once, if anything is cut.
    const deed = insertActivity(env.DB, account, entry, anyChangeApplies(cuts));
    grants = await narrowGrants(env, account, app.id, cuts, [deed], now);
  }
  return grants.every((grant) => changeOfGrant(grant, limit) === null);
}

/** What a limit changes of a grant; null: nothing. */
function changeOfGrant(grant: GrantRow, { levels, expiresAt: end }: Narrowing): GrantChange | null {
  const { account, id, scope, expiresAt } = grant;
  const scopes = narrowScopes(parseScopes(scope) ?? [], levels) ?? [];
  const left = {
    scope: scopes.length === 0 ? null : formatScopes(scopes),
    expiresAt: end === null ? expiresAt : Math.min(end, expiresAt ?? end),
  };
  const isSame = left.scope === scope && left.expiresAt === expiresAt;
  return isSame ? null : { account, id, old: { scope, expiresAt }, left };
}

function limitDeed({ name, scopes }: ConnectedApp, { levels }: Narrowing): Deed {
  const scope = formatScopes(narrowScopes(scopes, levels) ?? []);
  return scope === ""
    ? { kind: "app-disconnected", app: name }
    : { kind: "app-changed", app: name, scope };
}

/** Makes a token by hand, for a program that cannot ask for one. It is shown once and not kept. */
export async function createPersonalToken(
  env: Env,
  account: Account,
  { label, scope, expiresAt }: { label: string; scope: string; expiresAt: number | null },
  now: number,
): Promise<string> {
  const id = randomId();
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const token = await signAccessToken(env, claims, expiresAt, now);
  const grant = {
    account: account.id,
    id,
    origin: "",
    appUrl: "",
    label,
    scope,
    flow: "token" as const,
    createdAt: now,
    expiresAt,
  };
  const deed = recordDeed(env.DB, account.id, { kind: "token-made", app: label, scope }, now);
  await insertGrant(env.DB, grant, [deed]);
  return token;
}

/** Forgets what has expired, and the use of what is gone; for the daily round. */
export const deleteExpiredGrants = (db: D1Database, now: number): D1PreparedStatement[] => [
  ...deleteExpiredRows(db, now),
  ...deleteOldUsage(db, now),
];

const latestExpiry = (grants: GrantRow[]): number | null =>
  grants.some(({ expiresAt }) => expiresAt === null)
    ? null
    : Math.max(...grants.map(({ expiresAt }) => expiresAt ?? 0));

/** What an app is called that has this grant: its origin, or its label; null: the grant is gone. */
export async function appNameOfGrant(
  db: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<string | null> {
  const grant = await loadGrant(db, account, id, now);
  return grant && appName(grant);
}

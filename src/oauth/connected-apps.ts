/** The apps connected to an account: listing, narrowing and disconnecting them. */

import { type ActivityEvent, activityStatement, newActivityEntry } from "../accounts/activity";
import { formatScopes, MAX_SCOPES, mergeScopes, parseScopes, type Scope } from "../core/scope";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { narrowScopes } from "./consent-form";
import {
  type AppPosition,
  loadGrantsOfLatest,
  loadGrantsOfPage,
  loadGrantsOfUnused,
} from "./db/app-list";
import {
  deleteAllGrants,
  deleteGrantsOfApps,
  type GrantChange,
  narrowGrants,
} from "./db/grant-changes";
import { type GrantRow, loadGrants, loadGrantsAndHistory } from "./db/grants";
import { appName } from "./grants";

/** An app that is connected to an account, with all its grants: it may have one per device. */
export interface ConnectedApp {
  /** Unique among the apps of the account, as `APP_ID` has it. */
  id: string;
  /** "" for a device and for a personal token, which have no origin. */
  origin: string;
  /** Its origin, or its label without one. */
  name: string;
  /** What a program at a loopback port calls itself; null for any other app. */
  label: string | null;
  /** Where the user can open it; "" if that is not known. */
  url: string;
  scopes: Scope[];
  /** How it was connected. */
  flows: GrantRow["flow"][];
  grantIds: string[];
  /** When its first grant was created, milliseconds since 1970. */
  connectedAt: number;
  /** The same for its latest grant. */
  lastConnectedAt: number;
  /** When its last grant expires, milliseconds since 1970; null: never. */
  expiresAt: number | null;
}

/** Some of an account's apps, and the number of all of their kind. */
export interface CountedApps {
  apps: ConnectedApp[];
  count: number;
}

/** A page of the apps of an account, the longest connected first. */
export const listConnectedApps = async (
  db: D1Database,
  account: string,
  now: number,
  after: AppPosition | null,
  limit: number,
): Promise<ConnectedApp[]> => inOrder(await loadGrantsOfPage(db, account, now, after, limit));

/** The position of an app in the list, from which the next page starts. */
export const positionOf = ({ connectedAt, grantIds }: ConnectedApp): AppPosition => ({
  at: connectedAt,
  id: grantIds.toSorted()[0] ?? "",
});

/** The apps that were connected last, the latest of them at the end. */
export async function listLatestApps(
  db: D1Database,
  account: string,
  now: number,
  limit: number,
): Promise<CountedApps> {
  const { grants, apps } = await loadGrantsOfLatest(db, account, now, limit);
  return { apps: inOrder(grants), count: apps };
}

/** How long an app must not have been used to be offered for disconnecting. */
const UNUSED_AFTER_MS = 365 * DAY_MS;

/** The first of the apps that were neither used nor connected anew for a year. */
export async function listUnusedApps(
  db: D1Database,
  account: string,
  now: number,
  limit: number,
): Promise<CountedApps> {
  const since = now - UNUSED_AFTER_MS;
  const { grants, apps } = await loadGrantsOfUnused(db, account, now, since, limit);
  return { apps: inOrder(grants), count: apps };
}

/** Groups grants by app, in the order of the list. */
const inOrder = (grants: GrantRow[]): ConnectedApp[] =>
  groupByApp(grants).sort((one, other) => {
    const [a, b] = [positionOf(one), positionOf(other)];
    return a.at - b.at || (a.id < b.id ? -1 : 1);
  });

/** A connected app by its id. */
export const loadConnectedApp = async (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<ConnectedApp | undefined> => groupByApp(await loadGrants(db, account, id, now))[0];

/**
 * Finds a connected app by its origin. `isKnown` says whether the user has ever allowed that origin
 * anything, as far back as the activity log goes.
 */
export async function findConnectedApp(
  db: D1Database,
  account: string,
  origin: string,
  now: number,
): Promise<{ connected: ConnectedApp | undefined; isKnown: boolean }> {
  const { grants, isKnown } = await loadGrantsAndHistory(db, account, origin, now);
  return { connected: groupByApp(grants)[0], isKnown };
}

/** The grants are sorted by age, the oldest first. */
function groupByApp(grants: GrantRow[]): ConnectedApp[] {
  return [...Map.groupBy(grants, ({ app }) => app)].map(([id, grants]) => {
    const latest = grants.at(-1) as GrantRow;
    return {
      id,
      origin: latest.origin,
      name: appName(latest),
      label: latest.origin === "" ? null : latest.label,
      url: latest.appUrl,
      scopes: mergeScopes(grants.flatMap(({ scope }) => parseScopes(scope) ?? [])),
      flows: [...new Set(grants.map(({ flow }) => flow))],
      grantIds: grants.map(({ id }) => id),
      connectedAt: Math.min(...grants.map(({ createdAt }) => createdAt)),
      lastConnectedAt: latest.createdAt,
      expiresAt: latestExpiry(grants),
    };
  });
}

const latestExpiry = (grants: GrantRow[]): number | null =>
  grants.some(({ expiresAt }) => expiresAt === null)
    ? null
    : Math.max(...grants.map(({ expiresAt }) => expiresAt ?? 0));

/**
 * Revokes all grants of some apps: their tokens are refused from the next request on, and their open
 * sockets are closed.
 */
export const disconnectApps = (
  env: Env,
  account: string,
  apps: Pick<ConnectedApp, "id" | "name">[],
  now: number,
): Promise<void> =>
  deleteGrantsOfApps(
    env,
    account,
    apps.map(({ id }) => id),
    apps.map(({ name }) =>
      activityStatement(env.DB, account, { kind: "app-disconnected", app: name }, now),
    ),
  );

/** Revokes all grants of an account. */
export const disconnectAllApps = (env: Env, account: string, now: number): Promise<void> =>
  deleteAllGrants(env, account, [
    activityStatement(env.DB, account, { kind: "all-disconnected" }, now),
  ]);

/** What an app may keep. */
interface AccessLimit {
  /** A form with the level per module, as `narrowScopes` reads it. */
  levels: URLSearchParams;
  /** When its access ends at the latest, milliseconds since 1970; null: unchanged. */
  expiresAt: number | null;
}

/** How often to try if grants of the app are created or changed meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Narrows all grants of an app to a limit. No grant gets wider or longer, and one without a scope
 * left is revoked. Tokens that were already issued are narrowed with them, from the next request on.
 * Returns false if the limit names an unknown level, or if new grants keep being created meanwhile.
 */
export async function narrowApp(
  env: Env,
  account: string,
  app: ConnectedApp,
  limit: AccessLimit,
  now: number,
): Promise<boolean> {
  if (narrowScopes(app.scopes, limit.levels) === null) return false;
  let grants = await loadGrants(env.DB, account, app.id, now);
  const entry = newActivityEntry(narrowingEvent(app, limit), now);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const changes = grants
      .map((grant) => changeOfGrant(grant, limit))
      .filter((change) => change !== null);
    if (changes.length === 0) return true;
    grants = await narrowGrants(env, account, app.id, changes, entry, now);
  }
  return grants.every((grant) => changeOfGrant(grant, limit) === null);
}

/** Returns null if the grant is within the limit. */
function changeOfGrant(grant: GrantRow, limit: AccessLimit): GrantChange | null {
  const { account, id, scope, expiresAt } = grant;
  const scopes = narrowScopes(parseScopes(scope) ?? [], limit.levels) ?? [];
  const after = {
    scope: scopes.length === 0 ? null : formatScopes(scopes),
    expiresAt:
      limit.expiresAt === null
        ? expiresAt
        : Math.min(limit.expiresAt, expiresAt ?? limit.expiresAt),
  };
  const isSame = after.scope === scope && after.expiresAt === expiresAt;
  return isSame ? null : { account, id, before: { scope, expiresAt }, after };
}

function narrowingEvent({ name, scopes }: ConnectedApp, { levels }: AccessLimit): ActivityEvent {
  // The grants of an app may have any number of scopes together; an entry has those that fit a page.
  const scope = formatScopes((narrowScopes(scopes, levels) ?? []).slice(0, MAX_SCOPES));
  return scope === ""
    ? { kind: "app-disconnected", app: name }
    : { kind: "app-changed", app: name, scope };
}

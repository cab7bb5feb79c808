/** Caches for a minute what grants allow in one module. */

import { type Outcome, ok, refused } from "../../core/refusals";
import { accessLevel, type Scope } from "../../core/scope";
import type { Env } from "../../env";
import { type GrantStatus, loadGrantStatuses } from "../../oauth/grants";
import { BAD_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "../../storage/refusals";
import type { ModuleId } from "../handshake";

/** Whatever ends a grant notifies the object (`recheck`); this bounds the time if that gets lost. */
const CACHE_TTL_MS = 60_000;

type Level = Outcome<Scope["level"]>;

/**
 * Asks D1 what a grant allows in a module. Refuses with `unauthorized` if it was revoked or has expired,
 * with `insufficient-scope` if it does not cover the module, with `suspended` if the account is.
 */
export async function checkGrant(
  env: Env,
  { account, grant }: { account: string; grant: string },
  module: string,
  now: number,
): Promise<Level> {
  const statuses = await loadGrantStatuses(env.DB, account, [grant], now);
  return levelIn(module, statuses.get(grant));
}

function levelIn(module: string, status: GrantStatus | undefined): Level {
  if (status === undefined) return refused(BAD_TOKEN);
  if (status.isSuspended) return refused(SUSPENDED);
  const level = accessLevel(status.scopes, module);
  return level === null ? refused(OUT_OF_SCOPE) : ok(level);
}

/** The grants of one module that are in use. */
export class GrantCache {
  readonly #env: Env;
  readonly #id: ModuleId;
  readonly #levels = new Map<string, { level: Level; at: number }>();
  /** How often the cache was cleared. */
  #generation = 0;

  constructor(env: Env, id: ModuleId) {
    this.#env = env;
    this.#id = id;
  }

  /** Returns null if the grant is not cached, or was cached too long ago. */
  get(grant: string, now: number): Level | null {
    const cached = this.#levels.get(grant);
    return cached && Math.abs(now - cached.at) < CACHE_TTL_MS ? cached.level : null;
  }

  /** Asks D1 what a grant allows, as `checkGrant` does, and caches the answer. */
  async load(grant: string, now: number): Promise<Level> {
    const levels = await this.loadAll([grant], now);
    return levels.get(grant) as Level;
  }

  /** The same for several grants, with one call however many there are. */
  async loadAll(grants: string[], now: number): Promise<Map<string, Level>> {
    const { account, module } = this.#id;
    for (;;) {
      const generation = this.#generation;
      const statuses = await loadGrantStatuses(this.#env.DB, account, grants, now);
      // The cache was cleared during the request to D1, perhaps because one of the grants has just ended.
      if (generation !== this.#generation) continue;
      const levels = new Map(grants.map((grant) => [grant, levelIn(module, statuses.get(grant))]));
      for (const [grant, level] of levels) this.#levels.set(grant, { level, at: now });
      return levels;
    }
  }

  /** Whether no entry is older than a minute. */
  isFresh(now: number): boolean {
    return [...this.#levels.values()].every(({ at }) => Math.abs(now - at) < CACHE_TTL_MS);
  }

  /** Forgets all grants; those that are just being loaded are loaded again. */
  clear(): void {
    this.#generation++;
    this.#levels.clear();
  }
}

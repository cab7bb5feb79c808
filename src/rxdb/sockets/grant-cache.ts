/** What the grants of a module's sockets allow, as D1 says; remembered for a minute. */

import { type Outcome, ok, refused } from "../../core/refusals";
import { accessLevel, type Scope } from "../../core/scope";
import type { Env } from "../../env";
import { grantStatusStatement, parseGrantStatus } from "../../oauth/grants";
import { withRetry } from "../../platform/retry";
import { BAD_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "../../storage/refusals";
import type { Owner } from "../module";

/** Whoever revokes a grant says so at once (`recheck`); this is for what got lost. */
const BELIEVED_MS = 60_000;

type Level = Outcome<Scope["level"]>;

/**
 * What a grant allows in a module, as D1 says. Refuses with `unauthorized` one that was revoked or
 * has expired, with `insufficient-scope` one that does not reach the module, with `suspended`.
 */
export async function weighGrant(
  env: Env,
  claims: { account: string; grant: string },
  module: string,
  now: number,
): Promise<Level> {
  const question = grantStatusStatement(env.DB, claims, now);
  const standing = parseGrantStatus(await withRetry(() => question.all()));
  if (standing === null) return refused(BAD_TOKEN);
  if (standing.isSuspended) return refused(SUSPENDED);
  const level = accessLevel(standing.scopes, module);
  return level === null ? refused(OUT_OF_SCOPE) : ok(level);
}

/** The grants of one module. */
export class Standings {
  readonly #env: Env;
  readonly #owner: Owner;
  readonly #known = new Map<string, { level: Level; at: number }>();
  /** How often all was forgotten. */
  #round = 0;

  constructor(env: Env, owner: Owner) {
    this.#env = env;
    this.#owner = owner;
  }

  /** What a grant allows, if that is known; null: it has to be asked for. */
  recall(grant: string, now: number): Level | null {
    const known = this.#known.get(grant);
    return known && Math.abs(now - known.at) < BELIEVED_MS ? known.level : null;
  }

  /** `weighGrant` in the module, to be remembered. */
  async ask(grant: string, now: number): Promise<Level> {
    const { account, module } = this.#owner;
    for (;;) {
      const round = this.#round;
      const level = await weighGrant(this.#env, { account, grant }, module, now);
      // While D1 answered a grant may have ended: whoever said so believes that it is known here.
      if (round !== this.#round) continue;
      this.#known.set(grant, { level, at: now });
      return level;
    }
  }

  /** Whether all that has been asked was asked lately. */
  areFresh(now: number): boolean {
    return [...this.#known.values()].every(({ at }) => Math.abs(now - at) < BELIEVED_MS);
  }

  /** Asks again next time, and those again that are being asked. */
  forget(): void {
    this.#round++;
    this.#known.clear();
  }
}

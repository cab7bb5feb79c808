/** What the grants of a module's sockets allow, as D1 says; remembered for a minute. */

import { levelIn, type Scope } from "../core/scope";
import type { Env } from "../env";
import { askPatiently } from "../http/patience";
import { grantStanding, grantStatement } from "../oauth/grants";
import { BAD_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "../storage/verdicts";
import type { Owner } from "./module";
import { type Reply, refuse } from "./refusals";

/** Whoever revokes a grant says so at once (`recheck`); this is for what got lost. */
const BELIEVED_MS = 60_000;

type Level = Reply<Scope["level"]>;

/** The grants of one module. */
export class Standings {
  readonly #env: Env;
  readonly #owner: Owner;
  readonly #known = new Map<string, { level: Level; at: number }>();

  constructor(env: Env, owner: Owner) {
    this.#env = env;
    this.#owner = owner;
  }

  /** What a grant allows, if that is known; null: it has to be asked for. */
  recall(grant: string, now: number): Level | null {
    const known = this.#known.get(grant);
    return known && Math.abs(now - known.at) < BELIEVED_MS ? known.level : null;
  }

  /**
   * What a grant allows in the module. Refuses with `unauthorized` one that was revoked or has
   * expired, with `insufficient-scope` one that does not reach it, with `suspended`.
   */
  async ask(grant: string, now: number): Promise<Level> {
    const { account, module } = this.#owner;
    const question = grantStatement(this.#env.DB, { account, grant }, now);
    const standing = grantStanding(await askPatiently(() => question.all()));
    const level = standing && levelIn(standing.scopes, module);
    const answer: Level =
      standing === null
        ? refuse(BAD_TOKEN)
        : standing.isSuspended
          ? refuse(SUSPENDED)
          : level === null
            ? refuse(OUT_OF_SCOPE)
            : { ok: true, value: level as Scope["level"] };
    this.#known.set(grant, { level: answer, at: now });
    return answer;
  }

  /** Asks again next time. */
  forget(): void {
    this.#known.clear();
  }
}

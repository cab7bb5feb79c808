/** What listeners may be told of: by the grants of their apps, which are remembered for a while. */

import { type Outcome, ok, refused } from "../core/refusals";
import { isSubsetOf, type Scope } from "../core/scope";
import type { Env } from "../env";
import { type GrantStatus, loadGrantStatuses } from "../oauth/grants";
import { BAD_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "../storage/refusals";
import type { Listener } from "./handshake";

/** Whatever ends a grant has the sockets rechecked; this bounds the time if that gets lost. */
const GRANT_TTL_MS = 60_000;

/** A page is its owner's. */
const EVERYTHING: Scope[] = [{ module: "*", level: "r" }];

/** The permissions of the listeners of one user. */
export class ListenerPermissions {
  readonly #env: Env;
  readonly #clock: () => number;
  readonly #grants = new Map<string, { scopes: Scope[]; at: number }>();
  #timesForgotten = 0;

  constructor(env: Env, clock: () => number) {
    this.#env = env;
    this.#clock = clock;
  }

  /**
   * What a listener may read now. Refuses with `unauthorized` and `suspended`. A page is believed until its permission
   * expires: it has shown its session shortly before.
   */
  async check(listener: Listener): Promise<Outcome<Scope[]>> {
    if (this.hasExpired(listener)) return refused(BAD_TOKEN);
    const { account, grant } = listener;
    if (grant === null) return ok(EVERYTHING);
    const allowed = await this.checkGrants(account, [grant]);
    return allowed.get(grant) as Outcome<Scope[]>;
  }

  /**
   * What apps may read now, by their grants. Refuses as `check` does. What is not remembered is loaded with one call,
   * however many grants there are.
   */
  async checkGrants(account: string, grants: string[]): Promise<Map<string, Outcome<Scope[]>>> {
    const now = this.#clock();
    const before = this.#timesForgotten;
    const unknown = grants.filter((grant) => !this.#isFresh(grant));
    const statuses = await this.#load(account, unknown, now);
    // What was read may be from before the change.
    if (before !== this.#timesForgotten) return this.checkGrants(account, grants);
    for (const grant of unknown) {
      const status = statuses.get(grant);
      if (status && !status.isSuspended)
        this.#grants.set(grant, { scopes: status.scopes, at: now });
      else this.#grants.delete(grant);
    }
    const outcomeOf = (grant: string): Outcome<Scope[]> => {
      const known = this.#grants.get(grant);
      if (known) return ok(known.scopes);
      return refused(statuses.get(grant)?.isSuspended ? SUSPENDED : BAD_TOKEN);
    };
    return new Map(grants.map((grant) => [grant, outcomeOf(grant)]));
  }

  async #load(account: string, grants: string[], now: number): Promise<Map<string, GrantStatus>> {
    return grants.length === 0 ? new Map() : loadGrantStatuses(this.#env.DB, account, grants, now);
  }

  /** Whether this token or page has expired. */
  hasExpired({ expiresAt }: Listener): boolean {
    return expiresAt !== null && expiresAt <= this.#clock();
  }

  /** Whether it was not checked lately what a listener may read. */
  isStale({ grant }: Listener): boolean {
    return grant !== null && !this.#isFresh(grant);
  }

  /** Forgets all grants, because one has changed: they are loaded again. */
  forget(): void {
    this.#timesForgotten++;
    this.#grants.clear();
  }

  /**
   * What a listener may hear who asks with a token of these scopes (null: without one). Refuses as `check` does,
   * and with `insufficient-scope` a token that reads less than its grant: a socket acts with the grant.
   */
  async admit(listener: Listener, ofToken: Scope[] | null): Promise<Outcome<Scope[]>> {
    const allowed = await this.check(listener);
    if (!allowed.ok || ofToken === null) return allowed;
    const readable = allowed.value.map(({ module }): Scope => ({ module, level: "r" }));
    return isSubsetOf(readable, ofToken) ? allowed : refused(OUT_OF_SCOPE);
  }

  #isFresh(grant: string): boolean {
    const known = this.#grants.get(grant);
    return known !== undefined && Math.abs(this.#clock() - known.at) < GRANT_TTL_MS;
  }
}

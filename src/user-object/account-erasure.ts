/** When a deleted account is erased, by the alarm of its user's object: `accounts/deletion.ts`. */

import { finishErasure, isDeleted } from "../accounts/deletion";
import type { Env } from "../env";
import { eraseModules } from "../modules/modules";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { COMMIT_WITHIN_MS } from "../storage/commit";
import { eraseSome, longestRequestMs } from "../storage/erasure";
import { Uploads } from "./uploads";

/** From the plan to the first step: most of the requests that are under way are through by then. */
const START_AFTER_MS = COMMIT_WITHIN_MS;

/** To the next try after a step that failed. */
const RETRY_MS = 60 * 60 * 1000;

const ERASURE = "erasure";

/** An erasure that is due, or under way. */
interface Erasure {
  account: string;
  at: number;
  /** When no request is there any more that was let in before the account was deleted. */
  lastRoundAt: number;
}

/** The erasure of one account in the storage of its user's object. */
export class Eraser {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #uploads: Uploads;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
    this.#uploads = new Uploads(storage, env);
  }

  /** Whether there is something to erase. No sweep is needed then, and none runs. */
  isPlanned(): boolean {
    return this.#plan() !== undefined;
  }

  /** Plans to erase an account soon; one that is planned stays as it is, and is woken for. */
  async plan(account: string, now: number): Promise<void> {
    const plan =
      this.#plan() ??
      this.#write({
        account,
        at: now + START_AFTER_MS,
        lastRoundAt: now + longestRequestMs(this.#env),
      });
    await scheduleAlarm(this.#storage, Math.max(plan.at, now));
  }

  /** Does a step if one is due. Returns when the next is; null: nothing is left. */
  async run(now: number): Promise<number | null> {
    const plan = this.#plan();
    if (plan === undefined) return null;
    if (plan.at > now) return plan.at;
    try {
      return await this.#step(plan, now);
    } catch (error) {
      logWarning("An erasure has failed and will be tried again.", error);
      return this.#write({ ...plan, at: now + RETRY_MS }).at;
    }
  }

  async #step(plan: Erasure, now: number): Promise<number | null> {
    const { account, lastRoundAt } = plan;
    if (!(await isDeleted(this.#env, account))) {
      logWarning("An account that is not deleted was not erased.", `account ${account}`);
      this.#storage.kv.delete(ERASURE);
      return null;
    }
    const hasMore =
      (await eraseSome(this.#env, account)) ||
      (await this.#uploads.endSome(now)) ||
      (await eraseModules(this.#env, account));
    if (hasMore) return this.#write({ ...plan, at: now }).at;
    if (now < lastRoundAt) return this.#write({ ...plan, at: lastRoundAt }).at;
    // D1 first: if the object does not live to forget, it only does this step again.
    await finishErasure(this.#env, account, now);
    await this.#storage.deleteAll();
    return null;
  }

  #plan(): Erasure | undefined {
    return this.#storage.kv.get<Erasure>(ERASURE);
  }

  #write(plan: Erasure): Erasure {
    this.#storage.kv.put<Erasure>(ERASURE, plan);
    return plan;
  }
}

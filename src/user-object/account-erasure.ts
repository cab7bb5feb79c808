/** Erases a deleted account in steps, by the alarm of its user's object: `accounts/deletion.ts`. */

import { isAccountDeleted, markErased } from "../accounts/deletion";
import { HOUR_MS } from "../core/time";
import type { Env } from "../env";
import { eraseModules } from "../modules/modules";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { COMMIT_WINDOW_MS } from "../storage/commit";
import { eraseStep, longestRequestMs } from "../storage/erasure";
import { MultipartUploads } from "./uploads";

/** From the deletion to the first step: most of the requests under way have ended by then. */
const START_AFTER_MS = COMMIT_WINDOW_MS;

/** To the next attempt after a step that failed. */
const RETRY_AFTER_MS = HOUR_MS;

const ERASURE_KEY = "erasure";

/** An erasure that is scheduled or under way. It is stored under these names. */
interface Erasure {
  account: string;
  /** When the next step is due. */
  at: number;
  /** When all requests that began before the account was deleted have ended. */
  lastRoundAt: number;
}

/** The erasure of one account, scheduled in the storage of its user's object. */
export class AccountErasure {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #uploads: MultipartUploads;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
    this.#uploads = new MultipartUploads(storage, env);
  }

  /** Whether there is something to erase. Then no sweep is needed, and none runs. */
  isScheduled(): boolean {
    return this.#load() !== undefined;
  }

  /** Schedules the erasure of an account. Idempotent: sets only the alarm if it is scheduled. */
  async schedule(account: string, now: number): Promise<void> {
    const erasure =
      this.#load() ??
      this.#store({
        account,
        at: now + START_AFTER_MS,
        lastRoundAt: now + longestRequestMs(this.#env),
      });
    await scheduleAlarm(this.#storage, Math.max(erasure.at, now));
  }

  /** Does a step if one is due. Returns when the next one is; null: nothing is left. */
  async run(now: number): Promise<number | null> {
    const erasure = this.#load();
    if (erasure === undefined) return null;
    if (erasure.at > now) return erasure.at;
    try {
      return await this.#step(erasure, now);
    } catch (error) {
      logWarning("An erasure failed and will be tried again.", error);
      return this.#store({ ...erasure, at: now + RETRY_AFTER_MS }).at;
    }
  }

  async #step(erasure: Erasure, now: number): Promise<number | null> {
    const { account, lastRoundAt } = erasure;
    if (!(await isAccountDeleted(this.#env.DB, account))) {
      logWarning("An account that is not deleted was not erased.", `account ${account}`);
      this.#storage.kv.delete(ERASURE_KEY);
      return null;
    }
    const hasMore =
      (await eraseStep(this.#env, account)) ||
      (await this.#uploads.abortPage(now)) ||
      (await eraseModules(this.#env, account));
    if (hasMore) return this.#store({ ...erasure, at: now }).at;
    if (now < lastRoundAt) return this.#store({ ...erasure, at: lastRoundAt }).at;
    // D1 first: if the object dies before its own storage is deleted, it only repeats this step.
    await markErased(this.#env.DB, account, now);
    await this.#storage.deleteAll();
    return null;
  }

  #load(): Erasure | undefined {
    return this.#storage.kv.get<Erasure>(ERASURE_KEY);
  }

  #store(erasure: Erasure): Erasure {
    this.#storage.kv.put<Erasure>(ERASURE_KEY, erasure);
    return erasure;
  }
}

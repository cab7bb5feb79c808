/** Throttles the attempts at one user's password, by the recorded failures. */

import { DAY_MS } from "../../core/time";
import { scheduleAlarm } from "../../platform/alarms";
import { type FailedSignIns, type PasswordClient, secondsToWait } from "./sign-in-throttle";

/** The client's key follows; nothing, for the failures from all addresses. */
const FAILURES_KEY_PREFIX = "wrong-passwords:";

/** Failures are forgotten after this time without another one. */
const FORGET_FAILURES_AFTER_MS = DAY_MS;

/** The throttle of one user's password. */
export class PasswordThrottle {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /**
   * Records an attempt as a failure before the password is verified, so that each of many attempts at
   * once counts. Returns the seconds to wait: above 0, the attempt is refused and not recorded.
   */
  async recordAttempt(client: PasswordClient, now: number): Promise<number> {
    const { kv } = this.#storage;
    const own = this.#load(client.key);
    const total = this.#load("");
    const waitSeconds = secondsToWait(client, { own, total }, now);
    if (waitSeconds > 0) return waitSeconds;
    const increment = (key: string, before: FailedSignIns | undefined): void =>
      kv.put(FAILURES_KEY_PREFIX + key, { count: (before?.count ?? 0) + 1, lastAt: now });
    increment(client.key, own);
    if (!client.isKnown) increment("", total);
    await scheduleAlarm(this.#storage, now + FORGET_FAILURES_AFTER_MS);
    return 0;
  }

  /** Forgets the failures of a client after a right password; those of other clients still count. */
  forgetFailures({ key, isKnown }: PasswordClient): void {
    const { kv } = this.#storage;
    const own = this.#load(key);
    const total = this.#load("");
    kv.delete(FAILURES_KEY_PREFIX + key);
    if (own && total && !isKnown) {
      kv.put<FailedSignIns>(FAILURES_KEY_PREFIX, { ...total, count: total.count - own.count });
    }
  }

  /** Deletes old failures. Returns when the next ones are old; null: there are none. */
  deleteOld(now: number): number | null {
    const { kv } = this.#storage;
    let next: number | null = null;
    for (const [key, { lastAt }] of [...kv.list<FailedSignIns>({ prefix: FAILURES_KEY_PREFIX })]) {
      const forgetAt = lastAt + FORGET_FAILURES_AFTER_MS;
      if (forgetAt <= now) kv.delete(key);
      else next = Math.min(next ?? forgetAt, forgetAt);
    }
    return next;
  }

  #load(key: string): FailedSignIns | undefined {
    return this.#storage.kv.get<FailedSignIns>(FAILURES_KEY_PREFIX + key);
  }
}

/** The check of passwords, throttled by the failures that the user's object has recorded. */

import { verifyPassword } from "../accounts/password-hashing";
import {
  type FailedSignIns,
  FREE_ATTEMPTS_IN_TOTAL,
  FREE_ATTEMPTS_PER_ADDRESS,
  secondsToWait,
} from "../accounts/sign-in-throttle";
import { DAY_MS } from "../core/time";
import { scheduleAlarm } from "../platform/alarms";

/** The client's address follows; nothing, for the failures from all addresses. */
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
   * Verifies a password against a hash (null: there is none, so it is wrong), unless wrong ones came
   * too quickly, from this address or from all addresses. The attempt is recorded as a failure before
   * the password is verified, so that each of many attempts at once counts.
   */
  async check(
    password: string,
    hash: string | null,
    address: string,
    now: number,
  ): Promise<{ isRight: boolean; waitSeconds: number }> {
    const { kv } = this.#storage;
    const counters = [
      { key: FAILURES_KEY_PREFIX + address, freeAttempts: FREE_ATTEMPTS_PER_ADDRESS },
      { key: FAILURES_KEY_PREFIX, freeAttempts: FREE_ATTEMPTS_IN_TOTAL },
    ].map((counter) => ({ ...counter, before: kv.get<FailedSignIns>(counter.key) }));
    const waits = counters.map(({ before, freeAttempts }) =>
      secondsToWait(before, freeAttempts, now),
    );
    const waitSeconds = Math.max(...waits);
    if (waitSeconds > 0) return { isRight: false, waitSeconds };

    for (const { key, before } of counters) {
      kv.put<FailedSignIns>(key, { count: (before?.count ?? 0) + 1, lastAt: now });
    }
    await scheduleAlarm(this.#storage, now + FORGET_FAILURES_AFTER_MS);
    const isRight = verifyPassword(password, hash);
    if (isRight) this.#resetFailures(address);
    return { isRight, waitSeconds: 0 };
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

  /** Forgets the failures from an address; those from other addresses still count. */
  #resetFailures(address: string): void {
    const { kv } = this.#storage;
    const own = kv.get<FailedSignIns>(FAILURES_KEY_PREFIX + address);
    const total = kv.get<FailedSignIns>(FAILURES_KEY_PREFIX);
    kv.delete(FAILURES_KEY_PREFIX + address);
    if (own && total) {
      kv.put<FailedSignIns>(FAILURES_KEY_PREFIX, { ...total, count: total.count - own.count });
    }
  }
}

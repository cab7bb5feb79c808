/**
 * The Durable Object for passwords, so that they delay no writes of a user. The object of a user name
 * counts the attempts; that of a name and a client hashes, so that nobody waits for the hashes of others.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env";
import { scheduleAlarm } from "../../platform/alarms";
import { hashPassword, verifyPassword } from "./password-hashing";
import { PasswordThrottle } from "./password-throttle";
import type { PasswordClient } from "./sign-in-throttle";

/** The object of a user name, whether or not there is such a user, or of a name and a client. */
export class PasswordObject extends DurableObject<Env> {
  readonly #throttle = new PasswordThrottle(this.ctx.storage);

  /** Records an attempt. Returns the seconds to wait; above 0, the password must not be verified. */
  recordAttempt(client: PasswordClient, now: number): Promise<number> {
    return this.#throttle.recordAttempt(client, now);
  }

  /** Forgets the failures of a client whose password was right. */
  forgetFailures(client: PasswordClient): void {
    this.#throttle.forgetFailures(client);
  }

  /** Hashes a password: here, as it takes more CPU time than a Worker has on the free plan. */
  hash(password: string): string {
    return hashPassword(password);
  }

  /** Whether a password matches a hash (null: there is none, so it does not). */
  verify(password: string, hash: string | null): boolean {
    return verifyPassword(password, hash);
  }

  /** Forgets old failures. An object without any deletes all that it has stored. */
  override async alarm(): Promise<void> {
    const next = this.#throttle.deleteOld(Date.now());
    if (next === null) await this.ctx.storage.deleteAll();
    else await scheduleAlarm(this.ctx.storage, next);
  }
}

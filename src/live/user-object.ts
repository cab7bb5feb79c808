/** The user's Durable Object, one per user name: a shell that keeps what must happen in order. */

import { DurableObject } from "cloudflare:workers";
import { hashPassword, verifyPassword } from "../accounts/passwords";
import { type Failures, secondsToWait } from "../accounts/sign-in-delay";
import type { Outcome } from "../core/refusals";
import type { Env } from "../env";
import { type Commit, type Committed, Committer, MAX_GROUP } from "../storage/commit";
import { CommitQueue } from "./commit-queue";

const FAILURES = "sign-in-failures";
/** Wrong passwords are forgotten after this time without another. */
const FORGET_FAILURES_MS = 24 * 60 * 60 * 1000;

/**
 * Reached by the user's name, whether or not there is such a user, so that a name which nobody has
 * behaves like any other.
 */
export class UserObject extends DurableObject<Env> {
  readonly #committer = new Committer(this.env.DB);
  readonly #queue = new CommitQueue<Commit, Outcome<Committed>>(
    (group) => this.#committer.commit(group),
    MAX_GROUP,
  );

  /** Puts a change of the user's tree into the order of all others: `storage/commit.ts`. */
  commit(command: Commit): Promise<Outcome<Committed>> {
    return this.#queue.add(command);
  }

  hashPassword(password: string): string {
    return hashPassword(password);
  }

  /**
   * Weighs a password against a hash (null: there is none), unless wrong ones came too quickly.
   * The try is on record before the password is weighed, so that tries at once count each.
   */
  async checkPassword(
    password: string,
    hash: string | null,
    now: number,
  ): Promise<{ isRight: boolean; waitSeconds: number }> {
    const { kv } = this.ctx.storage;
    const failures = kv.get<Failures>(FAILURES);
    const waitSeconds = secondsToWait(failures, now);
    if (waitSeconds > 0) return { isRight: false, waitSeconds };

    kv.put<Failures>(FAILURES, { count: (failures?.count ?? 0) + 1, lastAt: now });
    await this.ctx.storage.setAlarm(now + FORGET_FAILURES_MS);
    const isRight = verifyPassword(password, hash);
    if (isRight) kv.delete(FAILURES);
    return { isRight, waitSeconds: 0 };
  }

  /** Leaves nothing behind, so that names which nobody has do not stay as objects. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

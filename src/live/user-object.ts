/** The user's Durable Object, one per user name: a shell that keeps what must happen in order. */

import { DurableObject } from "cloudflare:workers";
import { hashPassword, verifyPassword } from "../accounts/passwords";
import {
  type Failures,
  FREE_TRIES_IN_ALL,
  FREE_TRIES_PER_ADDRESS,
  secondsToWait,
} from "../accounts/sign-in-delay";
import { type Outcome, refused } from "../core/refusals";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { type Commit, type Committed, Committer, MAX_GROUP } from "../storage/commit";
import { UNAVAILABLE } from "../storage/verdicts";
import { CommitQueue } from "./commit-queue";

/** Commits that may wait for their turn. */
const MAX_WAITING = 1000;

/** Prefix of what is remembered of wrong passwords; the address comes after it, or nothing. */
const FAILURES = "wrong-passwords:";
/** Wrong passwords are forgotten after this time without another. */
const FORGET_FAILURES_MS = DAY_MS;

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

  /**
   * Puts a change of the user's tree into the order of all others: `storage/commit.ts`. Refuses
   * with `unavailable` when so many wait that the client would have given up before its turn.
   */
  async commit(command: Commit): Promise<Outcome<Committed>> {
    return this.#queue.length < MAX_WAITING ? this.#queue.add(command) : refused(UNAVAILABLE);
  }

  hashPassword(password: string): string {
    return hashPassword(password);
  }

  /**
   * Weighs a password against a hash (null: there is none), unless wrong ones came too quickly, from
   * this address or from all of them. The try is on record before the password is weighed, so that
   * tries at once count each.
   */
  async checkPassword(
    password: string,
    hash: string | null,
    address: string,
    now: number,
  ): Promise<{ isRight: boolean; waitSeconds: number }> {
    const { kv } = this.ctx.storage;
    const counters = [
      { key: FAILURES + address, freeTries: FREE_TRIES_PER_ADDRESS },
      { key: FAILURES, freeTries: FREE_TRIES_IN_ALL },
    ].map((counter) => ({ ...counter, before: kv.get<Failures>(counter.key) }));
    const waits = counters.map(({ before, freeTries }) => secondsToWait(before, freeTries, now));
    const waitSeconds = Math.max(...waits);
    if (waitSeconds > 0) return { isRight: false, waitSeconds };

    for (const { key, before } of counters) {
      kv.put<Failures>(key, { count: (before?.count ?? 0) + 1, lastAt: now });
    }
    await this.ctx.storage.setAlarm(now + FORGET_FAILURES_MS);
    const isRight = verifyPassword(password, hash);
    if (isRight) this.#forgive(address);
    return { isRight, waitSeconds: 0 };
  }

  /** Who knows the password has a clean slate. What other addresses have tried still counts. */
  #forgive(address: string): void {
    const { kv } = this.ctx.storage;
    const own = kv.get<Failures>(FAILURES + address);
    const all = kv.get<Failures>(FAILURES);
    kv.delete(FAILURES + address);
    if (own && all) kv.put<Failures>(FAILURES, { ...all, count: all.count - own.count });
  }

  /** Leaves nothing behind, so that names which nobody has do not stay as objects. */
  override async alarm(): Promise<void> {
    const { kv } = this.ctx.storage;
    for (const [key] of [...kv.list({ prefix: FAILURES })]) kv.delete(key);
    const isEmpty = [...kv.list({ limit: 1 })].length === 0;
    if (isEmpty) await this.ctx.storage.deleteAll();
  }
}

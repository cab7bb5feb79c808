/** The user's Durable Object, one per user name: a shell that keeps what must happen in order. */

import { DurableObject } from "cloudflare:workers";
import { hashPassword, verifyPassword } from "../accounts/passwords";
import {
  type Failures,
  FREE_TRIES_IN_ALL,
  FREE_TRIES_PER_ADDRESS,
  secondsToWait,
} from "../accounts/sign-in-throttle";
import { type Outcome, refused, UNAVAILABLE } from "../core/refusals";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { type Commit, type Committed, Committer, MAX_GROUP } from "../storage/commit";
import { Eraser } from "./account-erasure";
import { CommitQueue } from "./commit-queue";
import { Sweeper } from "./version-sweep";

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
  readonly #sweeper = new Sweeper(this.ctx.storage, this.env);
  readonly #eraser = new Eraser(this.ctx.storage, this.env);

  /**
   * Puts a change of the user's tree into the order of all others: `storage/commit.ts`. Refuses
   * with `unavailable` when so many wait that the client would have given up before its turn.
   */
  async commit(command: Commit): Promise<Outcome<Committed>> {
    if (this.#queue.length >= MAX_WAITING) return refused(UNAVAILABLE);
    // In the order of the commits, whenever their requests began: it is what Last-Modified says.
    const modified = Date.now();
    const outcome = await this.#queue.add({ ...command, modified });
    // A fault of this does not undo what was committed.
    this.#sweeper
      .noteCommit(command, outcome, modified)
      .catch((error) => logWarning("A sweep could not be planned.", error));
    return outcome;
  }

  /** Is told of an upload in parts before its first part. */
  async noteUpload(key: string, uploadId: string): Promise<void> {
    await this.#sweeper.noteUpload(key, uploadId, Date.now());
  }

  /** Plans to erase all of an account that was deleted: `accounts/deletion.ts`. Can be repeated. */
  async erase(account: string): Promise<void> {
    await this.#eraser.plan(account, Date.now());
  }

  /** Answers: whoever asks wants to know whether objects do. */
  ping(): void {}

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
    await scheduleAlarm(this.ctx.storage, now + FORGET_FAILURES_MS);
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

  /** Does what is due. Leaves nothing behind: names which nobody has do not stay as objects. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    const work = this.#eraser.isPlanned() ? this.#eraser : this.#sweeper;
    const next = [await work.run(now), this.#forgetFailures(now)];
    const times = next.filter((at) => at !== null);
    if (times.length > 0) await scheduleAlarm(this.ctx.storage, Math.min(...times));
    else if ([...this.ctx.storage.kv.list({ limit: 1 })].length === 0) {
      await this.ctx.storage.deleteAll();
    }
  }

  /** Forgets old wrong passwords. Returns when the next are old; null: there are none. */
  #forgetFailures(now: number): number | null {
    const { kv } = this.ctx.storage;
    let next: number | null = null;
    for (const [key, { lastAt }] of [...kv.list<Failures>({ prefix: FAILURES })]) {
      const forgetAt = lastAt + FORGET_FAILURES_MS;
      if (forgetAt <= now) kv.delete(key);
      else next = Math.min(next ?? forgetAt, forgetAt);
    }
    return next;
  }
}

/** The user's Durable Object, one per user name: serializes what must happen in order. */

import { DurableObject } from "cloudflare:workers";
import { type Outcome, refused, UNAVAILABLE } from "../core/refusals";
import type { Env } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import {
  type CommitRequest,
  type CommitResult,
  Committer,
  MAX_GROUP_COMMITS,
} from "../storage/commit";
import { AccountErasure } from "./account-erasure";
import { CommitQueue } from "./commit-queue";
import { VersionSweep } from "./version-sweep";

const MAX_QUEUED_COMMITS = 1000;

/** The object of a user name. Only requests that were let in reach it. */
export class UserObject extends DurableObject<Env> {
  readonly #committer = new Committer(this.env.DB);
  readonly #queue = new CommitQueue<CommitRequest, Outcome<CommitResult>>(
    (group) => this.#committer.commit(group),
    MAX_GROUP_COMMITS,
  );
  readonly #sweep = new VersionSweep(this.ctx.storage, this.env);
  readonly #erasure = new AccountErasure(this.ctx.storage, this.env);

  /**
   * Commits a change of the user's tree, in order with all others: `storage/commit.ts`. Refuses with
   * `unavailable` if so many wait that the client would have given up before the change's turn.
   */
  async commit(command: CommitRequest): Promise<Outcome<CommitResult>> {
    if (this.#queue.length >= MAX_QUEUED_COMMITS) return refused(UNAVAILABLE);
    // Last-Modified follows the order of the commits, whenever their requests began.
    const modified = Date.now();
    const outcome = await this.#queue.add({ ...command, modified });
    // The change stays committed if this fails.
    this.#sweep
      .recordCommit(command, outcome, modified)
      .catch((error) => logWarning("A sweep could not be scheduled.", error));
    return outcome;
  }

  /** Records a multipart upload; to be called before its first part. */
  async noteUpload(key: string, uploadId: string): Promise<void> {
    await this.#sweep.recordUpload(key, uploadId, Date.now());
  }

  /** Schedules the erasure of a deleted account: `accounts/deletion.ts`. Idempotent. */
  async erase(account: string): Promise<void> {
    await this.#erasure.schedule(account, Date.now());
  }

  /** Does nothing: that it answers says that Durable Objects do. */
  ping(): void {}

  /** Does what is due. An object with nothing left to do deletes all that it has stored. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    const work = this.#erasure.isScheduled() ? this.#erasure : this.#sweep;
    const next = await work.run(now);
    if (next !== null) await scheduleAlarm(this.ctx.storage, next);
    else if ([...this.ctx.storage.kv.list({ limit: 1 })].length === 0) {
      await this.ctx.storage.deleteAll();
    }
  }
}

/** When a user's storage is swept, and what the object remembers of it: `storage/sweep.ts`. */

import type { Outcome } from "../core/refusals";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { PART_BYTES } from "../storage/bodies";
import type { Commit, Committed } from "../storage/commit";
import {
  GRACE_MS,
  newWalk,
  nextShare,
  type SweepMemory,
  sweepStep,
  type Walk,
} from "../storage/sweep";
import { Uploads } from "./uploads";

/** From a change to the walk that follows it, and between two walks: at most one a day. */
const WALK_AFTER_MS = DAY_MS;

/** Where nothing changes: a request may have died and left a body without anybody knowing. */
const WALK_ANYWAY_MS = 30 * DAY_MS;

/** So many bodies that were replaced or deleted since the last walk bring the next one forward. */
const BURST = 500;

/** To the next try after a step that failed. */
const RETRY_MS = 60 * 60 * 1000;

const WALK = "sweep";
const GONE = "gone:";

/** A walk that is due, or under way. */
interface Due {
  at: number;
  walk: Walk;
  /** Something has changed since it began, and asks for another one after it. */
  again: boolean;
}

/** The sweep of one account in the storage of its user's object. */
export class Sweeper implements SweepMemory {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #uploads: Uploads;
  /** Whether a walk is planned that comes after all changes that this instance has seen. */
  #isPlanned = false;
  /** Bodies that have lost their row since the last walk, as far as this instance has seen. */
  #left = 0;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
    this.#uploads = new Uploads(storage, env);
  }

  /** Sees to it that a walk follows a change, and soon if many bodies have lost their row. */
  async noteCommit(change: Commit, outcome: Outcome<Committed>, now: number): Promise<void> {
    if (outcome.ok && (change.put?.length ?? 0) >= PART_BYTES) this.#uploads.forget(change.version);
    const isUnknown = !outcome.ok && outcome.refusal.code === "unknown-outcome";
    if (!outcome.ok && !isUnknown) return;
    const isReplaced = outcome.ok && !outcome.value.created;
    await this.noteChange(change.account, isReplaced || isUnknown, now);
  }

  async noteChange(account: string, hasLeftBody: boolean, now: number): Promise<void> {
    if (hasLeftBody) this.#left++;
    const isBurst = this.#left >= BURST;
    if (this.#isPlanned && !isBurst) return;
    this.#isPlanned = true;
    if (isBurst) this.#left = 0;
    try {
      await this.#planWalk(account, isBurst ? GRACE_MS : WALK_AFTER_MS, now);
    } catch (error) {
      this.#isPlanned = false;
      throw error;
    }
  }

  /** Remembers an upload in parts, so that it can be ended if nobody else does. */
  async noteUpload(key: string, uploadId: string, now: number): Promise<void> {
    this.#uploads.note(key, uploadId, now);
    await this.#planWalk(key.split("/", 1)[0] as string, WALK_AFTER_MS, now);
  }

  goneSince(prefix: string): number | undefined {
    return this.#storage.kv.get<number>(GONE + prefix);
  }

  setGone(prefix: string, since: number | null): void {
    const known = this.goneSince(prefix);
    if (since === null && known !== undefined) this.#storage.kv.delete(GONE + prefix);
    if (since !== null && known !== since) this.#storage.kv.put(GONE + prefix, since);
  }

  /** Does a step of the walk if one is due. Returns when the next is; null: there is none. */
  async run(now: number): Promise<number | null> {
    const due = this.#due();
    if (due === undefined) return null;
    if (due.at > now) return due.at;
    try {
      return await this.#step(due.walk, now);
    } catch (error) {
      logWarning("A sweep has failed and will be tried again.", error);
      return this.#plan({ ...(this.#due() ?? due), at: now + RETRY_MS });
    }
  }

  async #step(walk: Walk, now: number): Promise<number | null> {
    // What changes from now on may be missed by this walk, and asks for the next.
    const isFirst = walk.bodiesAfter === null && walk.folders === null;
    if (isFirst) {
      this.#isPlanned = false;
      this.#plan({ at: now, walk, again: false });
    }
    const step = await sweepStep(this.#env, walk, this, now);
    if (!step.isDone) return this.#plan({ at: now, walk: step, again: this.#due()?.again ?? true });
    return this.#planNext(step, now);
  }

  async #planNext(walk: Walk, now: number): Promise<number | null> {
    const share = await nextShare(this.#env, walk);
    const uploadsEndAt = await this.#uploads.endOld(now);
    const reasons = [
      walk.nextAt,
      uploadsEndAt,
      this.#due()?.again || share < walk.historyShare ? now : null,
      walk.hasBodies ? now + WALK_ANYWAY_MS : null,
    ].filter((at) => at !== null);
    if (reasons.length > 0) {
      const at = Math.max(Math.min(...reasons), now + WALK_AFTER_MS);
      return this.#plan({ at, walk: newWalk(walk.account, share), again: false });
    }
    this.#storage.kv.delete(WALK);
    return null;
  }

  #due(): Due | undefined {
    return this.#storage.kv.get<Due>(WALK);
  }

  #plan(due: Due): number {
    this.#storage.kv.put<Due>(WALK, due);
    return due.at;
  }

  /** A walk that is due earlier stays as it is; one that is under way is followed by another. */
  async #planWalk(account: string, afterMs: number, now: number): Promise<void> {
    const due = this.#due();
    const at = now + afterMs;
    if (due === undefined) this.#plan({ at, walk: newWalk(account), again: false });
    else if (at < due.at) this.#plan({ ...due, at });
    else if (due.at <= now && !due.again) this.#plan({ ...due, again: true });
    await scheduleAlarm(this.#storage, Math.min(at, due?.at ?? at));
  }
}

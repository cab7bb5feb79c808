/** When a user's storage is swept, and what the object remembers of it: `storage/sweep.ts`. */

import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { logFault } from "../http/log";
import {
  abortOldUploads,
  GRACE_MS,
  newWalk,
  type SweepMemory,
  sweepStep,
  type Upload,
  type Walk,
} from "../storage/sweep";
import { wakeAt } from "./alarms";

/** From a change to the walk that follows it, so that there is mostly one a day. */
const WALK_AFTER_MS = DAY_MS;

/** Between two walks, if bodies are left that may go before that. */
const WALK_AGAIN_MS = 60 * 60 * 1000;

/** So many bodies that were replaced or deleted since the last walk bring the next one forward. */
const BURST = 500;

/** To the next try after a step that failed. */
const RETRY_MS = 60 * 60 * 1000;

const WALK = "sweep";
const UPLOAD = "upload:";
const GONE = "gone:";

/** A walk that is due. */
interface Due {
  at: number;
  walk: Walk;
}

/** The sweep of one account in the storage of its user's object. */
export class Sweeper implements SweepMemory {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  /** Whether a walk is planned that comes after all changes that this instance has seen. */
  #isPlanned = false;
  /** Bodies that have lost their row since the last walk, as far as this instance has seen. */
  #left = 0;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
  }

  /** Sees to it that a walk follows a change, and soon if many bodies have lost their row. */
  async noteChange(account: string, hasLeftBody: boolean, now: number): Promise<void> {
    if (hasLeftBody) this.#left++;
    const isBurst = this.#left >= BURST;
    if (this.#isPlanned && !isBurst) return;
    this.#isPlanned = true;
    if (isBurst) this.#left = 0;
    await this.#planWalk(account, now + (isBurst ? GRACE_MS : WALK_AFTER_MS));
  }

  /** Remembers an upload in parts, so that it can be ended if nobody else does. */
  async noteUpload(key: string, uploadId: string, now: number): Promise<void> {
    this.#storage.kv.put<Upload>(UPLOAD + key, { key, uploadId, startedAt: now });
    await this.#planWalk(key.split("/", 1)[0] as string, now + WALK_AFTER_MS);
  }

  goneSince(prefix: string): number | undefined {
    return this.#storage.kv.get<number>(GONE + prefix);
  }

  setGone(prefix: string, since: number | null): void {
    const known = this.goneSince(prefix);
    if (since === null && known !== undefined) this.#storage.kv.delete(GONE + prefix);
    if (since !== null && known === undefined) this.#storage.kv.put(GONE + prefix, since);
  }

  /** Does a step of the walk if one is due. Returns when the next is; null: there is none. */
  async run(now: number): Promise<number | null> {
    const due = this.#storage.kv.get<Due>(WALK);
    if (due === undefined) return null;
    if (due.at > now) return due.at;
    try {
      return await this.#step(due.walk, now);
    } catch (error) {
      logFault("A sweep has failed and will be tried again.", error);
      return now + RETRY_MS;
    }
  }

  async #step(walk: Walk, now: number): Promise<number | null> {
    const isFirst = walk.bodiesAfter === null && walk.folders === null;
    // What changes from now on may be missed by this walk, and asks for the next.
    if (isFirst) this.#isPlanned = false;
    const step = await sweepStep(this.#env, walk, this, now);
    if (!step.isDone) return this.#plan({ at: now, walk: step });
    const ends = [
      step.nextAt,
      await this.#endUploads(now),
      this.#isPlanned ? now + WALK_AFTER_MS : null,
    ].filter((at) => at !== null);
    if (ends.length > 0) {
      const at = Math.max(Math.min(...ends), now + WALK_AGAIN_MS);
      return this.#plan({ at, walk: newWalk(walk.account) });
    }
    this.#storage.kv.delete(WALK);
    return null;
  }

  async #endUploads(now: number): Promise<number | null> {
    const uploads = [...this.#storage.kv.list<Upload>({ prefix: UPLOAD })].map(([, one]) => one);
    const { ended, nextAt } = await abortOldUploads(this.#env, uploads, now);
    for (const { key } of ended) this.#storage.kv.delete(UPLOAD + key);
    return nextAt;
  }

  #plan(due: Due): number {
    this.#storage.kv.put<Due>(WALK, due);
    return due.at;
  }

  /** A walk that is due earlier, or under way, stays as it is. */
  async #planWalk(account: string, at: number): Promise<void> {
    const due = this.#storage.kv.get<Due>(WALK);
    const isEarlier = due === undefined || at < due.at;
    const next = isEarlier ? this.#plan({ at, walk: due?.walk ?? newWalk(account) }) : due.at;
    await wakeAt(this.#storage, next);
  }
}

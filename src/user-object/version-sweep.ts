/** Schedules the sweep of a user's storage, by the alarm of the user's object: `storage/versions/sweep.ts`. */

import { documentFromPath } from "../core/path";
import type { Outcome } from "../core/refusals";
import { moduleOf } from "../core/scope";
import { DAY_MS, earliest, HOUR_MS } from "../core/time";
import { type Env, settings } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { PART_BYTES } from "../storage/bodies";
import type { CommitRequest, CommitResult } from "../storage/commit";
import { GRACE_PERIOD_MS } from "../storage/versions/expiry";
import type { DocumentBodies } from "../storage/versions/stored-bodies";
import {
  type DeletionTimes,
  nextHistoryShare,
  type SweepCursor,
  startSweep,
  sweepStep,
} from "../storage/versions/sweep";
import type { CommitJournal } from "./commit-journal";
import { MultipartUploads } from "./uploads";

/** From a change to the sweep that follows it, and between two sweeps: at most one a day. */
const SWEEP_AFTER_MS = DAY_MS;

/** Without any change: a request may have died and left a body that nothing knows of. */
const IDLE_SWEEP_AFTER_MS = 30 * DAY_MS;

/** So many bodies that were replaced or deleted since the last sweep bring the next one forward. */
const BURST_BODIES = 500;

/** To the next attempt after a step that failed. */
const RETRY_AFTER_MS = HOUR_MS;

const SWEEP_KEY = "sweep";
const DELETED_SINCE_KEY_PREFIX = "gone:";

const HISTORY_KEY = "history-size";

/** How much the earlier versions of all documents take. It is stored under these names. */
export interface HistorySize {
  bytes: number;
  /** The share of HISTORY_DAYS for which they are kept from now on, from 0 to 1. */
  share: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** A sweep that is due or under way. It is stored under these names. */
interface ScheduledSweep {
  at: number;
  walk: SweepCursor;
  /** Whether something has changed since it began, so that another one has to follow it. */
  again: boolean;
  /** Once the walk is done: the last upload that was checked. */
  uploadsAfter?: string;
}

/** The sweep of one account, scheduled in the storage of its user's object. */
export class VersionSweep implements DeletionTimes {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #uploads: MultipartUploads;
  readonly #journal: CommitJournal;
  /** When versions were deleted, by module: what the journal has of those that a step has asked for. */
  #journaledDeletions = new Map<string, Map<string, number>>();
  /** Whether a sweep is scheduled that follows all changes that this instance knows of. */
  #isScheduled = false;
  /** Bodies that no row names since the last sweep, as far as this instance knows. */
  #replacedBodies = 0;

  constructor(storage: DurableObjectStorage, env: Env, journal: CommitJournal) {
    this.#storage = storage;
    this.#env = env;
    this.#journal = journal;
    this.#uploads = new MultipartUploads(storage, env);
  }

  /** Schedules a sweep after a change that was made, and soon if many bodies were replaced. */
  async recordCommit(
    change: CommitRequest,
    outcome: Outcome<CommitResult>,
    now: number,
  ): Promise<void> {
    if (outcome.ok && (change.put?.length ?? 0) >= PART_BYTES) this.#uploads.forget(change.version);
    const isUnknown = !outcome.ok && outcome.refusal.code === "unknown-outcome";
    if (!outcome.ok && !isUnknown) return;
    const isReplaced = outcome.ok && !outcome.value.created;
    await this.recordChange(change.account, isReplaced || isUnknown, now);
  }

  /** The same for a change that may have left a body without a row. */
  async recordChange(account: string, leavesBody: boolean, now: number): Promise<void> {
    if (leavesBody) this.#replacedBodies++;
    const isBurst = this.#replacedBodies >= BURST_BODIES;
    if (this.#isScheduled && !isBurst) return;
    this.#isScheduled = true;
    if (isBurst) this.#replacedBodies = 0;
    try {
      await this.#scheduleAfter(account, isBurst ? GRACE_PERIOD_MS : SWEEP_AFTER_MS, now);
    } catch (error) {
      this.#isScheduled = false;
      throw error;
    }
  }

  /** Records a multipart upload, so that it can be aborted if it is abandoned. */
  async recordUpload(key: string, uploadId: string, now: number): Promise<void> {
    this.#uploads.record(key, uploadId, now);
    await this.#scheduleAfter(key.split("/", 1)[0] as string, SWEEP_AFTER_MS, now);
  }

  /** What the earlier versions took when the last sweep ended; null: none has ended yet. */
  historySize(): HistorySize | null {
    return this.#storage.kv.get<HistorySize>(HISTORY_KEY) ?? null;
  }

  getDeletedSince(prefix: string): number | undefined {
    return this.#storage.kv.get<number>(DELETED_SINCE_KEY_PREFIX + prefix);
  }

  setDeletedSince(noticed: Map<DocumentBodies, number | null>): void {
    for (const [document, since] of noticed) this.#noticeDeletion(document, since);
    this.#journal.flush();
  }

  #noticeDeletion(document: DocumentBodies, since: number | null): void {
    const key = DELETED_SINCE_KEY_PREFIX + document.prefix;
    const known = this.getDeletedSince(document.prefix);
    if (since === null && known !== undefined) this.#storage.kv.delete(key);
    if (since === null || known === since) return;
    this.#storage.kv.put(key, since);
    this.#addToJournal(document, since);
  }

  forgetVersions(bodies: { path: string; version: string }[]): void {
    this.#journal.forgetVersions(bodies);
  }

  /** Records a deletion that the journal has missed. */
  #addToJournal({ path, bodies }: DocumentBodies, noticedAt: number): void {
    const last = bodies.reduce((a, b) => (b.uploadedAt > a.uploadedAt ? b : a));
    const module = moduleOf(documentFromPath(path as string)) ?? "";
    let known = this.#journaledDeletions.get(module);
    if (known === undefined) {
      known = this.#journal.deletionTimes(module);
      this.#journaledDeletions.set(module, known);
    }
    // A document that was written again after its journaled deletion has been deleted once more.
    if (bodies.some(({ version }) => (known.get(version) ?? 0) >= last.uploadedAt)) return;
    const { version, type = "application/octet-stream", length } = last;
    const fact = { path: path as string, version, type, length, at: noticedAt, app: undefined };
    this.#journal.addNoticedDeletion(module, fact);
  }

  /** When the next step is due, in milliseconds since 1970; null: there is none. */
  nextAt(): number | null {
    return this.#load()?.at ?? null;
  }

  /** Does a step of the sweep if one is due. Returns when the next one is; null: there is none. */
  async run(now: number): Promise<number | null> {
    const scheduled = this.#load();
    if (scheduled === undefined) return null;
    if (scheduled.at > now) return scheduled.at;
    try {
      return scheduled.uploadsAfter === undefined
        ? await this.#step(scheduled.walk, now)
        : await this.#abortUploads(scheduled.walk, scheduled.uploadsAfter, now);
    } catch (error) {
      logWarning("A sweep failed and will be tried again.", error);
      return this.#store({ ...(this.#load() ?? scheduled), at: now + RETRY_AFTER_MS });
    }
  }

  async #step(cursor: SweepCursor, now: number): Promise<number | null> {
    // This sweep may miss what changes from now on; the next one follows it.
    const isFirst = cursor.bodiesAfter === null && cursor.folders === null;
    if (isFirst) {
      this.#isScheduled = false;
      this.#store({ at: now, walk: cursor, again: false });
    }
    this.#journaledDeletions.clear();
    const next = await sweepStep(this.#env, cursor, this, now);
    if (!next.isDone) {
      return this.#store({ at: now, walk: next, again: this.#load()?.again ?? true });
    }
    return this.#abortUploads(next, null, now);
  }

  /** The last part of a sweep. */
  async #abortUploads(
    cursor: SweepCursor,
    uploadsAfter: string | null,
    now: number,
  ): Promise<number | null> {
    const uploads = await this.#uploads.abortAbandoned(uploadsAfter, now);
    const walk = { ...cursor, nextAt: earliest([cursor.nextAt, uploads.nextAt]) };
    if (uploads.after === null) return this.#scheduleNext(walk, now);
    const again = this.#load()?.again ?? true;
    return this.#store({ at: now, walk, again, uploadsAfter: uploads.after });
  }

  async #scheduleNext(cursor: SweepCursor, now: number): Promise<number | null> {
    const historyShare = await nextHistoryShare(this.#env, cursor);
    this.#journal.prune(now - settings(this.#env).HISTORY_DAYS * DAY_MS * cursor.historyShare);
    const reasons = [
      cursor.nextAt,
      this.#load()?.again || historyShare < cursor.historyShare ? now : null,
      cursor.hasBodies ? now + IDLE_SWEEP_AFTER_MS : null,
    ].filter((at) => at !== null);
    if (reasons.length > 0) {
      const size = { bytes: cursor.historyBytes, share: historyShare, at: now };
      this.#storage.kv.put<HistorySize>(HISTORY_KEY, size);
      const at = Math.max(Math.min(...reasons), now + SWEEP_AFTER_MS);
      return this.#store({ at, walk: startSweep(cursor.account, historyShare), again: false });
    }
    this.#storage.kv.delete(SWEEP_KEY);
    this.#storage.kv.delete(HISTORY_KEY);
    return null;
  }

  #load(): ScheduledSweep | undefined {
    return this.#storage.kv.get<ScheduledSweep>(SWEEP_KEY);
  }

  #store(sweep: ScheduledSweep): number {
    this.#storage.kv.put<ScheduledSweep>(SWEEP_KEY, sweep);
    return sweep.at;
  }

  /** A sweep that is due earlier stays as it is; one that is under way is followed by another. */
  async #scheduleAfter(account: string, afterMs: number, now: number): Promise<void> {
    const scheduled = this.#load();
    const at = now + afterMs;
    if (scheduled === undefined) this.#store({ at, walk: startSweep(account), again: false });
    else if (at < scheduled.at) this.#store({ ...scheduled, at });
    else if (scheduled.at <= now && !scheduled.again) this.#store({ ...scheduled, again: true });
    await scheduleAlarm(this.#storage, Math.min(at, scheduled?.at ?? at));
  }
}

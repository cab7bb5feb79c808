/**
 * The sweep: deletes bodies that no row names and nobody can need, and repairs totals that have
 * drifted. Runs step by step in the alarm of the user's Durable Object.
 *
 *   sweep(account), in steps, each from the cursor that the last one returned:
 *     for each document, by its bodies in R2 (a page of the list at a time):
 *       current := the version that its row names now                 read AFTER the list
 *       keep   current
 *       keep   what was uploaded less than the grace period ago,
 *              plus the time that its upload may have taken           its commit may be under way
 *       delete what was uploaded more than that after current         it was never committed
 *       keep   the newest HISTORY_VERSIONS of the rest that were
 *              replaced, or deleted, less than HISTORY_DAYS ago (less, if
 *              the history of the account has outgrown its quota)
 *       delete the rest
 *     for each folder in the index, from the deepest: totals := sums of its items
 *
 * Invariant: a body that is deleted is named by no row, and no row will ever name it.
 *
 * Why: a row gets to name a version only by the commit of that version, and a commit has no effect
 * once COMMIT_WINDOW_MS has passed since the upload of its body ended. That is a condition of the
 * statement itself (`db/changes.ts`), so neither a slow request nor a batch that arrives late evades
 * it. The grace period (`expiry.ts`) is longer by what the clocks of D1, R2 and the object may differ.
 * So nothing has to be locked, and a commit may come in at any moment of a sweep.
 */

import { documentFromPath, type NodePath } from "../../core/path";
import { DAY_MS, earliest } from "../../core/time";
import { type Env, settings } from "../../env";
import { logWarning } from "../../platform/log";
import { deleteBodies, MAX_KEYS_PER_DELETE } from "../bodies";
import { loadDocumentRows } from "../db/rows";
import { findDriftedFolders, loadQuota, repairTotals } from "../db/sweep";
import type { RowKey } from "../row-keys";
import { chooseExpired, deletedSince } from "./expiry";
import {
  type BodyPage,
  type DocumentBodies,
  listBodyPages,
  type StoredBody,
} from "./stored-bodies";

/** Lists of bodies, or pages of rows, in one step: a few dozen calls, which the free plan allows. */
const PAGES_PER_STEP = 5;

/** How far a sweep has come. It is stored under these names. */
export interface SweepCursor {
  account: string;
  /** The key to go on after; null: from the first. */
  bodiesAfter: string | null;
  /** Null: not begun; the bodies come first. */
  folders: { before: RowKey | null } | null;
  /** When the first of the bodies that were kept expires; null: none was kept. */
  nextAt: number | null;
  /** The share of HISTORY_DAYS that the account has, from 0 to 1. */
  historyShare: number;
  /** Bytes of the earlier versions that were kept so far. */
  historyBytes: number;
  /** Whether any bodies were kept, current ones included. */
  hasBodies: boolean;
}

type SweepStep = SweepCursor & { isDone: boolean };

/** When deleted documents were noticed, kept from sweep to sweep. */
export interface DeletionTimes {
  /** When the document with this prefix was noticed to be deleted, milliseconds since 1970. */
  getDeletedSince(prefix: string): number | undefined;
  /** Null: the document exists, or nothing of it is left. Of many documents, in one write. */
  setDeletedSince(noticed: Map<DocumentBodies, number | null>): void;
  /** Forgets that documents were deleted whose versions are about to be deleted for ever. */
  forgetVersions(bodies: { path: string; version: string }[]): void;
}

/** The cursor of a sweep that begins. */
export const startSweep = (account: string, historyShare = 1): SweepCursor => ({
  account,
  bodiesAfter: null,
  folders: null,
  nextAt: null,
  historyShare,
  historyBytes: 0,
  hasBodies: false,
});

/** Does one step of a sweep and returns the next cursor. Idempotent. */
export const sweepStep = (
  env: Env,
  cursor: SweepCursor,
  deletions: DeletionTimes,
  now: number,
): Promise<SweepStep> =>
  cursor.folders === null
    ? sweepBodies(env, cursor, deletions, now)
    : repairFolders(env, cursor, cursor.folders.before);

async function sweepBodies(
  env: Env,
  start: SweepCursor,
  deletions: DeletionTimes,
  now: number,
): Promise<SweepStep> {
  let cursor = start;
  let lists = 0;
  for await (const page of listBodyPages(env.BODIES, start.account, start.bodiesAfter)) {
    const swept = await sweepPage(env, cursor, page, deletions, now);
    cursor = { ...swept, bodiesAfter: page.end };
    lists += page.calls;
    if (lists >= PAGES_PER_STEP) return { ...cursor, isDone: false };
  }
  return repairFolders(env, cursor, null);
}

async function sweepPage(
  env: Env,
  cursor: SweepCursor,
  { documents }: BodyPage,
  deletions: DeletionTimes,
  now: number,
): Promise<SweepCursor> {
  const known = documents.filter(({ path }) => path !== null);
  if (known.length < documents.length) {
    logWarning("Bodies without metadata were left alone.", `account ${cursor.account}`);
  }
  const nodes = known.map(({ path }) => documentFromPath(path as string));
  const rows = await loadDocumentRows(env.DB, cursor.account, nodes);
  const { HISTORY_DAYS, HISTORY_VERSIONS } = settings(env);
  const historyMs = HISTORY_DAYS * DAY_MS * cursor.historyShare;
  const policy = { historyMs, historyVersions: HISTORY_VERSIONS, now };
  const expired: StoredBody[] = [];
  const forgotten: { path: string; version: string }[] = [];
  const noticed = new Map<DocumentBodies, number | null>();
  let { nextAt, historyBytes } = cursor;
  for (const document of known) {
    const { prefix, path, bodies } = document;
    const current = rows.get(path as string)?.version ?? null;
    const deletedAt =
      current === null ? deletedSince(bodies, deletions.getDeletedSince(prefix), now) : now;
    const choice = chooseExpired(bodies, current, deletedAt, policy);
    const isRemembered = current === null && choice.kept.length > 0;
    noticed.set(document, isRemembered ? deletedAt : null);
    expired.push(...choice.expired);
    if (current === null) {
      forgotten.push(...choice.expired.map(({ version }) => ({ path: path as string, version })));
    }
    historyBytes += choice.kept.reduce((sum, { length }) => sum + length, 0);
    nextAt = earliest([nextAt, choice.nextAt]);
  }
  deletions.forgetVersions(forgotten);
  for (let start = 0; start < expired.length; start += MAX_KEYS_PER_DELETE) {
    const keys = expired.slice(start, start + MAX_KEYS_PER_DELETE).map(({ key }) => key);
    await deleteBodies(env.BODIES, keys);
  }
  deletions.setDeletedSince(noticed);
  const bodies = documents.reduce((sum, document) => sum + document.bodies.length, 0);
  const hasBodies = cursor.hasBodies || bodies > expired.length;
  return { ...cursor, nextAt, historyBytes, hasBodies };
}

/**
 * The share of HISTORY_DAYS that an account has after a sweep: less, if its earlier versions take
 * more than its quota, so that replacing and deleting cannot fill storage that no quota covers.
 */
export async function nextHistoryShare(env: Env, cursor: SweepCursor): Promise<number> {
  const { account, historyShare, historyBytes } = cursor;
  if (historyBytes === 0) return 1;
  const quota = await loadQuota(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES);
  return Math.min(
    1,
    historyBytes > quota ? (historyShare * quota) / historyBytes : 2 * historyShare,
  );
}

async function repairFolders(
  env: Env,
  cursor: SweepCursor,
  start: RowKey | null,
): Promise<SweepStep> {
  let before = start;
  for (let pages = 0; pages < PAGES_PER_STEP; pages++) {
    const found = await findDriftedFolders(env.DB, cursor.account, before);
    for (const folder of found.drifted) await repairFolder(env, cursor.account, folder);
    if (found.nextBefore === null) return { ...cursor, isDone: true };
    before = found.nextBefore;
  }
  return { ...cursor, folders: { before }, isDone: false };
}

async function repairFolder(env: Env, account: string, folder: NodePath): Promise<void> {
  await repairTotals(env.DB, account, folder);
  logWarning("The totals of a folder had drifted and were repaired.", `account ${account}`);
}

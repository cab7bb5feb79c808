/**
 * The sweep: collects the bodies that no row names and nobody can want any more, and sets right
 * totals that have drifted. Runs step by step in the alarm of the user's Durable Object.
 *
 *   walk(account), in steps, each from where the last has stopped:
 *     for each document, by its bodies in R2 (a page of the list at a time):
 *       named := the version that its row names now                   read AFTER the list
 *       leave  named
 *       leave  what was uploaded less than GRACE ago                  it may be on its way
 *       delete what was uploaded more than GRACE after named          it was never committed
 *       leave  the newest HISTORY_VERSIONS of the rest that were
 *              replaced, or deleted, less than HISTORY_DAYS ago
 *       delete the rest
 *     abort the uploads in parts that began more than MAX_UPLOAD ago
 *     for each folder in the index, from the deepest: totals := sums of its items
 *
 * Invariant: a body that is deleted is named by no row, and no row will ever name it.
 *
 * Why: a row names a version by a commit of that version alone, and a commit has no effect once
 * COMMIT_WITHIN has passed since its body was uploaded. That is a condition of the statement itself
 * (`change-repo.ts`), so that neither a slow request nor a batch that arrives late gets round it.
 * GRACE is longer by what the clocks of D1, R2 and the object may differ. So nothing has to be
 * locked, and a commit may come in at any moment of a walk.
 */

import { documentAt, type NodePath } from "../core/path";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { logFault } from "../http/log";
import { abortUpload, type Body, dropBodies, MAX_DROPPED, walkBodies } from "./bodies";
import { findDriftedFolders, type IndexPlace, loadVersions, repairTotals } from "./sweep-repo";

/** A change has this long to be committed, after its body was uploaded if it has one. */
export const COMMIT_WITHIN_MS = 60_000;

/** For this long a body may wait for its row. */
export const GRACE_MS = 10 * COMMIT_WITHIN_MS;

/** An upload in parts that takes longer is taken for given up. */
const MAX_UPLOAD_MS = DAY_MS;

/** Pages of bodies or rows in one step: a few dozen calls, as the free plan allows. */
const PAGES_PER_STEP = 5;

/** Where a walk stands. */
export interface Walk {
  account: string;
  /** The prefix of the last document whose bodies were looked at; null: none yet. */
  bodiesAfter: string | null;
  /** Null: not yet there; the bodies come first. */
  folders: { before: IndexPlace | null } | null;
  /** When the first of the bodies that were left may go; null: there are none. */
  nextAt: number | null;
}

type Step = Walk & { isDone: boolean };

/** What the walks of one account remember of each other. */
export interface SweepMemory {
  /** Since when a document is known to be deleted, by the prefix of its bodies. */
  goneSince(prefix: string): number | undefined;
  setGone(prefix: string, since: number | null): void;
}

/** A walk from the beginning. */
export const newWalk = (account: string): Walk => ({
  account,
  bodiesAfter: null,
  folders: null,
  nextAt: null,
});

/** Does one step of a walk and returns where it stands then. A step can be repeated. */
export const sweepStep = (env: Env, walk: Walk, memory: SweepMemory, now: number): Promise<Step> =>
  walk.folders === null
    ? sweepBodies(env, walk, memory, now)
    : repairFolders(env, walk, walk.folders.before);

async function sweepBodies(env: Env, walk: Walk, memory: SweepMemory, now: number): Promise<Step> {
  const { account } = walk;
  const { HISTORY_DAYS, HISTORY_VERSIONS } = settings(env);
  const policy = { historyMs: HISTORY_DAYS * DAY_MS, historyVersions: HISTORY_VERSIONS, now };
  let { bodiesAfter, nextAt } = walk;
  let pages = 0;
  for await (const documents of walkBodies(env.BODIES, account, bodiesAfter)) {
    const nodes = documents.map(({ path }) => documentAt(path));
    const versions = await loadVersions(env.DB, account, nodes);
    const expired: string[] = [];
    for (const { prefix, path, bodies } of documents) {
      const named = versions.get(path) ?? null;
      const goneSince = named === null ? (memory.goneSince(prefix) ?? now) : now;
      const choice = chooseExpired(bodies, named, goneSince, policy);
      const isGone = named === null && choice.expired.length < bodies.length;
      memory.setGone(prefix, isGone ? goneSince : null);
      expired.push(...choice.expired.map(({ key }) => key));
      nextAt = earliest(nextAt, choice.nextAt);
    }
    for (let start = 0; start < expired.length; start += MAX_DROPPED) {
      await dropBodies(env.BODIES, expired.slice(start, start + MAX_DROPPED));
    }
    bodiesAfter = documents.at(-1)?.prefix ?? bodiesAfter;
    if (++pages === PAGES_PER_STEP) return { ...walk, bodiesAfter, nextAt, isDone: false };
  }
  return repairFolders(env, { ...walk, bodiesAfter, nextAt }, null);
}

interface HistoryPolicy {
  historyMs: number;
  historyVersions: number;
  now: number;
}

/**
 * Which bodies of a document may go, and when the next of those that stay may. `named`: the
 * document's version; null: it is deleted, as was first noticed at `goneSince`. Pure.
 */
export function chooseExpired(
  bodies: Body[],
  named: string | null,
  goneSince: number,
  { historyMs, historyVersions, now }: HistoryPolicy,
): { expired: Body[]; nextAt: number | null } {
  const newestFirst = bodies.toSorted((a, b) => b.uploadedAt - a.uploadedAt);
  const current = bodies.find(({ version }) => version === named);
  const expired: Body[] = [];
  let nextAt: number | null = null;
  let kept = 0;
  for (const [index, body] of newestFirst.entries()) {
    if (body === current) continue;
    const wasNeverNamed = current !== undefined && body.uploadedAt > current.uploadedAt + GRACE_MS;
    const endedAt =
      whenReplaced(body, newestFirst.slice(0, index)) ??
      (current === undefined ? goneSince : body.uploadedAt);
    const isTooMany = kept >= historyVersions;
    const expiresAt = wasNeverNamed || isTooMany ? 0 : endedAt + historyMs;
    const mayGoAt = Math.max(body.uploadedAt + GRACE_MS, expiresAt);
    if (mayGoAt <= now) expired.push(body);
    else nextAt = earliest(nextAt, mayGoAt);
    if (!wasNeverNamed) kept++;
  }
  return { expired, nextAt };
}

/**
 * When a body was replaced, at the latest: by one that says so (the others may be left of requests
 * that died), or by the first after it that does not say what it replaced. Undefined: never.
 */
function whenReplaced(body: Body, newerNewestFirst: Body[]): number | undefined {
  const saying = newerNewestFirst.find(({ replaces }) => replaces === body.version);
  const silent = newerNewestFirst.findLast(({ replaces }) => replaces === undefined);
  const times = [saying, silent].filter((one) => one !== undefined);
  const likely = times.length > 0 ? times : newerNewestFirst.slice(-1);
  return likely.length > 0 ? Math.max(...likely.map(({ uploadedAt }) => uploadedAt)) : undefined;
}

async function repairFolders(env: Env, walk: Walk, before: IndexPlace | null): Promise<Step> {
  let place = before;
  for (let pages = 0; pages < PAGES_PER_STEP; pages++) {
    const found = await findDriftedFolders(env.DB, walk.account, place);
    for (const folder of found.drifted) await repair(env, walk.account, folder);
    if (found.place === null) return { ...walk, isDone: true };
    place = found.place;
  }
  return { ...walk, folders: { before: place }, isDone: false };
}

async function repair(env: Env, account: string, folder: NodePath): Promise<void> {
  await repairTotals(env.DB, account, folder);
  logFault("The totals of a folder had drifted and were set right.", `account ${account}`);
}

/** An upload in parts, as it was announced before its first part. */
export interface Upload {
  key: string;
  uploadId: string;
  startedAt: number;
}

/** Ends the uploads that have taken too long. Returns those that go on. */
export async function abortOldUploads(
  env: Env,
  uploads: Upload[],
  now: number,
): Promise<{ ended: Upload[]; nextAt: number | null }> {
  const ended = uploads.filter(({ startedAt }) => startedAt + MAX_UPLOAD_MS <= now);
  for (const { key, uploadId } of ended) await abortUpload(env.BODIES, key, uploadId);
  const others = uploads.filter((upload) => !ended.includes(upload));
  const ends = others.map(({ startedAt }) => startedAt + MAX_UPLOAD_MS);
  return { ended, nextAt: ends.length > 0 ? Math.min(...ends) : null };
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

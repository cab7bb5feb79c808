/**
 * The sweep: collects the bodies that no row names and nobody can want any more, and sets right
 * totals that have drifted. Runs step by step in the alarm of the user's Durable Object.
 *
 *   walk(account), in steps, each from where the last has stopped:
 *     for each document, by its bodies in R2 (a page of the list at a time):
 *       named := the version that its row names now                   read AFTER the list
 *       leave  named
 *       leave  what was uploaded less than GRACE ago, and the time
 *              that its upload may have taken                         it may be on its way
 *       delete what was uploaded more than that after named           it was never committed
 *       leave  the newest HISTORY_VERSIONS of the rest that were
 *              replaced, or deleted, less than HISTORY_DAYS ago (fewer, where
 *              the history of the account has outgrown its quota)
 *       delete the rest
 *     for each folder in the index, from the deepest: totals := sums of its items
 *
 * Invariant: a body that is deleted is named by no row, and no row will ever name it.
 *
 * Why: a row names a version by a commit of that version alone, and a commit has no effect once
 * COMMIT_WITHIN has passed since the upload of its body ended. That is a condition of the statement itself
 * (`change-repo.ts`), so that neither a slow request nor a batch that arrives late gets round it.
 * GRACE is longer by what the clocks of D1, R2 and the object may differ. So nothing has to be
 * locked, and a commit may come in at any moment of a walk.
 */

import { documentFromPath, type NodePath } from "../core/path";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import {
  type Body,
  type BodyPage,
  dropBodies,
  MAX_DROPPED,
  uploadTimeMs,
  walkBodies,
} from "./bodies";
import { COMMIT_WITHIN_MS } from "./commit";
import {
  findDriftedFolders,
  type IndexPlace,
  loadQuota,
  loadVersions,
  repairTotals,
} from "./db/sweep";

/** For this long a body may wait for its row, counted from the end of its upload. */
export const GRACE_MS = 10 * COMMIT_WITHIN_MS;

/**
 * R2 does not say whether the time of an object is the beginning or the end of its upload; in parts
 * it may have taken an hour for what else takes a minute.
 */
const graceOf = ({ length }: Body): number => GRACE_MS + 2 * uploadTimeMs(length);

/** Pages of bodies or rows in one step: a few dozen calls, as the free plan allows. */
const PAGES_PER_STEP = 5;

/** Where a walk stands. */
export interface Walk {
  account: string;
  /** The key of the last body that was looked at; null: none yet. */
  bodiesAfter: string | null;
  /** Null: not yet there; the bodies come first. */
  folders: { before: IndexPlace | null } | null;
  /** When the first of the bodies that were left may go; null: there are none. */
  nextAt: number | null;
  /** How much of HISTORY_DAYS the account has; from 0 to 1. */
  historyShare: number;
  /** Bytes of the earlier versions that were left so far. */
  historyBytes: number;
  /** Whether any bodies were left. */
  hasBodies: boolean;
}

type Step = Walk & { isDone: boolean };

/** What the walks of one account remember of each other. */
export interface SweepMemory {
  /** Since when a document is known to be deleted, by the prefix of its bodies. */
  goneSince(prefix: string): number | undefined;
  setGone(prefix: string, since: number | null): void;
}

/** A walk from the beginning. */
export const newWalk = (account: string, historyShare = 1): Walk => ({
  account,
  bodiesAfter: null,
  folders: null,
  nextAt: null,
  historyShare,
  historyBytes: 0,
  hasBodies: false,
});

/** Does one step of a walk and returns where it stands then. A step can be repeated. */
export const sweepStep = (env: Env, walk: Walk, memory: SweepMemory, now: number): Promise<Step> =>
  walk.folders === null
    ? sweepBodies(env, walk, memory, now)
    : repairFolders(env, walk, walk.folders.before);

async function sweepBodies(env: Env, walk: Walk, memory: SweepMemory, now: number): Promise<Step> {
  let seen = walk;
  let pages = 0;
  for await (const page of walkBodies(env.BODIES, walk.account, walk.bodiesAfter)) {
    seen = { ...(await sweepPage(env, seen, page, memory, now)), bodiesAfter: page.lastKey };
    if (++pages === PAGES_PER_STEP) return { ...seen, isDone: false };
  }
  return repairFolders(env, seen, null);
}

async function sweepPage(
  env: Env,
  walk: Walk,
  { documents }: BodyPage,
  memory: SweepMemory,
  now: number,
): Promise<Walk> {
  const known = documents.filter(({ path }) => path !== null);
  if (known.length < documents.length) {
    logWarning("Bodies without their label were left.", `account ${walk.account}`);
  }
  const nodes = known.map(({ path }) => documentFromPath(path as string));
  const versions = await loadVersions(env.DB, walk.account, nodes);
  const { HISTORY_DAYS, HISTORY_VERSIONS } = settings(env);
  const historyMs = HISTORY_DAYS * DAY_MS * walk.historyShare;
  const policy = { historyMs, historyVersions: HISTORY_VERSIONS, now };
  const expired: Body[] = [];
  const gone = new Map<string, number | null>();
  let { nextAt, historyBytes } = walk;
  for (const { prefix, path, bodies } of known) {
    const named = versions.get(path as string) ?? null;
    const goneSince = named === null ? whenGone(bodies, memory.goneSince(prefix), now) : now;
    const choice = chooseExpired(bodies, named, goneSince, policy);
    gone.set(prefix, named === null && choice.left.length > 0 ? goneSince : null);
    expired.push(...choice.expired);
    historyBytes += choice.left.reduce((sum, { length }) => sum + length, 0);
    nextAt = earliest(nextAt, choice.nextAt);
  }
  for (let start = 0; start < expired.length; start += MAX_DROPPED) {
    const keys = expired.slice(start, start + MAX_DROPPED).map(({ key }) => key);
    await dropBodies(env.BODIES, keys);
  }
  for (const [prefix, since] of gone) memory.setGone(prefix, since);
  const bodies = documents.reduce((sum, document) => sum + document.bodies.length, 0);
  return { ...walk, nextAt, historyBytes, hasBodies: walk.hasBodies || bodies > expired.length };
}

/** Since when a document is deleted: not since before a body that it still got. */
const whenGone = (bodies: Body[], since: number | undefined, now: number): number =>
  since !== undefined && bodies.every(({ uploadedAt }) => uploadedAt <= since) ? since : now;

/**
 * How much of HISTORY_DAYS an account has after a walk: less, where its earlier versions take more
 * than its quota, so that replacing and deleting cannot fill what nobody pays for.
 */
export async function nextShare(env: Env, walk: Walk): Promise<number> {
  const { account, historyShare, historyBytes } = walk;
  if (historyBytes === 0) return 1;
  const quota = await loadQuota(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES);
  return Math.min(
    1,
    historyBytes > quota ? (historyShare * quota) / historyBytes : 2 * historyShare,
  );
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
): { expired: Body[]; left: Body[]; nextAt: number | null } {
  const newestFirst = bodies.toSorted((a, b) => b.uploadedAt - a.uploadedAt);
  const current = bodies.find(({ version }) => version === named);
  const expired: Body[] = [];
  const left: Body[] = [];
  let nextAt: number | null = null;
  let kept = 0;
  for (const [index, body] of newestFirst.entries()) {
    if (body === current) continue;
    const wasNeverNamed =
      current !== undefined && body.uploadedAt > current.uploadedAt + graceOf(current);
    const endedAt =
      whenReplaced(body, newestFirst.slice(0, index)) ??
      (current === undefined ? goneSince : body.uploadedAt);
    const isTooMany = kept >= historyVersions;
    const expiresAt = wasNeverNamed || isTooMany ? 0 : endedAt + historyMs;
    const mayGoAt = Math.max(body.uploadedAt + graceOf(body), expiresAt);
    (mayGoAt <= now ? expired : left).push(body);
    if (mayGoAt > now) nextAt = earliest(nextAt, mayGoAt);
    if (!wasNeverNamed) kept++;
  }
  return { expired, left, nextAt };
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
  logWarning("The totals of a folder had drifted and were set right.", `account ${account}`);
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

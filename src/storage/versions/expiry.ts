/** Which bodies of a document have expired, by their age and the history that is kept. Pure. */

import { earliest } from "../../core/time";
import { maxUploadMs } from "../bodies";
import { COMMIT_WINDOW_MS } from "../commit";
import type { StoredBody } from "./stored-bodies";

/** How long a body may wait for its row, counted from the end of its upload. */
export const GRACE_PERIOD_MS = 10 * COMMIT_WINDOW_MS;

/**
 * How long after the time that R2 gives it a body may still get its row. R2 does not say whether the
 * time of an object is the beginning or the end of its upload; an upload in parts may have taken an
 * hour where another takes a minute.
 */
export const gracePeriodMs = ({ length }: StoredBody): number =>
  GRACE_PERIOD_MS + 2 * maxUploadMs(length);

/** How much history a document has. */
interface HistoryPolicy {
  /** How long an earlier version is kept after it was replaced or deleted. */
  historyMs: number;
  /** How many earlier versions are kept at most. */
  historyVersions: number;
  now: number;
}

/**
 * Chooses the bodies of a document that may be deleted. `currentVersion` is the version that the
 * index names; null: the document is deleted, which was first noticed at `deletedAt`. Returns the
 * expired bodies, the others without the current one, and when the first of these expires.
 */
export function chooseExpired(
  bodies: StoredBody[],
  currentVersion: string | null,
  deletedAt: number,
  { historyMs, historyVersions, now }: HistoryPolicy,
): { expired: StoredBody[]; kept: StoredBody[]; nextAt: number | null } {
  const newestFirst = bodies.toSorted((a, b) => b.uploadedAt - a.uploadedAt);
  const current = bodies.find(({ version }) => version === currentVersion);
  const expired: StoredBody[] = [];
  const kept: StoredBody[] = [];
  let nextAt: number | null = null;
  let historyLength = 0;
  for (const [index, body] of newestFirst.entries()) {
    if (body === current) continue;
    const wasNeverCommitted =
      current !== undefined && body.uploadedAt > current.uploadedAt + gracePeriodMs(current);
    const endedAt =
      replacedAt(body, newestFirst.slice(0, index)) ??
      (current === undefined ? deletedAt : body.uploadedAt);
    const isBeyondHistory = historyLength >= historyVersions;
    const historyEndsAt = wasNeverCommitted || isBeyondHistory ? 0 : endedAt + historyMs;
    const expiresAt = Math.max(body.uploadedAt + gracePeriodMs(body), historyEndsAt);
    (expiresAt <= now ? expired : kept).push(body);
    if (expiresAt > now) nextAt = earliest([nextAt, expiresAt]);
    if (!wasNeverCommitted) historyLength++;
  }
  return { expired, kept, nextAt };
}

/**
 * When a body was replaced, at the latest: by one whose metadata says so (others may be left of
 * requests that died), or by the first after it whose metadata does not say what it replaced.
 * Undefined if it was never replaced.
 */
function replacedAt(body: StoredBody, newerNewestFirst: StoredBody[]): number | undefined {
  const named = newerNewestFirst.find(({ replaces }) => replaces === body.version);
  const unknown = newerNewestFirst.findLast(({ replaces }) => replaces === undefined);
  const candidates = [named, unknown].filter((candidate) => candidate !== undefined);
  const successors = candidates.length > 0 ? candidates : newerNewestFirst.slice(-1);
  return successors.length > 0
    ? Math.max(...successors.map(({ uploadedAt }) => uploadedAt))
    : undefined;
}

/**
 * Since when a document is deleted, milliseconds since 1970: since `noticedAt`, when an earlier sweep
 * noticed it, unless it has got a body after that; otherwise since now.
 */
export const deletedSince = (
  bodies: StoredBody[],
  noticedAt: number | undefined,
  now: number,
): number =>
  noticedAt !== undefined && bodies.every(({ uploadedAt }) => uploadedAt <= noticedAt)
    ? noticedAt
    : now;

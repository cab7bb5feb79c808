/** Which versions a document has had, and which was the document at a moment. Pure. */

import { GRACE_PERIOD_MS } from "./expiry";
import type { StoredBody } from "./stored-bodies";

/** What is known of a document besides its bodies. */
export interface DocumentFacts {
  /** The version that the index names now, and since when; null: the document is deleted. */
  current: { version: string; since: number } | null;
  /** When a version became the document, milliseconds since 1970; undefined: it is not recorded. */
  writtenAt: (version: string) => number | undefined;
  /** When the document was deleted while it had this version; undefined: it is not recorded. */
  deletedAt: (version: string) => number | undefined;
}

/** A version that has been the document. */
export interface PastVersion {
  body: StoredBody;
  /** Milliseconds since 1970. */
  from: number;
  /** Whether `from` is the time of the commit, and not that of the upload. */
  isExact: boolean;
  /** Until it was replaced or deleted; null: it is the document. */
  until: number | null;
}

/**
 * The versions of a document, the latest first. A body that no commit is known of counts, as far as
 * nothing says that it was never committed.
 */
export function pastVersions(bodies: StoredBody[], facts: DocumentFacts): PastVersion[] {
  const { current, writtenAt, deletedAt } = facts;
  const replaced = new Set(bodies.map(({ replaces }) => replaces));
  const dated = bodies
    .map((body): DatedBody => {
      const { version } = body;
      const at = version === current?.version ? current.since : writtenAt(version);
      const isExact = at !== undefined;
      const isCommitted = isExact || deletedAt(version) !== undefined || replaced.has(version);
      // Bodies of a restored backup are uploaded after all commits.
      const isBefore = replaced.has(version) && current !== null;
      const latest = isBefore ? Math.min(body.uploadedAt, current.since) : body.uploadedAt;
      return { body, from: at ?? latest, isExact, isCommitted };
    })
    .sort(inOrderOfCommits(current?.version));
  const committed = dated.filter(
    (version, index) =>
      version.isCommitted || !isKnownUncommitted(version, dated.slice(index + 1), current),
  );
  return committed
    .map(({ isCommitted: _, ...version }, index): PastVersion => {
      const isCurrent = version.body.version === current?.version;
      const until = deletedAt(version.body.version) ?? committed[index + 1]?.from ?? null;
      return { ...version, until: isCurrent ? null : until };
    })
    .reverse();
}

interface DatedBody {
  body: StoredBody;
  from: number;
  isExact: boolean;
  /** Whether it is known to have been the document, if only because another one replaced it. */
  isCommitted: boolean;
}

/** By time; in the same millisecond a version comes after the one that it replaces, the current one last. */
const inOrderOfCommits =
  (current: string | undefined) =>
  (a: DatedBody, b: DatedBody): number =>
    a.from - b.from ||
    Number(a.body.replaces === b.body.version) - Number(b.body.replaces === a.body.version) ||
    Number(a.body.version === current) - Number(b.body.version === current);

/** A body that the next version says it did not replace, or that came long after the current one. */
function isKnownUncommitted(
  { body, from }: DatedBody,
  later: DatedBody[],
  current: DocumentFacts["current"],
): boolean {
  if (current !== null && from > current.since + GRACE_PERIOD_MS) return true;
  const next = later.find(({ isCommitted }) => isCommitted)?.body.replaces;
  return next !== undefined && next !== "" && next !== body.version;
}

/** What is known of a document's versions of which R2 may have no more. */
interface EarlierFacts {
  /** Whether a version is recorded to have been a new document. */
  isNew: (version: string) => boolean;
  /** Whether the document is recorded to have been written by then. */
  wasWritten: boolean;
}

/**
 * The version that was the document at `at`; null: there was no such document; `lost`: there may have been one
 * before the first version that is left. That one is not known to have been a new document, or a document
 * with its path is known to have been written before, of which nothing is left.
 */
export function versionAt(
  bodies: StoredBody[],
  facts: DocumentFacts & EarlierFacts,
  at: number,
): StoredBody | null | "lost" {
  const versions = pastVersions(bodies, facts);
  const found = versions.find(({ from }) => from <= at);
  if (found === undefined) {
    const first = versions.at(-1)?.body;
    if (first === undefined) return null;
    const isNew = first.replaces === "" || facts.isNew(first.version);
    return isNew && !facts.wasWritten ? null : "lost";
  }
  const deletedAt = facts.deletedAt(found.body.version);
  return deletedAt !== undefined && deletedAt <= at ? null : found.body;
}

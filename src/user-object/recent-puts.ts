/**
 * Recognizes a PUT with If-Match that is sent again because its answer was lost. RFC 9110 §13.1.1:
 * where it "appears to have already been applied", "the origin server MAY respond with a 2xx". Not so for
 * If-None-Match, which by §6 fails if the document exists. Kept in memory: after a restart of the
 * object, the answer is 412.
 */

import { requiredVersion } from "../core/etag";
import { formatPath } from "../core/path";
import { type Outcome, ok } from "../core/refusals";
import type { Change } from "../storage/change";
import type { CommitRequest, CommitResult } from "../storage/commit";

/** For so long, in milliseconds; by then a client has given up. */
const REMEMBERED_MS = 10 * 60_000;

const MAX_REMEMBERED = 1000;

/** The latest PUT of a document, if it depended on the version before it. */
interface RecentPut {
  version: string;
  required: string;
  type: string;
  length: number;
  digest: string | null;
  /** When it was made, milliseconds since 1970. */
  at: number;
}

/** The latest PUTs of one account. */
export class RecentPuts {
  readonly #puts = new Map<string, RecentPut>();

  /** Remembers a change that was made if it is such a PUT, and forgets the one before it. */
  record({ node, version, precondition, put, digest }: CommitRequest, now: number): void {
    const path = formatPath(node);
    this.#puts.delete(path);
    const required = requiredVersion(precondition);
    if (!put || !required) return;
    this.#puts.set(path, { version, required, ...put, digest, at: now });
    const [oldest] = this.#puts.keys();
    if (this.#puts.size > MAX_REMEMBERED && oldest !== undefined) this.#puts.delete(oldest);
  }

  /** The outcome of a change, but success if it failed because the same PUT was made before. */
  recognize(
    request: CommitRequest,
    outcome: Outcome<CommitResult>,
    now: number,
  ): Outcome<CommitResult> {
    if (outcome.ok || outcome.refusal.code !== "precondition-failed") return outcome;
    const recent = this.find(request, outcome.refusal.version ?? null, now);
    if (!recent || recent.digest !== request.digest || recent.length !== request.put?.length) {
      return outcome;
    }
    return ok({ version: recent.version, created: false, freeBytes: null });
  }

  /**
   * The PUT that made this version of the document, if the change is the same one apart from its body,
   * which may not be known yet, and began after it: two at once are two.
   */
  find(
    { node, precondition, put, modified }: Change,
    version: string | null,
    now: number,
  ): RecentPut | null {
    const recent = this.#puts.get(formatPath(node));
    return recent?.version === version &&
      recent.required === requiredVersion(precondition) &&
      recent.type === put?.type &&
      recent.at < modified &&
      now - recent.at < REMEMBERED_MS
      ? recent
      : null;
  }
}

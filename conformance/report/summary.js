/** What the results of a run amount to. */

import { CHAPTERS } from "../cases/index.js";
import { LEVELS } from "../run/case.js";

/** @typedef {import("../run/session.js").Result} Result */

/**
 * A run as all reporters get it.
 * @typedef {object} Run
 * @property {string} provider the address, or the storage root
 * @property {string} storageRoot
 * @property {string | null} announced the draft that the provider announces
 * @property {number} draft the draft by which it is judged
 * @property {string} suite the version of the suite
 * @property {string} startedAt ISO 8601
 * @property {number} seconds
 * @property {Result[]} results
 * @property {string[]} left what could not be deleted
 */

/** The results that count: those of the draft that the provider announces. @param {Run} run */
export const judged = ({ results }) => results.filter(({ isNewer }) => !isNewer);

/** The results of newer drafts. @param {Run} run */
export const newer = ({ results }) => results.filter(({ isNewer }) => isNewer);

/**
 * How many results of a kind there are.
 * @param {Result[]} results
 * @returns {Record<Result["outcome"], number>}
 */
export function countOutcomes(results) {
  const counts = { passed: 0, failed: 0, skipped: 0, undecided: 0 };
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}

/**
 * The counts of each level, in the order of LEVELS, without levels that have no results.
 * @param {Result[]} results
 */
export const countLevels = (results) =>
  LEVELS.map((level) => {
    const own = results.filter((result) => result.case.level === level);
    return { level, total: own.length, ...countOutcomes(own) };
  }).filter(({ total }) => total > 0);

/**
 * The results by chapter, in the order of CHAPTERS.
 * @param {Result[]} results
 */
export const byChapter = (results) =>
  Object.entries(CHAPTERS)
    .map(([chapter, title]) => ({
      chapter,
      title,
      results: results.filter((result) => result.case.id.startsWith(`${chapter}/`)),
    }))
    .filter((entry) => entry.results.length > 0);

/**
 * Whether a run has failed: 0 if not, 1 if a case failed that is binding enough, 2 if the provider stopped
 * answering.
 * @param {Run} run
 * @param {"must" | "should" | "any"} failOn
 */
export function exitCode(run, failOn) {
  if (run.results.some(({ reason }) => reason === "stopped")) return 2;
  const levels = { must: ["MUST"], should: ["MUST", "SHOULD"], any: LEVELS }[failOn];
  const isFailed = judged(run).some(
    (result) => result.outcome === "failed" && levels.includes(result.case.level),
  );
  return isFailed ? 1 : 0;
}

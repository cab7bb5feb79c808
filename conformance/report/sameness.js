/** Whether several runs at one provider have the same results. */

/** @typedef {import("../run/session.js").Result} Result */

/**
 * A case whose results were not the same in all runs.
 * @typedef {object} Difference
 * @property {import("../run/case.js").Case} case
 * @property {Result[]} results one for each run
 */

/**
 * The cases that ended differently: with another outcome, with another reason, or failed or skipped with another
 * sentence. A sentence is compared without what is other in each run. Every run has the same cases in the same order.
 * @param {{results: Result[]}[]} runs
 * @returns {Difference[]}
 */
export const findDifferences = ([first, ...others]) =>
  first.results
    .map((result, index) => ({
      case: result.case,
      results: [result, ...others.map(({ results }) => results[index])],
    }))
    .filter(({ results }) => new Set(results.map(endingOf)).size > 1);

/**
 * A sentence without what is other in each run: the names of folders, ports, and versions, which are times of
 * milliseconds or hashes at most providers.
 * @param {string} sentence
 */
export const lasting = (sentence) =>
  sentence
    .replaceAll(/\bconformance-[a-z0-9]{10}\b/g, "…")
    .replaceAll(/(…[/-]|\bconformance-)case-\d+/g, "…")
    .replaceAll(/(127\.0\.0\.1|localhost):\d+/g, "$1")
    .replaceAll(/\b(\d{10,}|[0-9a-f]{32,})\b/g, "…");

/** Which error a broken connection causes depends on the moment, so it is no difference. @param {Result} result */
const endingOf = ({ outcome, reason = "", message = "" }) =>
  outcome === "undecided" ? `undecided, ${reason}` : `${outcome}: ${lasting(message)}`;

/** Compares results: ratios round by round, and whether they meet the targets. */

import { spread } from "./statistics.mjs";

/** @typedef {import("./rounds.mjs").Result} Result */

/** @typedef {{ratio: import("./statistics.mjs").Spread, target?: object, isMet?: boolean}} Ratio */

/**
 * @typedef {object} Comparison
 * @property {string} case
 * @property {string} measure
 * @property {number} satchel
 * @property {"baseline" | "itself" | "sequential"} base the base of comparison besides armadietto: the
 *   baseline, Satchel itself in a small folder, or the baseline with sequential requests
 * @property {Ratio} toBase
 * @property {Ratio | null} toArmadietto null if it has no result
 * @property {{target: object, isMet: boolean} | null} limit target for Satchel's own figure
 * @property {number | null} cpuToBaseline ratio of CPU time per request, which is more reliable than
 *   time on a busy machine; null if unknown
 */

/**
 * @param {import("./cases.mjs").Case} work
 * @param {Record<string, {overall: Result, rounds: Result[]}>} results
 * @returns {Comparison[]} one per row of the case whose measure is available
 */
export function compare(work, results) {
  return work.rows
    .filter(({ measure }) => results.satchel.overall[measure] !== undefined)
    .map((row) => compareMeasure(work.name, row, results));
}

function compareMeasure(name, row, results) {
  const { measure, base = "baseline", limit } = row;
  const valuesOf = (label) => results[label].rounds.map((round) => round[measure]);
  const satchelValues = valuesOf("satchel");
  const ratioTo = (label, target) => {
    const other = valuesOf(label);
    const ratio = spread(satchelValues.map((value, round) => value / other[round]));
    return { ratio, ...evaluateTarget(target, ratio.median) };
  };
  const satchel = results.satchel.overall[measure];
  return {
    case: name,
    measure,
    satchel,
    base,
    toBase: ratioTo(base, row.toBase),
    toArmadietto: results.armadietto ? ratioTo("armadietto", row.toArmadietto) : null,
    limit: limit ? evaluateTarget(limit, satchel) : null,
    cpuToBaseline: results.satchel.overall.cpu / results.baseline.overall.cpu || null,
  };
}

function evaluateTarget(target, value) {
  if (!target) return {};
  const isMet = "max" in target ? value <= target.max : value >= target.min;
  return { target, isMet };
}

/** @returns {string[]} descriptions of the missed targets */
export function describeMissed(comparisons) {
  return comparisons.flatMap(({ case: name, measure, base, toBase, toArmadietto, limit }) => [
    ...(toBase.isMet === false ? [`${name}, ${measure}, against ${base}`] : []),
    ...(toArmadietto?.isMet === false ? [`${name}, ${measure}, against armadietto`] : []),
    ...(limit?.isMet === false ? [`${name}, ${measure}`] : []),
  ]);
}

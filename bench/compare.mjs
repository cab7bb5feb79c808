/** From what was measured to what it means: ratios, round by round, and whether they suffice. */

import { spread } from "./statistics.mjs";

/** @typedef {import("./rounds.mjs").Result} Result */

/** @typedef {{ratio: import("./statistics.mjs").Spread, target?: object, isReached?: boolean}} Ratio */

/**
 * @typedef {object} Comparison
 * @property {string} case
 * @property {string} measure
 * @property {number} satchel
 * @property {"floor" | "itself" | "alone"} base whom Satchel is held against beside armadietto: the
 *   floor, itself in a small folder, or the floor with one client at a time
 * @property {Ratio} toBase
 * @property {Ratio | null} toArmadietto null: it has no result
 * @property {{target: object, isReached: boolean} | null} limit of Satchel's own figure
 * @property {number | null} cpuToFloor processor time per request by the floor's, which tells more
 *   than time on a machine that has other things to do; null: not known
 */

/**
 * @param {import("./cases.mjs").Case} work
 * @param {Record<string, {whole: Result, rounds: Result[]}>} results
 * @returns {Comparison[]} a row per measure that the case names and that could be taken
 */
export function compare(work, results) {
  return work.rows
    .filter(({ measure }) => results.satchel.whole[measure] !== undefined)
    .map((row) => compareMeasure(work.name, row, results));
}

function compareMeasure(name, row, results) {
  const { measure, base = "floor", limit } = row;
  const valuesOf = (label) => results[label].rounds.map((round) => round[measure]);
  const own = valuesOf("satchel");
  const ratioTo = (label, target) => {
    const other = valuesOf(label);
    const ratio = spread(own.map((value, round) => value / other[round]));
    return { ratio, ...judge(target, ratio.median) };
  };
  const satchel = results.satchel.whole[measure];
  return {
    case: name,
    measure,
    satchel,
    base,
    toBase: ratioTo(base, row.toBase),
    toArmadietto: results.armadietto ? ratioTo("armadietto", row.toArmadietto) : null,
    limit: limit ? judge(limit, satchel) : null,
    cpuToFloor: results.satchel.whole.cpu / results.floor.whole.cpu || null,
  };
}

function judge(target, value) {
  if (!target) return {};
  const isReached = "most" in target ? value <= target.most : value >= target.least;
  return { target, isReached };
}

/** @returns {string[]} what was not reached, in words */
export function missed(comparisons) {
  return comparisons.flatMap(({ case: name, measure, base, toBase, toArmadietto, limit }) => [
    ...(toBase.isReached === false ? [`${name}, ${measure}, against ${base}`] : []),
    ...(toArmadietto?.isReached === false ? [`${name}, ${measure}, against armadietto`] : []),
    ...(limit?.isReached === false ? [`${name}, ${measure}`] : []),
  ]);
}

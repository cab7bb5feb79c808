/** The results as text, while they arrive and at the end. */

import { draftName } from "../run/drafts.js";
import { byChapter, countLevels, countOutcomes, judged, newer } from "./summary.js";

/** @typedef {import("../run/session.js").Result} Result */

const MARKS = { passed: "✓", failed: "✗", skipped: "-", undecided: "?" };
const COLORS = { passed: 32, failed: 31, skipped: 90, undecided: 33 };

/**
 * One result as a line, with the reason below it if it did not pass.
 * @param {Result} result
 * @param {boolean} isColored
 */
export function renderLine({ case: { id, title, level, source, since }, ...result }, isColored) {
  const { outcome, message, isNewer } = result;
  const newerMark = isNewer ? ` (since draft ${since})` : "";
  const paint = (/** @type {string} */ text) =>
    isColored ? `\u001b[${COLORS[outcome]}m${text}\u001b[0m` : text;
  const line = `  ${paint(MARKS[outcome])} ${level.padEnd(10)} ${source.padEnd(18)} ${title}${newerMark}`;
  if (outcome === "passed") return line;
  const reason = outcome === "undecided" ? `undecided, ${result.reason}: ` : "";
  return `${line}\n      ${paint(`${reason}${message}`)} [${id}]`;
}

/**
 * The end of a report: the transcripts of failures, and the counts.
 * @param {import("./summary.js").Run} run
 */
export function renderSummary(run) {
  const own = judged(run);
  const lines = own
    .filter(({ outcome }) => outcome === "failed")
    .flatMap(({ case: { id, title }, message, transcript }) => [
      "",
      `${id}: ${title}`,
      `  ${message}`,
      ...indent(transcript ?? ""),
    ]);
  const counts = countLevels(own).map(
    ({ level, total, passed, failed, skipped, undecided }) =>
      `  ${level.padEnd(10)} ${passed} of ${total} pass${list({ failed, skipped, undecided })}`,
  );
  const more = countOutcomes(newer(run));
  return [
    ...lines,
    "",
    `${run.provider}, judged by ${draftName(run.draft)}:`,
    ...counts,
    ...(newer(run).length > 0
      ? [
          `  newer drafts would add ${newer(run).length} cases: ${more.passed} pass, ${more.failed} fail`,
        ]
      : []),
    ...run.left.map((path) => `Could not be deleted: ${path}`),
  ].join("\n");
}

/**
 * A whole report as text.
 * @param {import("./summary.js").Run} run
 * @param {boolean} [isColored]
 */
export const renderText = (run, isColored = false) =>
  [
    ...byChapter(run.results).flatMap(({ title, results }) => [
      "",
      title,
      ...results.map((result) => renderLine(result, isColored)),
    ]),
    renderSummary(run),
  ].join("\n");

/** @param {Record<string, number>} counts */
const list = (counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `, ${count} ${name}`)
    .join("");

/** @param {string} text */
const indent = (text) => (text === "" ? [] : text.split("\n").map((line) => `    ${line}`));

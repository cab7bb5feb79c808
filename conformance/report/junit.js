/** The results in the XML of JUnit, which CI systems show. */

import { byChapter, countOutcomes, judged } from "./summary.js";

/** @typedef {import("../run/session.js").Result} Result */

/**
 * A report as JUnit XML. What could not be decided counts as an error, not as a failure; cases of newer drafts
 * than the provider's are left out.
 * @param {import("./summary.js").Run} run
 */
export function renderJunit(run) {
  const suites = byChapter(judged(run)).map(({ title, results }) => {
    const { failed, skipped, undecided } = countOutcomes(results);
    const counts = `tests="${results.length}" failures="${failed}" errors="${undecided}" skipped="${skipped}"`;
    return `  <testsuite name="${escapeXml(title)}" ${counts}>\n${results.map(renderCase).join("\n")}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escapeXml(run.provider)}">\n${suites.join("\n")}\n</testsuites>\n`;
}

/** @param {Result} result */
function renderCase({ case: { id, title, level }, outcome, message = "", transcript = "", ms }) {
  const open = `    <testcase classname="${escapeXml(id)}" name="${escapeXml(`${level}: ${title}`)}" time="${(ms / 1000).toFixed(3)}"`;
  if (outcome === "passed") return `${open}/>`;
  const element = { failed: "failure", undecided: "error", skipped: "skipped" }[outcome];
  return `${open}>\n      <${element} message="${escapeXml(message)}">${escapeXml(transcript)}</${element}>\n    </testcase>`;
}

/**
 * A text inside XML or HTML. Characters that XML does not allow at all are replaced.
 * @param {string} text
 */
export const escapeXml = (text) =>
  text
    .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

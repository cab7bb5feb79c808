/** The results as one HTML file, without scripts or anything from elsewhere. */

import { REQUIREMENTS } from "../requirements.js";
import { draftName } from "../run/drafts.js";
import { escapeXml } from "./junit.js";
import { byChapter, countLevels, countOutcomes, judged, newer } from "./summary.js";

/** @typedef {import("../run/session.js").Result} Result */

const sentences = new Map(REQUIREMENTS.map(({ id, sentence }) => [id, sentence]));

const OUTCOME_LABELS = {
  passed: "passes",
  failed: "fails",
  skipped: "does not apply",
  undecided: "undecided",
};

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --soft: #6e7781; --warn: #9a6700 }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --soft: #9198a1; --warn: #d29922 } }
* { box-sizing: border-box }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 54rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .9rem; overflow-wrap: normal }
th, td { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line) }
td.number, th.number { text-align: right }
ul { list-style: none; margin: 0; padding: 0 } li { padding: .4rem 0; border-bottom: 1px solid var(--line) }
.outcome { font-weight: 600 } .passed .outcome { color: var(--good) } .failed .outcome { color: var(--bad) }
.skipped .outcome { color: var(--soft) } .undecided .outcome { color: var(--warn) }
.meta { font-size: .85rem; color: var(--soft) }
details > summary { cursor: pointer } blockquote { margin: .25rem 0 .25rem 1rem; font-size: .9rem; color: var(--soft) }
pre { white-space: pre-wrap; font-size: .8rem; padding: .5rem; border: 1px solid var(--line); border-radius: .3rem }
`;

/**
 * A report as an HTML page.
 * @param {import("./summary.js").Run} run
 */
export const renderHtml = (run) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(run.provider)}: remoteStorage conformance</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(run.provider)}</h1>
<p>Judged by ${draftName(run.draft)}${run.announced === draftName(run.draft) ? ", which it announces" : ` (it announces ${escapeXml(run.announced ?? "no draft")})`}.</p>
<p class="soft">${escapeXml(run.startedAt.slice(0, 16).replace("T", " "))} UTC, suite ${escapeXml(run.suite)}, ${run.results.length} cases in ${Math.round(run.seconds)} s</p>
${renderTable(run)}
${renderNewer(run)}
${byChapter(judged(run)).map(renderChapter).join("\n")}
${run.left.length > 0 ? `<h2>Could not be deleted</h2><ul>${run.left.map((path) => `<li>${escapeXml(path)}</li>`).join("")}</ul>` : ""}
</main>
</body>
</html>
`;

/** @param {import("./summary.js").Run} run */
const renderTable = (run) => `<table>
<thead><tr><th scope="col">level</th><th scope="col" class="number">passes</th><th scope="col" class="number">fails</th><th scope="col" class="number">does not apply</th><th scope="col" class="number">undecided</th></tr></thead>
<tbody>
${countLevels(judged(run))
  .map(
    ({ level, passed, failed, skipped, undecided }) =>
      `<tr><th scope="row">${level}</th>${[passed, failed, skipped, undecided].map((count) => `<td class="number">${count}</td>`).join("")}</tr>`,
  )
  .join("\n")}
</tbody>
</table>`;

/** @param {import("./summary.js").Run} run */
function renderNewer(run) {
  const results = newer(run);
  if (results.length === 0) return "";
  const { passed, failed } = countOutcomes(results);
  const open = `<h2>What newer drafts would add</h2>\n<p>Of ${results.length} cases ${passed} pass and ${failed} fail. They do not count above.</p>`;
  return `${open}\n<ul>\n${results.map(renderResult).join("\n")}\n</ul>`;
}

/** @param {{title: string, results: Result[]}} chapter */
const renderChapter = ({ title, results }) =>
  `<h2>${escapeXml(title)}</h2>\n<ul>\n${results.map(renderResult).join("\n")}\n</ul>`;

/** @param {Result} result */
function renderResult({ case: { id, title, level, source, since, requirements }, ...result }) {
  const { outcome, message, transcript, reason } = result;
  const why = message
    ? `<p>${reason ? `${escapeXml(reason)}: ` : ""}${escapeXml(message)}</p>`
    : "";
  const quotes = requirements
    .map(
      (one) =>
        `<blockquote>${escapeXml(one.replace(/[.-]\d+$/, ""))} ${escapeXml(sentences.get(one) ?? "")}</blockquote>`,
    )
    .join("");
  const exchange = transcript ? `<pre>${escapeXml(transcript)}</pre>` : "";
  return `<li class="${outcome}"><span class="outcome">${OUTCOME_LABELS[outcome]}</span> ${escapeXml(title)}
<span class="meta">${level}, ${escapeXml(source)}, since draft ${since}</span>${why}
<details${outcome === "failed" ? " open" : ""}><summary class="meta">${escapeXml(id)}</summary>${quotes}${exchange}</details></li>`;
}

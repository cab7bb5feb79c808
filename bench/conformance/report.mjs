/** The comparison as Markdown. */

import { countLevels, judged, newer } from "../../conformance/report/summary.js";
import { draftName } from "../../conformance/run/drafts.js";

/**
 * @typedef {{name: string, version: string, run: import("../../conformance/report/summary.js").Run, areEqual: boolean}} Provider
 */

/**
 * A page about the providers that were compared.
 * @param {Provider[]} providers
 * @param {{date: string, runs: number, suite: string, cases: number, notes: string[]}} facts
 */
export const describeConformance = (
  providers,
  { date, runs, suite, cases, notes },
) => `# Conformance

Written by \`npm run bench -- conformance\` on ${date}; do not edit. Version ${suite} of the suite, with ${cases} cases.

Each provider was started on one machine as its own documentation says, with two accounts, and judged by the draft that
it announces: an older draft asks for less, so the numbers compare a provider with its draft, not providers with each
other. ${runs > 1 ? `The suite ran ${runs} times at each: ${describeEquality(providers)}` : "The suite ran once."} A failure is a difference from a sentence, not a
judgement of the software: some were decided with reason, and some sentences came after the last release. All but
Satchel are from npm; their names link to them. [Conformance](../docs/conformance.md) says what the levels mean.

| provider | version | announces | ${["MUST", "SHOULD", "RFC", "client", "robustness"].join(" | ")} |
|---|---|---|${"---:|".repeat(5)}
${providers.map(renderRow).join("\n")}

Cells: passed of those that were decided; in brackets those that do not apply (—), and those that could not be decided (?).
${notes.map((note) => `\n${note}\n`).join("")}
${providers.map(renderProvider).join("\n")}`;

function describeEquality(providers) {
  const different = providers.filter(({ areEqual }) => !areEqual).map(({ name }) => name);
  return different.length === 0
    ? "the results were the same each time."
    : `the results were the same each time, except at ${different.join(", ")}.`;
}

function renderRow({ name, version, run }) {
  const counts = new Map(countLevels(judged(run)).map((one) => [one.level, one]));
  const cells = ["MUST", "SHOULD", "RFC", "client", "robustness"].map((level) => {
    const { passed = 0, failed = 0, skipped = 0, undecided = 0 } = counts.get(level) ?? {};
    const rest = [skipped > 0 ? `${skipped} —` : "", undecided > 0 ? `${undecided} ?` : ""];
    const shown = rest.filter((text) => text !== "").join(", ");
    return `${passed}/${passed + failed}${shown ? ` (${shown})` : ""}`;
  });
  return `| ${linkTo(name)} | ${version} | ${run.announced ?? "none"} | ${cells.join(" | ")} |`;
}

const linkTo = (name) =>
  name === "satchel" ? "Satchel" : `[${name}](https://www.npmjs.com/package/${name})`;

function renderProvider({ name, run }) {
  const title = name === "satchel" ? "Satchel" : name;
  const failed = judged(run).filter(({ outcome }) => outcome === "failed");
  const undecided = judged(run).filter(({ outcome }) => outcome === "undecided");
  const skipped = judged(run).filter(({ outcome }) => outcome === "skipped");
  const more = newer(run).filter(({ outcome }) => outcome === "failed");
  return `## ${title}

Judged by \`${draftName(run.draft)}\`. ${failed.length === 0 ? "No case fails." : `What differs:`}

${[...failed.map((result) => renderItem(result)), ...undecided.map((result) => renderItem(result, "undecided, "))].join("\n")}${failed.length + undecided.length > 0 ? "\n" : ""}
${skipped.length > 0 ? `Does not apply: ${groupReasons(skipped)}\n` : ""}${more.length > 0 ? `\nWhat newer drafts would add, and it does not have: ${more.map(({ case: { id, since } }) => `\`${id}\` (since ${since})`).join(", ")}.\n` : ""}`;
}

const renderItem = ({ case: { id, level, source }, message }, mark = "") =>
  `- ${mark}${level}, ${source}: \`${id}\`. ${escapeMarkdown(message)}`;

/** Names and ports of a run are other ones in the next. */
const escapeMarkdown = (text) =>
  text
    .replaceAll(/\/conformance-[a-z0-9]+\/case-\d+/g, "/…")
    .replaceAll(/conformance-[a-z0-9]{10}/g, "…")
    .replaceAll(/127\.0\.0\.1:\d+|localhost:\d+/g, "host")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");

function groupReasons(skipped) {
  const byReason = Map.groupBy(skipped, ({ message }) => message);
  return [...byReason]
    .map(([reason, results]) => `${results.length} because ${lowerFirst(reason)}`)
    .join("; ")
    .concat(".");
}

const lowerFirst = (text) => text[0].toLowerCase() + text.slice(1).replace(/\.$/, "");

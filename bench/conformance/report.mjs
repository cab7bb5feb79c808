/** The comparison as Markdown. */

import { lasting } from "../../conformance/report/sameness.js";
import { countLevels, judged, newer } from "../../conformance/report/summary.js";
import { LEVELS } from "../../conformance/run/case.js";
import { draftName, draftNumber } from "../../conformance/run/drafts.js";

/**
 * A provider, and what was found.
 * @typedef {object} Provider
 * @property {string} name
 * @property {string} version
 * @property {{how: string, answer: string}[]} attempts ways to run it that did not work, and what was answered
 * @property {string | null} how the way that worked
 * @property {import("../../conformance/report/summary.js").Run | null} run the first run, if a way worked
 * @property {import("../../conformance/report/sameness.js").Difference[]} differences between the runs
 */

/**
 * A page about the providers that were compared.
 * @param {Provider[]} providers
 * @param {{date: string, commit: string, runs: number, suite: string, cases: number, notes: string[]}} facts
 */
export function describeConformance(providers, { date, commit, runs, suite, cases, notes }) {
  const compared = providers.filter(({ run }) => run !== null);
  return `# Conformance

Written by \`npm run bench -- conformance\` on ${date}; do not edit. Version ${suite} of the suite, with ${cases} cases, at commit ${commit}.

Each provider was started on one machine as its own documentation says, with two accounts, and judged by the draft that
it announces: an older draft asks for less, so the numbers compare a provider with its draft, not providers with each
other. ${describeRuns(compared, runs)} A failure is a difference from a sentence, not a
judgement of the software: some were decided with reason, and some sentences came after the last release. All but
Satchel are from npm; their names link to them. [Conformance](../docs/conformance.md) says what the levels mean.

| provider | version | announces | ${LEVELS.join(" | ")} |
|---|---|---|${"---:|".repeat(LEVELS.length)}
${compared.map(renderRow).join("\n")}

Cells: passed of those that were decided; in brackets those that do not apply (—), and those that could not be decided (?).
${notes.map((note) => `\n${note}\n`).join("")}
${providers.map((provider) => renderProvider(provider, runs)).join("\n")}`;
}

function describeRuns(providers, runs) {
  if (runs === 1) return "The suite ran once.";
  const often = `The suite ran ${runs} times at each, each time at a new server with new accounts:`;
  const different = providers.filter(({ differences }) => differences.length > 0);
  if (different.length === 0) return `${often} every case ended the same each time.`;
  const names = different.map(({ name }) => titleOf(name)).join(", ");
  return `${often} every case ended the same each time, except some at ${names}, which are named there.`;
}

function renderRow({ name, version, run }) {
  const counts = new Map(countLevels(judged(run)).map((one) => [one.level, one]));
  const cells = LEVELS.map((level) => {
    const { passed = 0, failed = 0, skipped = 0, undecided = 0 } = counts.get(level) ?? {};
    const rest = [skipped > 0 ? `${skipped} —` : "", undecided > 0 ? `${undecided} ?` : ""];
    const shown = rest.filter((text) => text !== "").join(", ");
    return `${passed}/${passed + failed}${shown ? ` (${shown})` : ""}`;
  });
  return `| ${linkTo(name)} | ${version} | ${run.announced ?? "none"} | ${cells.join(" | ")} |`;
}

const titleOf = (name) => (name === "satchel" ? "Satchel" : name);

const linkTo = (name) =>
  name === "satchel" ? "Satchel" : `[${name}](https://www.npmjs.com/package/${name})`;

function renderProvider({ name, version, attempts, how, run, differences }, runs) {
  const tried = attempts.map(({ how, answer }) => `On ${how}: ${escapeMarkdown(answer)}.`);
  const paragraphs =
    run === null
      ? [`Version ${version} could not be judged. ${tried.join(" ")}`]
      : [
          ...(tried.length > 0 ? [`${tried.join(" ")} So it was run on ${how}.`] : []),
          ...describeRun(run),
          ...(differences.length > 0 ? [describeDifferences(differences, runs)] : []),
        ];
  return `## ${titleOf(name)}\n\n${paragraphs.join("\n\n")}\n`;
}

/** The paragraphs about the first run. */
function describeRun(run) {
  const own = judged(run);
  const [failed, undecided, skipped] = ["failed", "undecided", "skipped"].map((outcome) =>
    own.filter((result) => result.outcome === outcome),
  );
  const more = newer(run).filter(({ outcome }) => outcome === "failed");
  const items = [
    ...failed.map((result) => renderItem(result)),
    ...undecided.map((result) => renderItem(result, "undecided, ")),
  ];
  const ids = more.map(({ case: { id, since } }) => `\`${id}\` (since ${since})`).join(", ");
  return [
    `${describeDraft(run)} ${failed.length === 0 ? "No case fails." : "What differs:"}`,
    ...(items.length > 0 ? [items.join("\n")] : []),
    ...(skipped.length > 0 ? [`Does not apply: ${groupReasons(skipped)}`] : []),
    ...(more.length > 0 ? [`What newer drafts would add, and it does not have: ${ids}.`] : []),
  ];
}

function describeDraft({ announced, draft }) {
  const judgedBy = `Judged by \`${draftName(draft)}\``;
  const number = draftNumber(announced);
  return number !== null && number < draft
    ? `${judgedBy}, the oldest that the suite knows, although it announces \`${announced}\`, which asks for other things: folders are described differently there, and names have fewer characters.`
    : `${judgedBy}.`;
}

const renderItem = ({ case: { id, level, source }, message }, mark = "") =>
  `- ${mark}${level}, ${source}: \`${id}\`. ${escapeMarkdown(message)}`;

/** How each case that differs ended in each run. */
function describeDifferences(differences, runs) {
  const items = differences.map(({ case: { id, level, source }, results }) => {
    const endings = results.map(({ outcome, message }, index) =>
      message
        ? `${index + 1}. ${outcome}: ${escapeMarkdown(message)}`
        : `${index + 1}. ${outcome}.`,
    );
    return `- ${level}, ${source}: \`${id}\`. ${endings.join(" ")}`;
  });
  const cases = `${differences.length} ${differences.length === 1 ? "case" : "cases"}`;
  return `In the ${runs} runs ${cases} did not end the same each time; the counts are those of the first:\n\n${items.join("\n")}`;
}

/** A sentence of a case as Markdown that shows it literally, without what is other in each run. */
const escapeMarkdown = (sentence) =>
  shortenRepeats(lasting(sentence))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~]/g, "\\$&");

/** Long names of one letter are shown by their beginning. */
const shortenRepeats = (text) => text.replaceAll(/(.{1,12}?)\1{9,}/gsu, "$1$1$1…");

function groupReasons(skipped) {
  const byReason = Map.groupBy(skipped, ({ message }) => message);
  return [...byReason]
    .map(([reason, results]) => `${results.length} because ${lowerFirst(reason)}`)
    .join("; ")
    .concat(".");
}

const lowerFirst = (text) => text[0].toLowerCase() + text.slice(1).replace(/\.$/, "");

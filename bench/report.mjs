/** The tables: as text for the terminal, and as Markdown. */

import { missed } from "./compare.mjs";

/** What is measured: its name, its unit, and how many digits say something. */
const MEASURES = {
  p50: { title: "p50", unit: "ms", digits: 2 },
  p99: { title: "p99", unit: "ms", digits: 2 },
  firstByte: { title: "first byte, p50", unit: "ms", digits: 2 },
  perSecond: { title: "requests a second", unit: "/s", digits: 0 },
  seconds: { title: "in all", unit: "s", digits: 2 },
  memory: { title: "memory above idle, peak", unit: "MB", digits: 1 },
};

const NAMES = {
  satchel: "Satchel",
  floor: "floor",
  armadietto: "armadietto",
  itself: "Satchel, small folder",
  alone: "floor, one by one",
};

/** What is added to a ratio that is not to the floor at the same work. */
const BASES = { floor: "", itself: " small", alone: " alone" };

const RATIO_COLUMNS = [
  "work",
  "measure",
  "Satchel",
  "/ floor",
  "target",
  "CPU / floor",
  "/ armadietto",
  "target",
  "",
];
const FIGURE_COLUMNS = [
  "work",
  "server",
  "p50 ms",
  "p99 ms",
  "requests/s",
  "peak MB",
  "CPU ms/request",
];

const EXPLANATIONS = [
  "A ratio is Satchel's figure by the other's in the same round: its median over the rounds, and in brackets the quartiles. Times and memory want to be low, requests a second high. Processor time of the serving process per request is compared as well, since it says more than the clock where the machine has other things to do.",
  "**floor**: a bare Worker in the same runtime that makes only the calls to D1, R2 and the user's object which the operation cannot do without (`bench/baseline-worker.mjs` says what it leaves out); its commits of one user go one by one. In the same column, *small* marks a ratio to Satchel's own work in a folder of 10, and *alone* one to the floor with a single writer, who waits for each answer.",
  "**armadietto**: its monolithic server on plain files, from npm. A plain file is nearer than three simulators that speak with each other, so most single requests are faster there. What a request costs in calls of the platform, which is what counts on Cloudflare, stands in [COST.md](COST.md), by `npm run bench -- --bill`.",
  "Memory is what the serving process holds (the Workers runtime with its simulators of D1 and R2; armadietto's Node), above what it held after some transfers of 10 MB and before all work, in the worst round. The client is one Node process on the same machine; each request takes its time too, on both sides of a ratio.",
  "A first sync lists the folders and gets each document, ten requests at a time, with a preflight before each, as a browser sends one per address.",
];

/** Prints what was measured, and what was not reached. */
export function printReport(report) {
  const lines = [
    ...textTable([RATIO_COLUMNS, ...ratioRows(report)]),
    "",
    ...textTable([FIGURE_COLUMNS, ...figureRows(report)]),
    "",
    ...report.notes,
    ...conclusion(report),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** @returns {string} the same as a page */
export function toMarkdown(report) {
  const { date, machine, notes } = report;
  const { cores, processor, memoryGb, system, node, load } = machine;
  return [
    "# Speed",
    "",
    "Made by `npm run bench`, which overwrites this page. The figures themselves are in its JSON.",
    "",
    `${date.slice(0, 10)}, ${cores} cores (${processor}), ${memoryGb} GB, ${system}, Node ${node}; load before the run ${load.toFixed(1)}.`,
    "",
    ...EXPLANATIONS.flatMap((text) => [text, ""]),
    ...notes.flatMap((note) => [note, ""]),
    ...markdownTable([RATIO_COLUMNS, ...ratioRows(report)]),
    "",
    ...conclusion(report),
    "",
    "## Figures",
    "",
    "Over all rounds.",
    "",
    ...markdownTable([FIGURE_COLUMNS, ...figureRows(report)]),
    "",
  ].join("\n");
}

function ratioRows({ comparisons, bundle }) {
  return [...comparisons.map(ratioRow), ...bundleRows(bundle)];
}

function ratioRow(comparison) {
  const {
    case: name,
    measure,
    satchel,
    base,
    toBase,
    toArmadietto,
    limit,
    cpuToFloor,
  } = comparison;
  const { title, unit, digits } = MEASURES[measure];
  const targets = [formatTarget(toBase.target), limit && `${limit.target.most} ${unit}`];
  return [
    name,
    title,
    `${satchel.toFixed(digits)} ${unit}`,
    formatRatio(toBase.ratio) + BASES[base],
    targets.filter(Boolean).join(", "),
    cpuToFloor?.toFixed(2) ?? "",
    formatRatio(toArmadietto?.ratio),
    formatTarget(toArmadietto?.target),
    formatVerdict([toBase, toArmadietto, limit].map((entry) => entry?.isReached)),
  ];
}

function bundleRows({ kib, gzipKib, startMs }) {
  if (kib === undefined) return [];
  const row = (work, measure, value) => [work, measure, value, "", "", "", "", "", ""];
  return [
    row("the Worker", "minified", `${kib.toFixed(1)} KiB`),
    row("the Worker", "gzipped", `${gzipKib.toFixed(1)} KiB`),
    row("start of the Worker", "CPU", `${startMs.median.toFixed(1)} ms`),
  ];
}

function figureRows({ results }) {
  return Object.entries(results).flatMap(([work, byLabel]) =>
    Object.entries(byLabel).map(([label, { whole }], index) => {
      const figure = (measure, digits) => whole[measure]?.toFixed(digits) ?? "";
      return [
        index === 0 ? work : "",
        NAMES[label],
        figure("p50", 2),
        figure("p99", 2),
        figure("perSecond", 0),
        figure("peakMemory", 0),
        figure("cpu", 2),
      ];
    }),
  );
}

/** The median, and in brackets the quartiles; '' if there is none. */
export function formatRatio(ratio) {
  if (!ratio) return "";
  const [middle, least, most] = [ratio.median, ratio.lower, ratio.upper].map(shorten);
  return `${middle} (${least}-${most})`;
}

const shorten = (value) => (Math.abs(value) < 0.1 ? value.toFixed(3) : value.toFixed(2));

function formatTarget(target) {
  if (!target) return "";
  return "most" in target ? `<= ${target.most}` : `>= ${target.least}`;
}

function formatVerdict(verdicts) {
  if (verdicts.includes(false)) return "MISSED";
  return verdicts.includes(true) ? "ok" : "";
}

function conclusion({ comparisons }) {
  const shortfalls = missed(comparisons);
  if (shortfalls.length === 0) return ["All targets reached."];
  return ["Missed:", "", ...shortfalls.map((text) => `- ${text}`)];
}

/** Rows of cells as lines, in columns. */
export function textTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

/** The same as Markdown. The first row is the head. */
export function markdownTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

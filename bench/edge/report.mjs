/** The report on what users wait for, as Markdown. Pure. */

import { formatRatio, markdownTable } from "../report.mjs";

const CALL_NAMES = { d1: "D1", r2Get: "R2 get", r2Put: "R2 put", object: "object", cache: "cache" };

const MEASURES = {
  p50: { unit: "ms", digits: 0 },
  seconds: { unit: "s", digits: 2 },
  perSecond: { unit: "/s", digits: 0 },
};

/**
 * @param {{date: string, commit: string, machine: object,
 *   latencies: import("./delay-bindings.mjs").Latencies, measured: object[],
 *   guesses: {pace: string, reads: number, writes: number, inVain: number}[], missed: string[]}} report
 */
export function describeEdge({ date, commit, machine, latencies, measured, guesses, missed }) {
  const { d1, r2Get, r2Put, object, jitter } = latencies;
  const single = measured.filter(({ traces }) => traces.satchel);
  const whole = measured.filter(({ traces }) => !traces.satchel);
  return `${[
    "# What users wait for",
    "",
    "Written by `npm run bench -- --edge`; do not edit.",
    "",
    `${date.slice(0, 10)}, commit ${commit}, ${machine.cores} cores (${machine.processor}), load average before the run ${machine.load.toFixed(1)}.`,
    "",
    `On the local platform a call costs processor time and hardly any waiting; on Cloudflare it is the other way round. So here each call waits before it is made: D1 ${d1} ms, R2 ${r2Get} ms to read and ${r2Put} ms to write or list, a Durable Object ${object} ms, each ±${jitter * 100} %, in the Worker and in its objects. The **floor** is the minimal Worker of the speed comparison, \`bench/baseline-worker.mjs\`, behind the same latencies. Everything runs in slow motion: the latencies are ${slowMotions(measured)} times as long, and the figures are divided by that, so that this machine's processor, and whatever else it does, counts so much less. Assumed, not measured at Cloudflare: look at the order of the calls and at the ratios. Left out: the way from the client to the edge, bandwidth, cold starts, and what an object waits for until its own storage is durable.`,
    "",
    ...(single.length > 0 ? [...singleTable(single), ""] : []),
    ...(whole.length > 0 ? [...wholeTable(whole), ""] : []),
    ...(guesses.length > 0 ? [...guessTable(guesses), ""] : []),
    ...(missed.length === 0
      ? ["All targets are met."]
      : ["Missed targets:", "", ...missed.map((text) => `- ${text}`)]),
  ].join("\n")}\n`;
}

const singleTable = (measured) => [
  "## Single requests",
  "",
  "The p50 over all rounds, and that of the quietest and the busiest round; the ratio is the median over the rounds, with quartiles. The calls are those that wait for each other, in their order, with those beside them in brackets. “After a pause” is a user's first request after some minutes: what the isolate had in memory is too old, and the user's object has been evicted.",
  "",
  ...markdownTable([
    [
      "request",
      "p50, ms",
      "rounds",
      "the floor's p50, ms",
      "/ floor",
      "calls",
      "waiting for each other",
      "the floor's",
    ],
    ...measured.map(({ name, results, comparison, traces }) => [
      name,
      results.satchel.overall.p50.toFixed(0),
      formatRounds(results.satchel.rounds, "p50", 0),
      results.baseline.overall.p50.toFixed(0),
      formatRatio(comparison.toBase.ratio),
      String(traces.satchel.chain.length),
      formatTrace(traces.satchel),
      formatTrace(traces.baseline),
    ]),
  ]),
];

const wholeTable = (measured) => [
  "## Many requests",
  "",
  "A sync lists the folders and gets each document, ten requests at a time, each with a preflight. In a first sync nobody has read the documents before; the second device follows at once, in the same city. The writers store 1 KB each, and the floor commits their writes one by one.",
  "",
  ...markdownTable([
    ["work", "Satchel", "rounds", "floor", "/ floor", "target"],
    ...measured.map(({ name, results, comparison }) => {
      const { measure, toBase } = comparison;
      const { unit, digits } = MEASURES[measure];
      const format = (value) => `${value.toFixed(digits)} ${unit}`;
      return [
        name,
        format(results.satchel.overall[measure]),
        formatRounds(results.satchel.rounds, measure, digits),
        format(results.baseline.overall[measure]),
        formatRatio(toBase.ratio),
        toBase.target ? `>= ${toBase.target.min}` : "",
      ];
    }),
  ]),
];

const guessTable = (guesses) => [
  "## Reads in vain",
  "",
  "Satchel asks R2 for the version that a listing has just named while it asks D1. If another device has changed the document meanwhile, by way of another isolate, that read is paid for in vain. Here one device polls a folder and gets what has changed, as fast as it can, while another one writes into the folder; each request goes to one of two isolates at random.",
  "",
  ...markdownTable([
    [
      "the other device writes",
      "writes",
      "documents read",
      "R2 reads in vain",
      "of the price of all requests",
    ],
    ...guesses.map(({ pace, reads, writes, inVain }) => [
      pace,
      String(writes),
      String(reads),
      String(inVain),
      `${((100 * inVain * READ_IN_VAIN) / (reads * GET + writes * PUT)).toFixed(1)} %`,
    ]),
  ]),
];

/** Prices of a million requests, as in the design: a GET, a PUT three folders deep, a read of R2. */
const [GET, PUT, READ_IN_VAIN] = [0.69, 9.04, 0.36];

/** "4 or 12" */
const slowMotions = (measured) =>
  SLOWNESS_FORMAT.format([...new Set(measured.map(({ slow }) => String(slow)))]);

const SLOWNESS_FORMAT = new Intl.ListFormat("en", { type: "disjunction" });

function formatRounds(rounds, measure, digits) {
  const values = rounds.map((round) => round[measure]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${least.toFixed(digits)}-${most.toFixed(digits)}`;
}

/** @param {import("./delay-bindings.mjs").Trace} trace */
function formatTrace({ all, chain }) {
  const beside = [...all];
  for (const call of chain) beside.splice(beside.indexOf(call), 1);
  const sequence = chain.map((call) => CALL_NAMES[call]).join(" → ") || "none";
  const others = beside.map((call) => CALL_NAMES[call]).join(", ");
  return others ? `${sequence} (${others})` : sequence;
}

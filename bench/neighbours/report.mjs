/** The report on noisy neighbours as Markdown. Pure. */

import { describeMachine } from "../machine.mjs";

/**
 * @param {{name: string, quiet: Record<string, number>, attacked: Record<string, number>, ratios: Record<string, number>, excess: string[]}[]} rows
 * @param {{maxRatio: number, maxRatioToHarmless: number, parallel: number, runs: number}} options
 */
export function describeNeighbours(rows, { maxRatio, maxRatioToHarmless, parallel, runs }) {
  const { cores, processor, load } = describeMachine();
  const operations = Object.keys(rows[0]?.ratios ?? {});
  const cell = ({ quiet, attacked, ratios, excess }, operation) => {
    const ratio = `${ratios[operation].toFixed(1)}×`;
    return `${excess.includes(operation) ? `**${ratio}**` : ratio} (${quiet[operation].toFixed(0)} → ${attacked[operation].toFixed(0)})`;
  };
  const lines = [
    ["While another account sends", ...operations],
    ["---", ...operations.map(() => "---:")],
    ...rows.map((row) => [row.name, ...operations.map((operation) => cell(row, operation))]),
  ];
  return `# Noisy neighbours

Written by \`npm run bench -- neighbours\`; do not edit. On a machine with ${cores} cores (${processor}) and
a load of ${load.toFixed(1)}.

How much longer an ordinary account's requests take, at the 99th percentile, while another account does its
worst over ${parallel} connections, as far as the limits let it (in milliseconds: quiet → attacked). ${runs} of
each operation, one at a time. The local platform runs everything, D1, R2 and all Durable Objects, in one
thread of one process, so whatever the other account does is in the way; on Cloudflare only D1, and at times an
isolate, are shared. So the first two rows show users who mean no harm. Bold: more than ${maxRatio} times as long as
on a quiet server, and more than ${maxRatioToHarmless} times as long as beside the harmless user who sends as many
requests.

${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}
`;
}

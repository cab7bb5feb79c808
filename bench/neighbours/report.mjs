/** The report on noisy neighbours as Markdown. Pure. */

import { describeMachine } from "../machine.mjs";

/**
 * @param {{name: string, quiet: Record<string, number>, attacked: Record<string, number>, ratios: Record<string, number>}[]} rows
 * @param {{maxRatio: number, parallel: number, runs: number}} options
 */
export function describeNeighbours(rows, { maxRatio, parallel, runs }) {
  const { cores, processor, load } = describeMachine();
  const operations = Object.keys(rows[0]?.ratios ?? {});
  const cell = ({ quiet, attacked, ratios }, operation) => {
    const ratio = `${ratios[operation].toFixed(1)}×`;
    const isOver = ratios[operation] > maxRatio;
    return `${isOver ? `**${ratio}**` : ratio} (${quiet[operation].toFixed(0)} → ${attacked[operation].toFixed(0)})`;
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
each operation, one at a time. Bold: more than ${maxRatio} times as long. The local platform runs everything,
D1, R2 and all Durable Objects, in one thread of one process, so whatever the other account does is in the way;
on Cloudflare only D1, and at times an isolate, are shared. So compare with the first row: a user who is as busy, but
means no harm.

${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}
`;
}

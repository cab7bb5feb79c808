/** The report on an account of many documents as Markdown. Pure. */

import { describeMachine } from "../machine.mjs";

/**
 * @param {{commit: string | null, sizes: {indexed: number, stored: number}, pages: {path: string, ms: number}[], tasks: Record<string, {seconds: number, text: string}>, memory: number, limits: {pageMs: number, memoryMb: number}}} result
 */
export function describeFiles({ commit, sizes, pages, tasks, memory, limits }) {
  const { cores, processor, load } = describeMachine();
  const bold = (text, isTooMuch) => (isTooMuch ? `**${text}**` : text);
  const pageRows = pages.map(
    ({ path, ms }) => `| \`${withoutId(path)}\` | ${bold(ms.toFixed(0), ms > limits.pageMs)} |`,
  );
  const taskRows = Object.entries(tasks).map(
    ([name, { seconds, text }]) => `| ${name} | ${seconds.toFixed(1)} | ${text.trim()} |`,
  );
  return `# An account of many documents

Written by \`npm run bench -- files\` at ${commit ?? "an unknown commit"}; do not edit. On a machine with ${cores} cores
(${processor}) and a load of ${load.toFixed(1)}.

The account has ${sizes.indexed + sizes.stored} documents. ${sizes.stored} of them were stored by requests, are deleted by a
task, and brought back by going back in time. Each page is to answer within ${limits.pageMs} ms (the median of a few requests),
and the server is to take at most ${limits.memoryMb} MB more than before while it goes back. Bold: more than that.

| page | milliseconds |
|---|---:|
${pageRows.join("\n")}

| task | seconds | |
|---|---:|---|
${taskRows.join("\n")}

Memory while going back: ${bold(`${memory.toFixed(0)} MB`, memory > limits.memoryMb)} more than before.
`;
}

const withoutId = (path) => path.replace(/\d{15}-[\w-]{22}/, "<id>");

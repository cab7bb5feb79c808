/** The report on an account of many documents as Markdown. Pure. */

import { describeMachine } from "../machine.mjs";

/**
 * @param {{commit: string, sizes: {indexed: number, stored: number}, pages: {path: string, first: number, ms: number}[], tasks: Record<string, {seconds: number, text: string}>, memory: {first: number, second: number, requests: number}, limits: {pageMs: number, memoryMb: number}}} result
 */
export function describeFiles({ commit, sizes, pages, tasks, memory, limits }) {
  const { cores, processor, load } = describeMachine();
  const bold = (text, isTooMuch) => (isTooMuch ? `**${text}**` : text);
  const pageRows = pages.map(
    ({ path, first, ms }) =>
      `| \`${withoutId(path)}\` | ${first.toFixed(0)} | ${bold(ms.toFixed(0), ms > limits.pageMs)} |`,
  );
  const taskRows = Object.entries(tasks).map(
    ([name, { seconds, text }]) => `| ${name} | ${seconds.toFixed(1)} | ${text.trim()} |`,
  );
  return `# An account of many documents

Written by \`npm run bench -- files\` at commit ${commit}; do not edit. On a machine with ${cores} cores
(${processor}) and a load of ${load.toFixed(1)}.

The account has ${sizes.indexed + sizes.stored} documents. ${sizes.stored} of them were stored by requests, are deleted by a
task, and brought back by going back in time. Each page is to answer within ${limits.pageMs} ms (the median of a few requests;
the first one after a start also compiles the code), and the server is to take at most ${limits.memoryMb} MB more than before while
it goes back. Bold: more than that.

| page | first, milliseconds | median |
|---|---:|---:|
${pageRows.join("\n")}

| task | seconds | |
|---|---:|---|
${taskRows.join("\n")}

| while | MB more than before |
|---|---:|
| going back the first time | ${memory.first.toFixed(0)} |
| going back once more, after undo | ${bold(memory.second.toFixed(0), memory.second > limits.memoryMb)} |
| replacing the same documents by requests | ${memory.requests.toFixed(0)} |

The process has also the simulators of D1 and R2, each with a heap of its own. They grow to their usual size with the first
thousands of calls, whoever makes them, and are collected only then; so it is the second time that counts.
`;
}

const withoutId = (path) =>
  path.replace(/\d{15}-[\w-]{22}/, "<id>").replace(/after=\d{13}[.\w-]+/, "after=<last>");

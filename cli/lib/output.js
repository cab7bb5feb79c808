/** What the command prints: results to stdout, progress and remarks to stderr. */

import cliProgress from "cli-progress";

/**
 * @typedef {object} Progress
 * @property {(total: number) => void} total sets how many there are, once that is known
 * @property {(count?: number) => void} add
 * @property {() => void} stop
 */

/**
 * @typedef {object} Output
 * @property {boolean} isJson
 * @property {(text: string) => void} line prints a line for people; not with --json
 * @property {(value: unknown) => void} result prints a line of JSON; only with --json
 * @property {(text: string) => void} warn prints to stderr, such as what was left out, and why
 * @property {(text: string) => void} note prints a remark to stderr; only on a terminal
 * @property {(label: string) => Progress} progress shows a bar on a terminal, and nothing elsewhere
 */

/**
 * @param {{isJson: boolean, host: import("./host.js").Host}} options
 * @returns {Output}
 */
export function createOutput({ isJson, host: { stdout, stderr } }) {
  const isTerminal = stderr.isTTY === true;
  return {
    isJson,
    line: (text) => void (isJson || stdout.write(`${printable(text)}\n`)),
    result: (value) => void (isJson && stdout.write(`${JSON.stringify(value)}\n`)),
    warn: (text) => void stderr.write(`${printable(text)}\n`),
    note: (text) => void (isTerminal && stderr.write(`${printable(text)}\n`)),
    progress: (label) => (isTerminal ? startBar(label, stderr) : SILENT),
  };
}

/** @type {Progress} */
const SILENT = { total() {}, add() {}, stop() {} };

/** @param {string} label @param {import("node:stream").Writable} stream @returns {Progress} */
function startBar(label, stream) {
  let total = 0;
  const bar = new cliProgress.SingleBar({
    format: (options, { progress, value }) =>
      total === 0
        ? `${label}: ${value}`
        : `${label} ${cliProgress.Format.BarFormat(progress, options)} ${value}/${total}`,
    stream,
    hideCursor: true,
    clearOnComplete: true,
  });
  let count = 0;
  bar.start(0, 0);
  return {
    total: (known) => {
      total = known;
      bar.setTotal(total);
    },
    add: (added = 1) => {
      count += added;
      bar.setTotal(Math.max(total, count));
      bar.update(count);
    },
    stop: () => bar.stop(),
  };
}

/** Names come from elsewhere: control characters must not reach the terminal. @param {string} text */
export const printable = (text) => text.replace(/(?!\n)\p{Cc}/gu, "\ufffd");

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes === 1) return "1 byte";
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${unit === 0 ? bytes : (bytes / 1000 ** unit).toFixed(1)} ${UNITS[unit]}`;
}

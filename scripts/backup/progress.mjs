/** A progress bar in a terminal; elsewhere nothing. */

import progress from "cli-progress";

/**
 * Runs `body` with a function that it calls with the bytes of each finished item.
 * @template T
 * @param {number} total bytes
 * @param {(advance: (bytes: number) => void) => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withProgress(total, body) {
  const format = "{bar} {percentage} % of {size}";
  const bar = new progress.SingleBar(
    { format, noTTYOutput: false },
    progress.Presets.shades_classic,
  );
  bar.start(total, 0, { size: formatBytes(total) });
  try {
    return await body((bytes) => bar.increment(bytes));
  } finally {
    bar.stop();
  }
}

/** Bytes for people, such as "1.5 MB". */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes === 0 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

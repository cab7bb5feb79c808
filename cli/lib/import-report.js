/** What an import or a move reports while it runs, and at its end. */

import { EXIT } from "./exit-codes.js";
import { formatBytes } from "./output.js";

const SENTENCES = {
  new: "new",
  equal: "there already",
  replaced: "replaced",
  both: "written beside another",
  kept: "not written, as another is there",
  refused: "refused",
  omitted: "left out, as macOS or Windows adds such files (__MACOSX, .DS_Store, Thumbs.db)",
};

/** @typedef {import("../../transfer/import.js").ImportResult} ImportResult */

/** @type {ImportResult["outcome"][]} */
const WRITTEN = ["new", "replaced", "both"];

/** They are counted, but have no line of their own. @type {ImportResult["outcome"][]} */
const UNREMARKABLE = ["equal", "omitted"];

/**
 * Prints each result as it comes, then the counts. Returns the exit code.
 * @param {AsyncIterable<ImportResult>} results
 * @param {import("./output.js").Output} output
 * @param {{isDryRun: boolean, onResult?: (result: ImportResult) => void}} options
 */
export async function reportImport(results, output, { isDryRun, onResult }) {
  const counts = { new: 0, equal: 0, replaced: 0, both: 0, kept: 0, refused: 0, omitted: 0 };
  let bytes = 0;
  const progress = output.progress("Documents");
  try {
    for await (const result of results) {
      const { path, outcome, as, error, length } = result;
      onResult?.(result);
      counts[outcome]++;
      if (WRITTEN.includes(outcome)) bytes += length ?? 0;
      progress.add();
      output.result({ path, outcome, as, error: error?.code, message: error?.message });
      if (error) output.warn(error.message);
      else if (!UNREMARKABLE.includes(outcome) && (isDryRun || outcome !== "new")) {
        output.line(`${path}: ${SENTENCES[outcome]}${as === undefined ? "" : `, as ${as}`}`);
      }
    }
  } finally {
    progress.stop();
  }
  const outcomes = /** @type {(keyof typeof counts)[]} */ (Object.keys(counts));
  const parts = outcomes
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${SENTENCES[outcome]}`);
  const verb = isDryRun ? "would be written" : "were written";
  output.line(`${parts.join("; ") || "No documents"}. ${formatBytes(bytes)} ${verb}.`);
  output.result({ ...counts, bytes, isDryRun });
  return counts.refused > 0 ? EXIT.partial : EXIT.done;
}

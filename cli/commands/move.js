/** `satchel move`: copies all documents from one storage to another, at any two providers. */

import { importDocuments } from "../../transfer/import.js";
import { foldersOf } from "../../transfer/read-storage.js";
import { readDocuments } from "../../transfer/sources/storage.js";
import { connect } from "../lib/connection.js";
import { reportImport } from "../lib/import-report.js";
import { loadMoved, saveMoved } from "../lib/moved.js";

/**
 * Copies what the new storage does not have. Nothing is deleted from the old one. What was copied is
 * remembered by the versions of both documents, so the next run reads only what was changed since.
 * @param {import("../lib/connection.js").Context} context
 * @param {{from: string, to: string, fromToken?: string, toToken?: string, modules: string[], onConflict: "keep" | "replace" | "both", dryRun?: boolean}} options
 */
export async function move(context, options) {
  const { from, to, fromToken, toToken, modules, onConflict, dryRun = false } = options;
  // SATCHEL_TOKEN cannot be the token of both.
  const { SATCHEL_TOKEN: _, ...env } = context.env;
  const own = { ...context, env };
  const { storage: source } = await connect(own, { address: from, ...tokenOption(fromToken) });
  const { storage: target } = await connect(own, { address: to, ...tokenOption(toToken) });
  const moved = await loadMoved(env, source.root, target.root);
  const results = importDocuments(readDocuments(source, foldersOf(modules)), target, {
    onConflict,
    isDryRun: dryRun,
    known: (path) => moved.get(path),
  });
  try {
    return await reportImport(results, context.output, {
      isDryRun: dryRun,
      onResult: ({ path, outcome, as, sourceETag, etag }) => {
        const isEqual = outcome === "equal" || outcome === "new" || outcome === "replaced";
        if (isEqual && as === undefined && sourceETag && etag) {
          moved.set(path, { source: sourceETag, target: etag });
        }
      },
    });
  } finally {
    if (!dryRun) await saveMoved(env, source.root, target.root, moved);
  }
}

/** @param {string | undefined} token */
const tokenOption = (token) => (token === undefined ? {} : { token });

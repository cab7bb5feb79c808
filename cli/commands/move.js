/** `satchel move`: copies all documents and databases from one storage to another, at any two providers. */

import { readDatabases } from "../../transfer/databases/read.js";
import { importAll } from "../../transfer/import-all.js";
import { foldersOf } from "../../transfer/read-storage.js";
import { TransferError } from "../../transfer/requests.js";
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
  const old = await connect(own, { address: from, ...tokenOption(fromToken) });
  const target = await connect(own, { address: to, ...tokenOption(toToken) });
  const roots = /** @type {const} */ ([old.storage.root, target.storage.root]);
  if (roots[0] === roots[1]) {
    throw new TransferError("same-storage", `${from} and ${to} are the same storage.`);
  }
  const moved = await loadMoved(env, ...roots);
  const source = {
    documents: readDocuments(old.storage, foldersOf(modules)),
    databases: old.databases && readDatabases(old.databases, modules),
  };
  const results = importAll(source, target, {
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
    if (!dryRun) await saveMoved(env, ...roots, moved);
  }
}

/** @param {string | undefined} token */
const tokenOption = (token) => (token === undefined ? {} : { token });

/** `satchel usage`: how much is stored, and how much may be. */

import { walk } from "../../transfer/walk.js";
import { EXIT } from "../lib/exit-codes.js";
import { formatBytes } from "../lib/output.js";
import { readQuota } from "../lib/quota.js";

/**
 * Prints documents and bytes of each module, and the quota if the server tells it.
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 */
export async function usage(context, connection) {
  const { output } = context;
  const { address, storage } = connection;
  let exitCode = EXIT.done;
  /** @type {Map<string, {documents: number, bytes: number}>} */
  const modules = new Map();
  const progress = output.progress("Documents");
  for await (const step of walk(storage, ["/"])) {
    if (step.kind === "failure") {
      exitCode = EXIT.partial;
      output.warn(step.error.message);
    }
    if (step.kind !== "document") continue;
    const module = moduleOf(step.path);
    const { documents, bytes } = modules.get(module) ?? { documents: 0, bytes: 0 };
    modules.set(module, { documents: documents + 1, bytes: bytes + (step.item.length ?? 0) });
    progress.add();
  }
  progress.stop();
  for (const [module, { documents, bytes }] of [...modules].sort()) {
    const name = module === "" ? "(in no module)" : module;
    output.line(`${formatBytes(bytes).padStart(10)}  ${String(documents).padStart(8)}  ${name}`);
  }
  const quota = await readQuota(context, connection);
  if (quota !== null) {
    const { usedBytes, quotaBytes } = quota;
    output.line(`${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)} are used.`);
  }
  output.result({ address, modules: Object.fromEntries(modules), ...quota });
  return exitCode;
}

/** The module of a document, public or not; "" for documents in the root. @param {string} path */
const moduleOf = (path) => /^\/(?:public\/)?([^/]+)\//.exec(path)?.[1] ?? "";

/** `satchel usage`: how much is stored, and how much may be. */

import { fetchJson } from "../../transfer/requests.js";
import { walk } from "../../transfer/walk.js";
import { EXIT } from "../lib/exit-codes.js";
import { formatBytes } from "../lib/output.js";

const MAX_QUOTA_BYTES = 64 * 1024;

/**
 * Prints documents and bytes of each module, and the quota if the server tells it.
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 */
export async function usage({ output, network }, { address, storage, quota }) {
  let exitCode = EXIT.done;
  /** @type {Map<string, {documents: number, bytes: number}>} */
  const modules = new Map();
  const progress = output.progress("Documents");
  for await (const step of walk(storage, ["/"])) {
    if (step.kind === "failure") {
      exitCode = EXIT.partial;
      process.stderr.write(`${step.error.message}\n`);
    }
    if (step.kind !== "document") continue;
    const module = moduleOf(step.path);
    const { documents, bytes } = modules.get(module) ?? { documents: 0, bytes: 0 };
    modules.set(module, { documents: documents + 1, bytes: bytes + (step.item.length ?? 0) });
    progress.add();
  }
  progress.stop();
  for (const [module, { documents, bytes }] of [...modules].sort()) {
    output.line(`${formatBytes(bytes).padStart(10)}  ${String(documents).padStart(8)}  ${module}`);
  }
  const { usedBytes, quotaBytes } = await readQuota(quota, storage, network);
  if (quotaBytes !== null) {
    output.line(`${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)} are used.`);
  }
  output.result({ address, modules: Object.fromEntries(modules), usedBytes, quotaBytes });
  return exitCode;
}

/** The module of a document, public or not; "" for documents in the root. @param {string} path */
const moduleOf = (path) => /^\/(?:public\/)?([^/]+)\//.exec(path)?.[1] ?? "";

/**
 * @param {string | null} url
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {import("../../transfer/requests.js").Network} network
 */
async function readQuota(url, { token }, network) {
  if (url === null) return { usedBytes: 0, quotaBytes: null };
  const bearer = typeof token === "function" ? await token() : token;
  const { body } = await fetchJson(
    url,
    {
      checkUrl: () => {},
      maxBytes: MAX_QUOTA_BYTES,
      headers: { Authorization: `Bearer ${bearer}` },
    },
    network,
  );
  const { usedBytes = 0, quotaBytes = null } = /** @type {any} */ (body) ?? {};
  return {
    usedBytes: Number(usedBytes),
    quotaBytes: quotaBytes === null ? null : Number(quotaBytes),
  };
}

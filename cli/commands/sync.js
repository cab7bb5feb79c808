/** `satchel sync`: keeps a folder of this computer and a storage equal, both ways. */

import { mkdir } from "node:fs/promises";
import { TransferError } from "../../transfer/requests.js";
import { EXIT } from "../lib/exit-codes.js";
import { parsePath } from "../lib/paths.js";
import { SyncRun } from "../sync/apply.js";
import { isSuspicious, planSync } from "../sync/plan.js";
import { isLeftOut, scanFolder, scanStorage } from "../sync/scan.js";
import { loadState, saveState } from "../sync/state.js";

/** How many documents may have to be compared again after a crash. */
const SAVE_EVERY = 50;

const SENTENCES = /** @type {Record<string, string>} */ ({
  upload: "uploaded",
  download: "downloaded",
  compare: "to be compared",
  conflict: "changed on both sides; the file has another name now",
  equal: "changed on both sides to the same",
  "delete-document": "deleted in the storage",
  "delete-file": "moved to .satchel-trash",
  forget: "deleted on both sides",
});

/** Refusals after which the next document would meet the same. */
const FATAL = ["unauthorized", "unreachable"];

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{local: string, remote: string, dryRun?: boolean, deleteMany?: boolean}} options
 */
export async function sync({ output }, { storage }, { local, remote, dryRun = false, deleteMany }) {
  const folder = parsePath(remote).replace(/\/?$/, "/");
  const place = { root: storage.root, folder };
  await mkdir(local, { recursive: true });
  const state = await loadState(local, place);
  const documents = await scanStorage(storage, folder);
  const { files, leftOut } = await scanFolder(local, state);
  const actions = planSync(
    state,
    new Map(Array.from(files, ([path, { digest }]) => [path, digest])),
    new Map(Array.from(documents, ([path, { etag }]) => [path, etag])),
  ).filter(({ path }) => !isLeftOut(leftOut, path));
  if (isSuspicious(actions, state.size) && !deleteMany && !dryRun) {
    const message = "Most of what was there is gone on one side. If that is right: --delete-many.";
    throw new TransferError("many-deletions", message);
  }
  /** @param {string} path @param {unknown} error */
  const report = (path, error) => {
    const isRefusal =
      error instanceof TransferError || (error instanceof Error && "syscall" in error);
    if (!isRefusal || FATAL.includes(/** @type {any} */ (error).code)) throw error;
    output.result({ path, error: /** @type {any} */ (error).code });
    output.warn(/** @type {Error} */ (error).message);
    failed++;
  };
  let failed = 0;
  for (const { path, error } of leftOut) report(path, error);
  const run = new SyncRun({ local, folder, storage, state, files, documents, now: new Date() });
  const progress = output.progress("Documents");
  progress.total(actions.length);
  try {
    for (const [index, action] of actions.entries()) {
      storage.network.signal?.throwIfAborted();
      try {
        const done = dryRun ? action.kind : await run.apply(action);
        output.line(`${action.path}: ${SENTENCES[done]}`);
        output.result({ path: action.path, action: done });
      } catch (error) {
        report(action.path, error);
      }
      progress.add();
      if (!dryRun && index % SAVE_EVERY === SAVE_EVERY - 1) await saveState(local, place, state);
    }
  } finally {
    progress.stop();
    if (!dryRun) await saveState(local, place, state);
  }
  return failed > 0 ? EXIT.partial : EXIT.done;
}

/** `satchel sync`: keeps a folder of this computer and a storage equal, both ways. */

import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { TransferError } from "../../transfer/requests.js";
import { EXIT } from "../lib/exit-codes.js";
import { parsePath } from "../lib/paths.js";
import { isRefusal } from "../lib/refusal.js";
import { SyncRun } from "../sync/apply.js";
import { isSuspicious, planSync } from "../sync/plan.js";
import { isLeftOut, scanFolder, scanStorage } from "../sync/scan.js";
import { loadState, saveState } from "../sync/state.js";
import { watchAndSync } from "../sync/watch.js";

/** How many documents may have to be compared again after a crash. */
const SAVE_EVERY = 50;

const SENTENCES = /** @type {Record<string, string>} */ ({
  upload: "uploaded",
  download: "downloaded",
  compare: "compared",
  conflict: "changed on both sides; the file has another name now",
  equal: "changed on both sides to the same",
  "delete-document": "deleted in the storage",
  "delete-file": "moved to .satchel-trash",
  forget: "deleted on both sides",
});

/** Refusals after which the next document would meet the same. */
const FATAL = ["unauthorized", "unreachable", "rate-limited"];

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{local: string, remote: string, dryRun?: boolean, deleteMany?: boolean, watch?: boolean, interval: number}} options
 */
export async function sync({ output, signal }, { storage }, { local, remote, ...options }) {
  const { dryRun = false, deleteMany = false, watch = false, interval } = options;
  const folder = parsePath(remote).replace(/\/?$/, "/");
  await prepareFolder(local, dryRun);
  const job = { output, local, folder, storage, dryRun, deleteMany };
  if (!watch) return syncOnce(job, storage);
  const intervalMs = interval * 1000;
  await watchAndSync({
    ...{ local, folder, storage, intervalMs, output, signal },
    syncOnce: (listings) => syncOnce(job, listings),
  });
  return EXIT.done;
}

/**
 * Creates the folder, unless nothing is to be done.
 * @param {string} local
 * @param {boolean} dryRun
 */
async function prepareFolder(local, dryRun) {
  const found = await stat(local).catch(() => null);
  if (found?.isDirectory() === false) {
    throw new TransferError("no-folder", `${local} is no folder.`);
  }
  if (dryRun || found !== null) return;
  await mkdir(local, { recursive: true }).catch((cause) => {
    const message = `The folder ${local} cannot be created: ${cause.message}.`;
    throw new TransferError("unwritable", message, { cause });
  });
}

/**
 * @typedef {object} SyncJob
 * @property {import("../lib/output.js").Output} output
 * @property {string} local
 * @property {string} folder of the storage
 * @property {import("../../transfer/storage.js").StorageClient} storage
 * @property {boolean} dryRun
 * @property {boolean} deleteMany
 */

/**
 * Syncs once. Returns the exit code.
 * @param {SyncJob} job
 * @param {import("../../transfer/walk.js").Listable} listings of the storage
 */
async function syncOnce({ output, local, folder, storage, dryRun, deleteMany }, listings) {
  const place = { root: storage.root, folder };
  const state = await loadState(local, place);
  const documents = await scanStorage(listings, folder);
  // Only a sync that does nothing may take a folder that is missing for an empty one.
  const isNew = dryRun && !existsSync(local);
  const { files, leftOut } = isNew
    ? { files: new Map(), leftOut: [] }
    : await scanFolder(local, state);
  const actions = planSync(
    state,
    new Map(Array.from(files, ([path, { digest }]) => [path, digest])),
    new Map(Array.from(documents, ([path, { etag }]) => [path, etag])),
  ).filter(({ path }) => !isLeftOut(leftOut, path));
  if (isSuspicious(actions, state.size) && !deleteMany && !dryRun) {
    const message = "Most of what was there is gone on one side. If that is right: --delete-many.";
    throw new TransferError("many-deletions", message);
  }
  const report = new Report(output, dryRun);
  for (const { path, error } of leftOut) report.leaveOut(path, error);
  if (dryRun) for (const { path, kind } of actions) report.done(path, kind);
  else {
    const run = new SyncRun({ local, folder, storage, state, files, documents, now: new Date() });
    await perform(actions, run, report, () => saveState(local, place, state));
  }
  return report.hasLeftOut ? EXIT.partial : EXIT.done;
}

/**
 * Does all actions. What was done is saved now and then, and also after a failure.
 * @param {import("../sync/plan.js").SyncAction[]} actions
 * @param {SyncRun} run
 * @param {Report} report
 * @param {() => Promise<void>} save
 */
async function perform(actions, run, report, save) {
  const progress = report.output.progress("Documents");
  progress.total(actions.length);
  try {
    for (const [index, action] of actions.entries()) {
      run.storage.network.signal?.throwIfAborted();
      try {
        report.done(action.path, await run.apply(action));
      } catch (error) {
        report.leaveOut(action.path, error);
      }
      progress.add();
      if (index % SAVE_EVERY === SAVE_EVERY - 1) await save();
    }
  } finally {
    progress.stop();
    await save();
  }
}

/** Prints what is done and what is left out. */
class Report {
  hasLeftOut = false;

  /** @param {import("../lib/output.js").Output} output @param {boolean} isDryRun */
  constructor(output, isDryRun) {
    this.output = output;
    this.isDryRun = isDryRun;
  }

  /** @param {string} path @param {string} action */
  done(path, action) {
    const isToDo = this.isDryRun && action !== "forget";
    this.output.line(`${path}: ${isToDo ? "would be " : ""}${SENTENCES[action]}`);
    this.output.result({ path, action });
  }

  /**
   * Throws the error again if it is a bug, or concerns all documents.
   * @param {string} path
   * @param {unknown} error
   */
  leaveOut(path, error) {
    if (!isRefusal(error) || FATAL.includes(error.code)) throw error;
    this.output.result({ path, error: error.code });
    this.output.warn(error.message);
    this.hasLeftOut = true;
  }
}

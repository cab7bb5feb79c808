/** Satchel as `npm start` runs it, for the bench. */

import { DATABASE, WORKER_NAME } from "../../scripts/config.mjs";
import { startLocal } from "../../scripts/local.mjs";
import { copyDocument } from "./index-rows.mjs";

/** What would stop the bench is lifted: neither is what it measures. */
const VARS = { DEFAULT_QUOTA_BYTES: "1000000000000", REQUESTS_PER_SECOND: "1000000" };

/**
 * Starts it with its data in `folder`.
 * @param {string} folder
 */
export async function start(folder) {
  const { url, miniflare, dispose } = await startLocal({
    data: folder,
    host: "127.0.0.1",
    vars: VARS,
  });
  const fillFolder = async (...args) =>
    copyDocument(await miniflare.getD1Database(DATABASE, WORKER_NAME), ...args);
  return { url, fillFolder, dispose };
}

/** Starts Satchel as `npm start` does. */

import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { DATABASE, WORKER_NAME } from "../../scripts/lib/worker-config.mjs";
import { copyDocument } from "./copy-document.mjs";

/** Limits that would otherwise stop the bench. */
const VARS = { DEFAULT_QUOTA_BYTES: "1000000000000", REQUESTS_PER_SECOND: "1000000" };

/**
 * Starts the server with its data in `folder`.
 * @param {string} folder
 */
export async function start(folder) {
  const { url, miniflare, dispose } = await startLocalServer({
    data: folder,
    host: "127.0.0.1",
    vars: VARS,
  });
  const fillFolder = async (...args) =>
    copyDocument(await miniflare.getD1Database(DATABASE, WORKER_NAME), ...args);
  return { url, fillFolder, dispose };
}

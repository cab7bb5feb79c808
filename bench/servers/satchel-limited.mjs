/** Starts Satchel with the rate limits and the quota that it has on Cloudflare. */

import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { DATABASE, VARS, WORKER_NAME } from "../../scripts/lib/worker-config.mjs";
import { copyDocument } from "./copy-document.mjs";

/**
 * Starts the server with its data in `folder`.
 * @param {string} folder
 */
export async function start(folder) {
  const { url, miniflare, dispose } = await startLocalServer({
    data: folder,
    host: "127.0.0.1",
    vars: { REQUESTS_PER_SECOND: VARS.REQUESTS_PER_SECOND },
    quiet: true,
  });
  const fillFolder = async (...args) =>
    copyDocument(await miniflare.getD1Database(DATABASE, WORKER_NAME), ...args);
  return { url, fillFolder, dispose };
}

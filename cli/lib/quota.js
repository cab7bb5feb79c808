/** The quota, which Satchel tells and others do not. */

import { fetchJson } from "../../transfer/requests.js";

const MAX_QUOTA_BYTES = 64 * 1024;

/**
 * @param {import("./connection.js").Context} context
 * @param {import("./connection.js").Connection} connection
 * @returns {Promise<{usedBytes: number, quotaBytes: number, availableBytes: number} | null>} null if the
 *   server does not tell it
 */
export async function readQuota({ network }, { quota, storage }) {
  if (quota === null) return null;
  const { token } = storage;
  const bearer = typeof token === "function" ? await token() : token;
  const headers = { Authorization: `Bearer ${bearer}` };
  const options = { checkUrl: () => {}, maxBytes: MAX_QUOTA_BYTES, headers };
  const { response, body } = await fetchJson(quota, options, network);
  if (!response.ok || body === null) return null;
  const { usedBytes, quotaBytes, availableBytes } = /** @type {Record<string, unknown>} */ (body);
  return {
    usedBytes: Number(usedBytes),
    quotaBytes: Number(quotaBytes),
    availableBytes: Number(availableBytes),
  };
}

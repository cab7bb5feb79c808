/** Sign-in with a code that the user enters on any device: RFC 8628. */

import { setTimeout as sleep } from "node:timers/promises";
import { TransferError } from "../../transfer/requests.js";
import { postForm, requestToken } from "../lib/oauth.js";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";

/** RFC 8628 §3.2 and §3.5, in seconds. */
const DEFAULT_INTERVAL = 5;
const SLOW_DOWN = 5;

/**
 * Shows the user a code and waits until they have allowed or denied access.
 * @param {{deviceEndpoint: string, tokenEndpoint: string, clientId: string, scope: string}} request
 * @param {{show: (text: string) => void, signal: AbortSignal}} surroundings
 * @returns {Promise<import("../lib/credentials.js").Credential>}
 */
export async function signInByCode(
  { deviceEndpoint, tokenEndpoint, clientId, scope },
  { show, signal },
) {
  const started = await postForm(deviceEndpoint, { client_id: clientId, scope });
  const { device_code, user_code, verification_uri, verification_uri_complete } = started;
  show(`Open ${verification_uri_complete ?? verification_uri} and enter the code ${user_code}.`);
  const form = { grant_type: GRANT_TYPE, client_id: clientId, device_code: String(device_code) };
  const end = Date.now() + Number(started.expires_in ?? 600) * 1000;
  let interval = Number(started.interval ?? DEFAULT_INTERVAL);
  while (Date.now() < end) {
    await sleep(interval * 1000, undefined, { signal });
    try {
      return await requestToken(tokenEndpoint, form);
    } catch (error) {
      const code = error instanceof TransferError ? error.code : "";
      // §3.5: a client that gets no answer asks less often.
      if (code === "slow_down" || code === "unreachable") interval += SLOW_DOWN;
      else if (code !== "authorization_pending") throw error;
    }
  }
  throw new TransferError("expired_token", "The code has expired. Run satchel login again.");
}

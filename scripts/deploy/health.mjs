/** Waits until a deployed version is well. */

import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 1000;
const REQUEST_TIMEOUT_MS = 10_000;

/** The header in which /healthz names the version that answers (src/monitoring/routes/health.ts). */
const VERSION_HEADER = "Satchel-Version";

/**
 * Asks a provider how it is.
 * @param {string} origin
 * @returns {Promise<{isWell: boolean, version: string | null, text: string}>} `version`: the Worker's
 *   version that has answered; null if none has
 */
export async function askHealth(origin) {
  try {
    const response = await fetch(`${origin}/healthz`, {
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const body = (await response.text()).slice(0, 200);
    return {
      isWell: response.status === 200,
      version: response.headers.get(VERSION_HEADER),
      text: `${response.status} ${body}`.trim(),
    };
  } catch (error) {
    return { isWell: false, version: null, text: error.cause?.code ?? error.message };
  }
}

/**
 * Waits until this version is well. An earlier one may answer for some seconds, and a new host needs
 * minutes for its certificate.
 * @param {string} origin
 * @param {string} version
 * @param {number} seconds how long to wait at most
 * @returns {Promise<{isWell: boolean, version: string | null, text: string}>} the last answer
 */
export async function waitUntilWell(origin, version, seconds) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const health = await askHealth(origin);
    if (health.isWell && health.version === version) return health;
    if (Date.now() >= end) return { ...health, isWell: false };
    await delay(INTERVAL_MS);
  }
}

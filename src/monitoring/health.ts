/** Whether what the provider stands on answers: D1, R2 and the users' objects. */

import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withCallTimeout } from "../platform/retry";
import { probeBucket } from "../storage/bodies";
import { probeDatabase } from "./db/accounts";

/** A dependency that takes longer than this is not well. */
const PROBE_TIMEOUT_MS = 3000;

/** An answer is good for so long: whoever asks often, asks this isolate and nothing behind it. */
const HEALTH_CACHE_MS = 10_000;

/** Of the object that is asked: no person's name has a slash. */
const PROBE_OBJECT_NAME = "/healthz";

type Health = Record<"d1" | "r2" | "objects", "ok" | "failed">;

let cached: { health: Promise<Health>; at: number } | null = null;

/** How each dependency is doing. Never rejects; what has failed is logged. */
export function checkHealth(env: Env, now: number): Promise<Health> {
  if (cached === null || Math.abs(now - cached.at) >= HEALTH_CACHE_MS) {
    // Whoever asks meanwhile waits for the same answer.
    cached = { health: probeAll(env), at: now };
  }
  return cached.health;
}

async function probeAll(env: Env): Promise<Health> {
  const [d1, r2, objects] = await Promise.all([
    probe("D1", () => withCallTimeout(probeDatabase(env.DB), PROBE_TIMEOUT_MS)),
    probe("R2", () => probeBucket(env.BODIES, PROBE_TIMEOUT_MS)),
    probe("An object", async () =>
      withCallTimeout(env.USERS.getByName(PROBE_OBJECT_NAME).ping(), PROBE_TIMEOUT_MS),
    ),
  ]);
  return { d1, r2, objects };
}

/** Whether all is well. */
export const isHealthy = (health: Health): boolean =>
  Object.values(health).every((answer) => answer === "ok");

async function probe(what: string, ask: () => Promise<unknown>): Promise<"ok" | "failed"> {
  try {
    await ask();
    return "ok";
  } catch (error) {
    logWarning(`${what} does not answer.`, error);
    return "failed";
  }
}

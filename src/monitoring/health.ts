/** Health checks of D1, R2 and the Durable Objects. */

import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withCallTimeout } from "../platform/retry";
import { probeBucket } from "../storage/bodies";
import { probeDatabase } from "./db/accounts";

/** A dependency that takes longer has failed. */
const PROBE_TIMEOUT_MS = 3000;

/** How long an isolate caches the result, so that frequent checks do not reach the dependencies. */
const HEALTH_CACHE_MS = 10_000;

/** The name of the probed object; user names have no slash. */
const PROBE_OBJECT_NAME = "/healthz";

type Health = Record<"d1" | "r2" | "objects", "ok" | "failed">;

let cached: { health: Health; at: number } | null = null;

/** Checks each dependency. Never rejects; failures are logged. */
export async function checkHealth(env: Env, now: number): Promise<Health> {
  if (cached !== null && Math.abs(now - cached.at) < HEALTH_CACHE_MS) return cached.health;
  // Checks that arrive meanwhile have the previous result: none may wait for calls of another request.
  if (cached !== null) cached.at = now;
  const health = await probeAll(env);
  cached = { health, at: now };
  return health;
}

async function probeAll(env: Env): Promise<Health> {
  const [d1, r2, objects] = await Promise.all([
    probe("D1", () => withCallTimeout(probeDatabase(env.DB), PROBE_TIMEOUT_MS)),
    probe("R2", () => probeBucket(env.BODIES, PROBE_TIMEOUT_MS)),
    probe("A Durable Object", async () =>
      withCallTimeout(env.USERS.getByName(PROBE_OBJECT_NAME).ping(), PROBE_TIMEOUT_MS),
    ),
  ]);
  return { d1, r2, objects };
}

/** Whether every dependency is ok. */
export const isHealthy = (health: Health): boolean =>
  Object.values(health).every((state) => state === "ok");

async function probe(dependency: string, call: () => Promise<unknown>): Promise<"ok" | "failed"> {
  try {
    await call();
    return "ok";
  } catch (error) {
    logWarning(`${dependency} does not answer.`, error);
    return "failed";
  }
}

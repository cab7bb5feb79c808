/**
 * Runs before each test file, because files share a runtime: closes all connections, empties the database
 * and the bucket, and lets the Worker's modules start anew. What objects have stored stays, but their
 * alarms do nothing unless the file calls them; they are named after users, and those of other files have
 * other names, or no rows any more.
 */

import { abortAllDurableObjects, applyD1Migrations, evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

vi.resetModules();
globalThis.calledObjects = new Set();
// Eviction waits for responses that a test did not read to the end, but not for long.
await evictAllDurableObjects({ webSockets: "close" }).catch(abortAllDurableObjects);
await Promise.all([emptyBucket(), dropTables()]);
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

async function emptyBucket(): Promise<void> {
  for (let isEmpty = false; !isEmpty; ) {
    const { objects, truncated } = await env.BODIES.list();
    await env.BODIES.delete(objects.map(({ key }) => key));
    isEmpty = !truncated;
  }
}

async function dropTables(): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
  ).all<{ name: string }>();
  const statements = results.map(({ name }) => `DROP TABLE "${name}"`);
  await env.DB.batch(
    ["PRAGMA defer_foreign_keys = on", ...statements].map((sql) => env.DB.prepare(sql)),
  );
}

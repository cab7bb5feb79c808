/**
 * Runs before each test file, because files share a runtime: closes all connections, empties the database
 * and the bucket, and lets the Worker's modules start anew. What objects have stored stays, but their
 * alarms do nothing unless the file calls them; they are named after users, and those of other files have
 * other names, or no rows any more.
 */

import { abortAllDurableObjects, evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { importLoadedModulesDirectly } from "./loaded-modules";
import { setTimersDirectly } from "./timers";
import { hosts } from "./urls";

/** More than it takes to close connections; an object whose timer is set would wait for it, for seconds. */
const EVICTION_MS = 1000;

setTimersDirectly();
importLoadedModulesDirectly();
vi.resetModules();
globalThis.calledObjects = new Set();
await endObjects();
await Promise.all([emptyBucket(), renewTables()]);
if (hosts.domain !== null) await giveDomains(hosts.domain);

/** Eviction would wait for responses that a test did not read to the end. */
async function endObjects(): Promise<void> {
  const eviction = evictAllDurableObjects({ webSockets: "close" }).catch(abortAllDurableObjects);
  const isOver = await Promise.race([
    eviction.then(() => true),
    new Promise<false>((resolve) => setTimeout(resolve, EVICTION_MS, false)),
  ]);
  if (!isOver) await abortAllDurableObjects();
  await eviction;
}

async function emptyBucket(): Promise<void> {
  for (let isEmpty = false; !isEmpty; ) {
    const { objects, truncated } = await env.BODIES.list();
    await env.BODIES.delete(objects.map(({ key }) => key));
    isEmpty = !truncated;
  }
}

/** Drops all tables and applies the migrations, in one batch: each more would cost a call for each file. */
async function renewTables(): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
  ).all<{ name: string }>();
  const drops = results.map(({ name }) => `DROP TABLE "${name}"`);
  const migrations = env.TEST_MIGRATIONS.flatMap(({ queries }) => queries);
  const statements = ["PRAGMA defer_foreign_keys = on", ...drops, ...migrations];
  await env.DB.batch(statements.map((sql) => env.DB.prepare(sql)));
}

/** Gives each account that is created a domain, at which its storage is served. */
async function giveDomains(domain: (user: string) => string): Promise<void> {
  const [before, after] = domain("?").split("?");
  await env.DB.prepare(
    `CREATE TRIGGER domains_of_tests AFTER INSERT ON accounts BEGIN
       INSERT INTO domains (host, account, has_storage)
       VALUES ('${before}' || NEW.name || '${after}', NEW.id, 1);
     END`,
  ).run();
}

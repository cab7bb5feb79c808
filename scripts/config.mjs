/** wrangler.toml as Miniflare wants it, so that bindings and settings are written down once. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "smol-toml";
import { ROOT } from "./install.mjs";

/** All local users share one address and so one limit, and tests ask faster than people. */
const LOCAL_RATE_FACTOR = 20;

const config = parse(readFileSync(resolve(ROOT, "wrangler.toml"), "utf8"));

export const WORKER_NAME = config.name;
export const MAIN = resolve(ROOT, config.main);
export const MIGRATIONS = resolve(ROOT, config.d1_databases[0].migrations_dir);
export const DATABASE = config.d1_databases[0].binding;

/** The settings of [vars], as they hold here. */
export const VARS = {
  ...config.vars,
  REQUESTS_PER_SECOND: String(config.vars.REQUESTS_PER_SECOND * LOCAL_RATE_FACTOR),
};

/** What the environment may set: every setting of [vars], and those that are secrets. */
export const SETTING_NAMES = [...Object.keys(VARS), "METRICS_TOKEN", "TOKEN_SECRETS"];

/**
 * The Worker's part of Miniflare's options.
 * @param {Record<string, string>} vars
 */
export function workerConfig(vars) {
  const sqliteClasses = config.migrations.flatMap((step) => step.new_sqlite_classes ?? []);
  return {
    name: WORKER_NAME,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags ?? [],
    env: {
      ...bindings(Object.entries(vars), ([name, value]) => [name, { type: "text", value }]),
      LOCAL_SERVER: { type: "text", value: "yes" },
      // The name of the binding is also what `wrangler dev` calls a database that has no id yet.
      // It stays the name after a deploy has given it one: local data must not vanish by that.
      ...bindings(config.d1_databases, ({ binding }) => [binding, { type: "d1", id: binding }]),
      ...bindings(config.r2_buckets, ({ binding, bucket_name }) => [
        binding,
        { type: "r2", name: bucket_name },
      ]),
      ...bindings(config.durable_objects.bindings, ({ name, class_name }) => [
        name,
        { type: "durable-object", worker: WORKER_NAME, exportName: class_name },
      ]),
      ...bindings(config.ratelimits, ({ name, namespace_id, simple: { limit, period } }) => [
        name,
        {
          type: "rate-limit",
          namespace: namespace_id,
          simple: { limit: limit * LOCAL_RATE_FACTOR, period },
        },
      ]),
      [config.assets.binding]: { type: "assets" },
    },
    exports: bindings(sqliteClasses, (name) => [
      name,
      { type: "durable-object", storage: "sqlite" },
    ]),
    assets: {
      directory: resolve(ROOT, config.assets.directory),
      runWorkerFirst: config.assets.run_worker_first,
      hasUserWorker: true,
    },
  };
}

function bindings(items, toEntry) {
  return Object.fromEntries(items.map(toEntry));
}

/** Translates wrangler.toml to Miniflare's options, so that bindings and settings are defined once. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "smol-toml";
import { ROOT } from "./install.mjs";

/** All local users share one IP address and so one limit, and tests are faster than people. */
const LOCAL_RATE_FACTOR = 20;

const config = parse(readFileSync(resolve(ROOT, "wrangler.toml"), "utf8"));

export const WORKER_NAME = config.name;
export const MAIN = resolve(ROOT, config.main);
export const MIGRATIONS = resolve(ROOT, config.d1_databases[0].migrations_dir);
export const DATABASE = config.d1_databases[0].binding;
export const BODIES_BUCKET = config.r2_buckets[0].bucket_name;

/** The settings of [vars], with the limits of the local platform. */
export const VARS = {
  ...config.vars,
  SUBREQUESTS: "10000",
  REQUESTS_PER_SECOND: String(config.vars.REQUESTS_PER_SECOND * LOCAL_RATE_FACTOR),
};

/** Settings that environment variables can override: those of [vars], and the secrets. */
export const SETTING_NAMES = [
  ...Object.keys(VARS),
  "METRICS_TOKEN",
  "BACKUP_TOKEN",
  "TOKEN_SECRETS",
  "CUSTOM_HOSTNAMES_TOKEN",
];

/** Where users choose the server that is asked: workerd refuses a connection to any other address. */
const PUBLIC_NETWORK = {
  type: "network",
  allow: ["public"],
  deny: [],
  tlsOptions: { trustBrowserCas: true },
};

/**
 * Miniflare's options for the Worker.
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
      // The id is the binding's name, as in `wrangler dev` for a database without an id. It stays so
      // after a deployment has set an id, so that local data does not disappear.
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
      ...(vars.MOVE_IN_FROM === "any" ? {} : { PUBLIC_NETWORK }),
      [config.version_metadata.binding]: { type: "version-metadata" },
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

/** Starts the baseline Worker in the same runtime, with the same kinds of bindings and schema. */

import { readFileSync } from "node:fs";
import { Log, LogLevel, Miniflare } from "miniflare";
import { applyMigrations } from "../../scripts/lib/apply-migrations.mjs";
import { runtimeOptions } from "../../scripts/lib/runtime-options.mjs";
import { MIGRATIONS, VARS, workerConfig } from "../../scripts/lib/worker-config.mjs";
import { copyDocument } from "./copy-document.mjs";

const NAME = "baseline";
const OBJECT_CLASS = "UserObject";
const SCRIPT = new URL("../baseline-worker.mjs", import.meta.url);

const { compatibilityDate } = workerConfig(VARS);

/**
 * Starts the Worker with its data in `folder`.
 * @param {string} folder
 */
export async function start(folder) {
  const miniflare = new Miniflare({
    ...runtimeOptions({ Log, LogLevel }),
    handleStructuredLogs: ({ message }) => console.error(message),
    resourcePersistencePath: folder,
    workers: [
      {
        config: {
          name: NAME,
          compatibilityDate,
          env: {
            DB: { type: "d1", id: "DB" },
            BODIES: { type: "r2", name: "bodies" },
            USERS: { type: "durable-object", worker: NAME, exportName: OBJECT_CLASS },
          },
          exports: { [OBJECT_CLASS]: { type: "durable-object", storage: "sqlite" } },
          manifest: manifest(readFileSync(SCRIPT, "utf8")),
        },
      },
      // As in scripts/lib/local-server.mjs: a direct socket to the Worker.
      {
        config: { name: "socket", compatibilityDate, manifest: manifest("export default {};") },
        dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, serviceName: NAME }] },
      },
    ],
  });
  const database = await miniflare.getD1Database("DB", NAME);
  await applyMigrations(database, MIGRATIONS);
  const { origin } = await miniflare.unsafeGetDirectURL("socket");
  return {
    url: origin,
    fillFolder: (...args) => copyDocument(database, ...args),
    dispose: () => miniflare.dispose(),
  };
}

const manifest = (contents) => ({
  mainModule: "index.js",
  modulesRoot: "/",
  modules: { "index.js": { type: "esm", contents } },
});

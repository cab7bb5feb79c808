/** The databases of RxDB apps in an account's modules, for the user to see and to delete. */

import { activityStatement } from "../accounts/activity";
import type { Env } from "../env";
import { listModules, moduleStub } from "../modules/modules";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import type { CollectionTotals, DatabaseTotals } from "./inventory";
import { INTERNAL_STORE } from "./writes/removal-events";

/** A database as the user sees it. */
export interface Database {
  name: string;
  /** The app's collections, by name and version. */
  collections: CollectionTotals[];
  /** Documents in the app's collections. */
  documents: number;
  /** Bytes of the collections in which RxDB keeps its own state and local documents. */
  internalBytes: number;
  /** Bytes of all collections. */
  bytes: number;
}

/** The databases of a module, by name. */
export interface ModuleDatabases {
  module: string;
  /** Null if the module's object does not answer. */
  databases: Database[] | null;
}

/** Lists the databases in all modules of an account, without the modules that have none. */
export async function listDatabases(env: Env, account: string): Promise<ModuleDatabases[]> {
  const modules = await listModules(env, account);
  const all = await Promise.all(
    modules.map(async ({ module }) => {
      const databases = await loadDatabases(env, account, module).catch((error) => {
        logWarning("The databases of a module could not be listed.", error);
        return null;
      });
      return { module, databases };
    }),
  );
  return all.filter(({ databases }) => databases?.length !== 0);
}

/** Returns null if the database does not exist. Rejects if the module's object does not answer. */
export async function findDatabase(
  env: Env,
  account: string,
  module: string,
  name: string,
): Promise<Database | null> {
  // Only an object whose module has a row: a request to any other object would create it.
  const modules = await listModules(env, account);
  if (!modules.some((row) => row.module === module)) return null;
  const databases = await loadDatabases(env, account, module);
  return databases.find((database) => database.name === name) ?? null;
}

async function loadDatabases(env: Env, account: string, module: string): Promise<Database[]> {
  const object = moduleStub(env, account, module);
  const totals = await withRetry(async () => await object.inventory());
  return totals.map(toDatabase).sort(byName);
}

function toDatabase({ name, collections }: DatabaseTotals): Database {
  const internal = collections.filter(({ name }) => isInternal(name));
  const ofApp = collections.filter(({ name }) => !isInternal(name));
  return {
    name,
    collections: ofApp.sort((a, b) => byName(a, b) || a.version - b.version),
    documents: sum(ofApp.map(({ documents }) => documents)),
    internalBytes: sum(internal.map(({ bytes }) => bytes)),
    bytes: sum(collections.map(({ bytes }) => bytes)),
  };
}

/** Names of the collections in which RxDB keeps its own state. */
const INTERNAL_NAMES = [INTERNAL_STORE, "rxdatabase_storage_local"];

const INTERNAL_PREFIXES = [
  "plugin-local-documents-",
  "rx-migration-state-meta-",
  "rx-replication-meta-",
];

/** Whether RxDB has created a collection for itself: no user would recognize its name. */
const isInternal = (name: string): boolean =>
  INTERNAL_NAMES.includes(name) || INTERNAL_PREFIXES.some((prefix) => name.startsWith(prefix));

/**
 * Deletes a database with all its collections, permanently, and records that in the activity. The
 * module must exist. Idempotent, but for the activity. Rejects if the outcome is unknown.
 */
export async function deleteDatabase(
  env: Env,
  account: string,
  { module, name }: { module: string; name: string },
  now: number,
): Promise<void> {
  const activity = { kind: "database-deleted", module, name } as const;
  const statement = activityStatement(env.DB, account, activity, now);
  // Recorded first: an entry too many is better than a database that vanishes without one.
  await withRetry(() => statement.run());
  await withRetry(async () => await moduleStub(env, account, module).deleteDatabase(name));
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The databases of RxDB apps in the modules of an account, for its person to see and to delete. */

import { recordDeed } from "../accounts/activity";
import type { Env } from "../env";
import { listModules, moduleStub } from "../modules/modules";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import type { CollectionTotals, DatabaseTotals } from "./inventory";

/** A database as its person sees it. */
export interface Database {
  name: string;
  /** Those of the app, by name. */
  collections: CollectionTotals[];
  /** Of the collections of the app. */
  documents: number;
  /** Of collections that RxDB has for itself, and of local documents. */
  ownBytes: number;
  /** In all. */
  bytes: number;
}

/** The databases of a module by name; null: its object does not answer. */
export interface ModuleDatabases {
  module: string;
  databases: Database[] | null;
}

/** The databases in each module of an account; modules without any are not in it. */
export async function listDatabases(env: Env, account: string): Promise<ModuleDatabases[]> {
  const modules = await listModules(env, account);
  const all = await Promise.all(
    modules.map(async ({ module }) => {
      const databases = await lookInto(env, account, module).catch((error) => {
        logWarning("A module did not say what is in it.", error);
        return null;
      });
      return { module, databases };
    }),
  );
  return all.filter(({ databases }) => databases?.length !== 0);
}

/** A database of a module of an account; null: there is none. Rejects if that is not known. */
export async function findDatabase(
  env: Env,
  account: string,
  module: string,
  name: string,
): Promise<Database | null> {
  // Only what has a row: asking an object for anything makes it.
  const modules = await listModules(env, account);
  if (!modules.some((row) => row.module === module)) return null;
  const databases = await lookInto(env, account, module);
  return databases.find((database) => database.name === name) ?? null;
}

async function lookInto(env: Env, account: string, module: string): Promise<Database[]> {
  const object = moduleStub(env, account, module);
  const totals = await withRetry(async () => await object.inventory());
  return totals.map(describe).sort(byName);
}

function describe({ name, collections }: DatabaseTotals): Database {
  const [own = [], ofApp = []] = [true, false].map((isOwn) =>
    collections.filter((collection) => isOfRxdb(collection.name) === isOwn),
  );
  return {
    name,
    collections: ofApp.sort((a, b) => byName(a, b) || a.version - b.version),
    documents: sum(ofApp.map(({ documents }) => documents)),
    ownBytes: sum(own.map(({ bytes }) => bytes)),
    bytes: sum(collections.map(({ bytes }) => bytes)),
  };
}

const OWN_NAMES = ["_rxdb_internal", "rxdatabase_storage_local"];

const OWN_PREFIXES = [
  "plugin-local-documents-",
  "rx-migration-state-meta-",
  "rx-replication-meta-",
];

/** Whether RxDB has a collection for itself: no app has made it, and nobody knows its name. */
const isOfRxdb = (name: string): boolean =>
  OWN_NAMES.includes(name) || OWN_PREFIXES.some((prefix) => name.startsWith(prefix));

/**
 * Deletes a database of a module that there is, with all its collections, for good. Can be repeated.
 * Rejects if it is not known whether it is deleted.
 */
export async function deleteDatabase(
  env: Env,
  account: string,
  { module, name }: { module: string; name: string },
  now: number,
): Promise<void> {
  const deed = { kind: "database-deleted", module, name } as const;
  const line = recordDeed(env.DB, account, deed, now);
  // The log goes first: a line too many is better than a database that is gone without one.
  await withRetry(() => line.run());
  await withRetry(async () => await moduleStub(env, account, module).deleteDatabase(name));
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

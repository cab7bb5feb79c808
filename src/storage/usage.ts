/** How much an account holds, and which module how much of it. */

import { type Env, settings } from "../env";
import { type ModuleRow, selectModules } from "../modules/modules";
import { withRetry } from "../platform/retry";
import { type FolderTotals, selectModuleFolders } from "./db/listings";
import { selectUsage, type UsageRow } from "./db/nodes";

/**
 * SQL for the bytes that the account `a` uses: its documents, by the row `r` of its storage root, and
 * its databases.
 */
export const USED_BYTES_SQL =
  "coalesce(r.length, 0) + (SELECT coalesce(sum(m.bytes), 0) FROM rxdb_modules m WHERE m.account = a.id)";

/** Of a module: in /<module>/ and in /public/<module>/, and in databases of RxDB apps. */
interface ModuleUsage {
  name: string;
  privateBytes: number;
  publicBytes: number;
  databaseBytes: number;
  /** Not those of databases. */
  documents: number;
}

export interface Usage extends UsageRow {
  /** The one with the most bytes first. */
  modules: ModuleUsage[];
  /** What is in no module: documents that are in the root or in /public/ itself. */
  other: { bytes: number; documents: number };
}

/** One D1 round trip; reads no documents. */
export async function readUsage(env: Env, account: string): Promise<Usage> {
  const questions = [
    selectUsage(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES),
    selectModuleFolders(env.DB, account),
    selectModules(env.DB, account),
  ];
  const [total, folders, databases] = await withRetry(() => env.DB.batch(questions));
  const usage = total?.results[0] as unknown as UsageRow;
  const modules = usageByModule(
    (folders?.results ?? []) as unknown as FolderTotals[],
    (databases?.results ?? []) as unknown as ModuleRow[],
  );
  const bytes = sum(modules.map(bytesOf));
  const documents = sum(modules.map((module) => module.documents));
  const other = { bytes: usage.usedBytes - bytes, documents: usage.documents - documents };
  return { ...usage, modules, other };
}

/** In all, of a module. */
export const bytesOf = ({ privateBytes, publicBytes, databaseBytes }: ModuleUsage): number =>
  privateBytes + publicBytes + databaseBytes;

function usageByModule(folders: FolderTotals[], databases: ModuleRow[]): ModuleUsage[] {
  const ofModules = folders.filter(({ parent, name }) => parent !== "/" || name !== "public/");
  const foldersOf = Map.groupBy(ofModules, ({ name }) => name.slice(0, -1));
  const databaseBytesOf = new Map(
    databases.filter(({ bytes }) => bytes > 0).map(({ module, bytes }) => [module, bytes]),
  );
  return [...new Set([...foldersOf.keys(), ...databaseBytesOf.keys()])]
    .map((name) => {
      const own = foldersOf.get(name) ?? [];
      return {
        name,
        privateBytes: sum(own.filter(({ parent }) => parent === "/").map(({ length }) => length)),
        publicBytes: sum(own.filter(({ parent }) => parent !== "/").map(({ length }) => length)),
        databaseBytes: databaseBytesOf.get(name) ?? 0,
        documents: sum(own.map(({ documents }) => documents)),
      };
    })
    .sort((a, b) => bytesOf(b) - bytesOf(a));
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** How much of its quota an account uses, in all and by module. */

import { type Env, settings } from "../env";
import { type ModuleRow, selectModules } from "../modules/modules";
import { withRetry } from "../platform/retry";
import { type FolderTotals, selectModuleFolders, selectUsage, type UsageRow } from "./db/usage";

export { USED_BYTES_SQL } from "./db/usage";

/** Of a module: in /<module>/ and in /public/<module>/, and in databases of RxDB apps. */
export interface ModuleUsage {
  name: string;
  privateBytes: number;
  publicBytes: number;
  databaseBytes: number;
  /** Without those in databases. */
  documents: number;
}

/** An account's quota and usage, by module. */
export interface Usage extends UsageRow {
  /** The one with the most bytes first. */
  modules: ModuleUsage[];
  /** Documents outside of all modules: in the root or in /public/ itself. */
  other: { bytes: number; documents: number };
}

/** Loads an account's usage in one D1 round trip, without reading rows of documents. */
export async function loadUsage(env: Env, account: string): Promise<Usage> {
  const statements = [
    selectUsage(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES),
    selectModuleFolders(env.DB, account),
    selectModules(env.DB, account),
  ];
  const [total, folders, databases] = await withRetry(() => env.DB.batch(statements));
  const usage = total?.results[0] as unknown as UsageRow;
  const modules = usageByModule(
    (folders?.results ?? []) as unknown as FolderTotals[],
    (databases?.results ?? []) as unknown as ModuleRow[],
  );
  const bytes = sum(modules.map(moduleBytes));
  const documents = sum(modules.map((module) => module.documents));
  const other = {
    bytes: usage.usedBytes - usage.indexBytes - bytes,
    documents: usage.documents - documents,
  };
  return { ...usage, modules, other };
}

/** All bytes of a module. */
export const moduleBytes = ({ privateBytes, publicBytes, databaseBytes }: ModuleUsage): number =>
  privateBytes + publicBytes + databaseBytes;

function usageByModule(folders: FolderTotals[], databases: ModuleRow[]): ModuleUsage[] {
  const moduleFolders = folders.filter(({ parent, name }) => parent !== "/" || name !== "public/");
  const foldersByModule = Map.groupBy(moduleFolders, ({ name }) => name.slice(0, -1));
  const databaseBytes = new Map(
    databases.filter(({ bytes }) => bytes > 0).map(({ module, bytes }) => [module, bytes]),
  );
  return [...new Set([...foldersByModule.keys(), ...databaseBytes.keys()])]
    .map((name) => {
      const own = foldersByModule.get(name) ?? [];
      return {
        name,
        privateBytes: sum(own.filter(({ parent }) => parent === "/").map(({ length }) => length)),
        publicBytes: sum(own.filter(({ parent }) => parent !== "/").map(({ length }) => length)),
        databaseBytes: databaseBytes.get(name) ?? 0,
        documents: sum(own.map(({ documents }) => documents)),
      };
    })
    .sort((a, b) => moduleBytes(b) - moduleBytes(a));
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

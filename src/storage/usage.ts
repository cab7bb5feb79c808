/** How much an account holds, and which module how much of it. */

import { type Env, settings } from "../env";
import { askPatiently } from "../http/patience";
import { type FolderTotals, selectModuleFolders } from "./inventory-repo";
import { selectUsage, type UsageRow } from "./repo";

/** Bytes and documents of a module: in /<module>/ and in /public/<module>/ together. */
interface ModuleUsage {
  name: string;
  privateBytes: number;
  publicBytes: number;
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
  ];
  const [total, folders] = await askPatiently(() => env.DB.batch(questions));
  const usage = total?.results[0] as unknown as UsageRow;
  const modules = usageByModule((folders?.results ?? []) as unknown as FolderTotals[]);
  const bytes = sum(modules.map((module) => module.privateBytes + module.publicBytes));
  const documents = sum(modules.map((module) => module.documents));
  const other = { bytes: usage.usedBytes - bytes, documents: usage.documents - documents };
  return { ...usage, modules, other };
}

function usageByModule(folders: FolderTotals[]): ModuleUsage[] {
  const ofModules = folders.filter(({ parent, name }) => parent !== "/" || name !== "public/");
  return [...Map.groupBy(ofModules, ({ name }) => name.slice(0, -1))]
    .map(([name, own]) => ({
      name,
      privateBytes: sum(own.filter(({ parent }) => parent === "/").map(({ length }) => length)),
      publicBytes: sum(own.filter(({ parent }) => parent !== "/").map(({ length }) => length)),
      documents: sum(own.map(({ documents }) => documents)),
    }))
    .sort((a, b) => b.privateBytes + b.publicBytes - a.privateBytes - a.publicBytes);
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The bin: the deleted documents of each module that can be restored. */

import type { Account } from "../accounts/accounts";
import { documentFromPath } from "../core/path";
import type { Env } from "../env";
import { withRetry } from "../platform/retry";
import { loadDocumentRows } from "../storage/documents";
import type { DeletionFact } from "../storage/tasks/journal";

/** A module of which deleted documents can be restored. */
export interface BinModule {
  /** "": the documents outside of modules. */
  module: string;
  /** The latest deletion. */
  latest: DeletionFact;
}

/** The latest deletions of a module that are looked at to see whether any document is still deleted. */
const LOOKED_AT_OF_MODULE = 5;

/** The modules with deleted documents, by name. Those whose latest deletions were all restored are left out. */
export async function loadBinModules(env: Env, account: Account): Promise<BinModule[]> {
  const modules = await withRetry(() =>
    env.USERS.getByName(account.name).deletionsByModule(LOOKED_AT_OF_MODULE),
  );
  const existing = await findExisting(
    env,
    account,
    modules.flatMap(({ deletions }) => deletions),
  );
  return modules
    .flatMap(({ module, deletions }) => {
      const latest = deletions.find(({ path }) => !existing.has(path));
      if (latest !== undefined) return [{ module, latest }];
      const [first] = deletions.length < LOOKED_AT_OF_MODULE ? [] : deletions;
      return first === undefined ? [] : [{ module, latest: first }];
    })
    .sort((a, b) => (a.module < b.module ? -1 : 1));
}

/** A position in the bin of a module: that of a deletion. */
export interface BinPosition {
  /** Milliseconds since 1970. */
  at: number;
  /** The version that was deleted. */
  id: string;
}

/** Some of the deleted documents of a module. */
export interface BinPage {
  /** The latest deletion of each, the latest first. */
  documents: DeletionFact[];
  /** Where the next page begins; null: this is the last one. */
  next: BinPosition | null;
}

const PAGE_SIZE = 50;

/** Deletions that are looked at for one page: most of them may have been restored. */
const MAX_LOOKED_AT = 500;

/**
 * Loads deleted documents of a module whose paths begin with `prefix`. A page may have fewer than it can
 * hold, though there are more, if many were restored.
 */
export async function loadBinPage(
  env: Env,
  account: Account,
  { module, prefix, after }: { module: string; prefix: string; after: BinPosition | null },
): Promise<BinPage> {
  const user = env.USERS.getByName(account.name);
  const deletions = await withRetry(() => user.deletions(module, prefix, after, MAX_LOOKED_AT));
  const existing = await findExisting(env, account, deletions);
  const deleted = deletions.filter(({ path }) => !existing.has(path));
  const documents = deleted.slice(0, PAGE_SIZE);
  const hasMore = deleted.length > PAGE_SIZE || deletions.length === MAX_LOOKED_AT;
  const last = deleted.length > PAGE_SIZE ? documents.at(-1) : deletions.at(-1);
  return { documents, next: hasMore && last ? { at: last.at, id: last.version } : null };
}

/** The paths at which there is a document again. */
async function findExisting(
  env: Env,
  account: Account,
  deletions: DeletionFact[],
): Promise<Map<string, unknown>> {
  if (deletions.length === 0) return new Map();
  const nodes = deletions.map(({ path }) => documentFromPath(path));
  return loadDocumentRows(env.DB, account.id, nodes);
}

/** The folders of a module: the private one and the public one. */
export const foldersOfModule = (module: string): string[] => [`/${module}/`, `/public/${module}/`];

/**
 * Archives that the server makes by itself, for people without script: of everything, or in parts that the plan's calls
 * suffice for. Each part is an archive of its own: `docs/archive.md`.
 */

import { type ArchiveEntry, writeArchive } from "../../transfer/archive/write.js";
import type { Env } from "../env";
import { listModules } from "../modules/modules";
import { planDatabaseParts, readDatabaseRange } from "../rxdb/archived-databases";
import type { ModuleId } from "../rxdb/handshake";
import type { DatabasePosition, DatabaseRange, PartLimits } from "../rxdb/whole-databases/requests";
import type { DocumentListing } from "../storage/browse";
import { readListedDocuments } from "../storage/export/archived-documents";
import {
  type ExportPart,
  listExportParts,
  listPart,
  maxGrownPart,
  maxPartDocuments,
  withFailureLog,
} from "../storage/export/export";
import { loadUsage } from "../storage/usage";

/** A range of the databases of a module. */
interface ModulePart extends DatabaseRange {
  module: string;
}

/** What an archive has. */
export interface ServerArchivePart {
  /** Null: none. */
  documents: ExportPart | null;
  /** One range of a module at most; null: all databases. */
  databases: ModulePart[] | null;
}

/** Whose data are archived. */
export type ArchiveOwner = Pick<ModuleId, "account" | "user">;

const EVERYTHING: ServerArchivePart = { documents: { after: null, until: null }, databases: null };

/** What the databases of one module may take of an archive: a call plans them, and another reads at least one page. */
function limitsOf(env: Env): PartLimits {
  const calls = maxPartDocuments(env) - 1;
  return { calls, attachments: calls - 1 };
}

/**
 * Lists the archives in which an account can be exported. Reads the whole index, and how large the documents in
 * databases are.
 */
export async function listArchiveParts(
  env: Env,
  owner: ArchiveOwner,
): Promise<ServerArchivePart[]> {
  const { account } = owner;
  const [documentParts, usage, modules] = await Promise.all([
    listExportParts(env, account),
    loadUsage(env, account),
    listFilledModules(env, account),
  ]);
  const limits = limitsOf(env);
  const planned = await Promise.all(
    modules.map(async (module) => {
      const range = { after: null, until: null };
      return { module, parts: await planDatabaseParts(env, { ...owner, module }, range, limits) };
    }),
  );
  const maxCalls = maxPartDocuments(env);
  const parts = documentParts.map((documents) => new PartBuilder(documents, maxCalls));
  // All parts but the last one are full.
  const inLast = usage.documents - (documentParts.length - 1) * maxCalls;
  (parts.at(-1) as PartBuilder).calls = Math.max(0, Math.min(maxCalls, inLast));
  for (const { module, parts: own } of planned) {
    let after: DatabasePosition | null = null;
    for (const { until, calls } of own) {
      const needed = calls + 1;
      let last = parts.at(-1) as PartBuilder;
      if (after !== null || last.calls + needed > maxCalls) {
        last = new PartBuilder(null, 0);
        parts.push(last);
      }
      last.databases.push({ module, after, until });
      last.calls += needed;
      after = until;
    }
  }
  return parts.length === 1 ? [EVERYTHING] : parts;
}

/** A part to which databases are added. */
class PartBuilder {
  readonly documents: ExportPart | null;
  readonly databases: ModulePart[] = [];
  calls: number;

  constructor(documents: ExportPart | null, calls: number) {
    this.documents = documents;
    this.calls = calls;
  }
}

/**
 * Streams an archive. The stream fails if something cannot be read completely; a truncated archive is recognized as such,
 * because its directory is at its end. Returns null if there is too much for one archive by now: list the parts
 * again.
 */
export async function openServerArchive(
  env: Env,
  owner: ArchiveOwner,
  address: string,
  part: ServerArchivePart,
  now: number,
): Promise<ReadableStream<Uint8Array> | null> {
  const [documents, modules] = await Promise.all([
    part.documents === null ? [] : listPart(env, owner.account, part.documents),
    listModuleParts(env, owner.account, part.databases),
  ]);
  if (documents === null) return null;
  const limits = limitsOf(env);
  const unlimited = { ...limits, calls: Number.POSITIVE_INFINITY };
  const planned = await Promise.all(
    modules.map(async ({ module, ...range }) => {
      const id = { ...owner, module };
      const [whole] = await planDatabaseParts(env, id, range, unlimited);
      return { id, range, calls: whole?.calls ?? 0 };
    }),
  );
  const calls = planned.reduce((sum, one) => sum + one.calls + 1, documents.length);
  if (calls > maxGrownPart(env)) return null;
  const filled = planned.filter((one) => one.calls > 0);
  const entries = withFailureLog(readEntries(env, owner, documents, filled, limits));
  return writeArchive(entries, { address, modules: [], now: new Date(now), hasDatabases: true });
}

/** The names of the modules that have databases. */
async function listFilledModules(env: Env, account: string): Promise<string[]> {
  const rows = await listModules(env, account);
  return rows.filter(({ bytes }) => bytes > 0).map(({ module }) => module);
}

/** The ranges of modules that a part has, of those that have databases. */
async function listModuleParts(
  env: Env,
  account: string,
  databases: ServerArchivePart["databases"],
): Promise<ModulePart[]> {
  if (databases?.length === 0) return [];
  const modules = await listFilledModules(env, account);
  if (databases === null) return modules.map((module) => ({ module, after: null, until: null }));
  const parts = new Map(databases.map((one) => [one.module, one]));
  return modules.flatMap((module) => parts.get(module) ?? []);
}

async function* readEntries(
  env: Env,
  { account }: ArchiveOwner,
  documents: DocumentListing[],
  modules: { id: ModuleId; range: DatabaseRange }[],
  limits: PartLimits,
): AsyncGenerator<ArchiveEntry> {
  yield* readListedDocuments(env, account, documents);
  for (const { id, range } of modules) yield* readDatabaseRange(env, id, range, limits);
}

/** The query of the URL under which the server makes an archive. `number`: in the list of all parts. */
export function formatArchiveQuery(part: ServerArchivePart, number: number): string {
  const query = new URLSearchParams({ part: String(number) });
  const { documents, databases } = part;
  if (databases !== null) query.set("documents", documents === null ? "no" : "yes");
  const { after: first = null, until: last = null } = documents ?? {};
  if (first !== null) query.set("after", first);
  if (last !== null) query.set("until", last);
  for (const { module, after, until } of databases ?? []) {
    query.append("databases", [formatPosition(after), formatPosition(until), module].join("_"));
  }
  return query.toString();
}

/** The part of such a query. What cannot be understood in it is left out. */
export function parseArchiveQuery(query: URLSearchParams): ServerArchivePart {
  const [after, until] = [query.get("after"), query.get("until")];
  const isEverything =
    after === null && until === null && !query.has("documents") && !query.has("databases");
  if (isEverything) return EVERYTHING;
  const databases = query.getAll("databases").flatMap((text) => parseModulePart(text) ?? []);
  return { documents: query.get("documents") === "no" ? null : { after, until }, databases };
}

const formatPosition = (position: DatabasePosition | null): string =>
  position === null ? "" : `${position.collection}.${position.seq}`;

function parseModulePart(text: string): ModulePart | null {
  const [, after = "", until = "", module = ""] = /^([\d.]*)_([\d.]*)_(.+)$/s.exec(text) ?? [];
  if (module === "") return null;
  return { module, after: parsePosition(after), until: parsePosition(until) };
}

function parsePosition(text: string): DatabasePosition | null {
  const [, collection, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return collection === undefined ? null : { collection: Number(collection), seq: Number(seq) };
}

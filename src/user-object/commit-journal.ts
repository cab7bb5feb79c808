/**
 * The journal of a user's commits: when each version became the document, when it was deleted, and who
 * did it. R2 has the versions themselves, but neither of these.
 *
 * The facts are collected in memory and written many in one row: those of a change after a quiet time
 * right after its answer, those that follow some seconds later. So a change costs no row of its own, and
 * delays no answer. An object that dies before loses what it has not written. Nothing depends on it: a
 * version without a fact has the time of its upload, and a deletion without one the time when the sweep
 * noticed it.
 */

import { createHash } from "node:crypto";
import { documentFromPath, formatPath, type NodePath } from "../core/path";
import { moduleOf } from "../core/scope";
import { isId } from "../core/secrets";
import { MINUTE_MS } from "../core/time";
import { BoundedMap } from "../platform/bounded-map";
import { logWarning } from "../platform/log";
import type { CommitFacts, CommitRequest } from "../storage/commit";
import {
  type DeletionFact,
  type DeletionPosition,
  type Journal,
  latestOfEach,
  type PutFact,
} from "../storage/tasks/journal";
import { DELETION_COLUMNS, type DeletionColumns, deletionsOfDocument } from "./deletion-columns";
import { FactRows } from "./fact-rows";
import { factsOfDocument, PUT_COLUMNS } from "./put-columns";

/** From one row to the next while changes go on. */
const FLUSH_EVERY_MS = 5000;

/** Rows that are kept: a quarter of a million commits, and as many deletions in each module. */
const MAX_ROWS = { puts: 250, deletions: 1000 };

/** Rows of deletions that are read to find the times of changes: ten thousand deletions. */
const MAX_ROWS_OF_TIMES = 40;

const PUTS_PREFIX = "journal:puts:";
const DELETIONS_PREFIX = "journal:deletions:";

/** The journal, in the storage of the user's object. */
export class CommitJournal implements Journal {
  readonly #kv: DurableObjectStorage["kv"];
  readonly #putRows: FactRows<PutFact, ReturnType<typeof PUT_COLUMNS.pack>>;
  #puts: UnwrittenPut[] = [];
  #deletions = new Map<string, UnwrittenDeletion[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next row may be written. */
  #flushAt = 0;

  constructor(storage: DurableObjectStorage) {
    this.#kv = storage.kv;
    this.#putRows = new FactRows(storage.kv, PUTS_PREFIX, PUT_COLUMNS);
  }

  /** Records a change that was made at `at`. */
  record(change: CommitRequest, facts: CommitFacts, at: number): void {
    const { node, put, version } = change;
    const { app, oldVersion, oldType, oldLength } = facts;
    if (put && isId(version)) {
      this.#puts.push({ node, version, at, app, isNew: oldVersion === null });
    } else if (!put && oldVersion !== null && oldType !== null && oldLength !== null) {
      const path = formatPath(node);
      const deletion = { path, version: oldVersion, type: oldType, length: oldLength, at, app };
      this.#addDeletion(moduleOf(node) ?? "", deletion);
    }
    if (this.#puts.length === PUT_COLUMNS.maxFacts) this.flush();
    else if (this.#timer === undefined) this.#flushLater(at);
  }

  #flushLater(at: number): void {
    const waitMs = Math.min(Math.max(0, this.#flushAt - at), FLUSH_EVERY_MS);
    this.#flushAt = at + waitMs + FLUSH_EVERY_MS;
    this.#timer = setTimeout(() => this.flush(), waitMs);
  }

  #addDeletion(module: string, fact: UnwrittenDeletion): void {
    const deletions = this.#deletions.get(module) ?? [];
    this.#deletions.set(module, deletions);
    if (deletions.push(fact) === DELETION_COLUMNS.maxFacts) this.flush();
  }

  /** Writes what is in memory: one row of puts, and one of deletions for each module. */
  flush(): void {
    const [puts, deletions] = [this.#puts, this.#deletions];
    this.discard();
    try {
      if (puts.length > 0) this.#putRows.append(puts.map(toPutFact));
      for (const [module, facts] of deletions) {
        this.#deletionRows(module).append(facts.map(toDeletionFact));
      }
    } catch (error) {
      // The changes themselves are made.
      logWarning("The journal of an account could not be written.", error);
    }
  }

  /** Forgets what is in memory, of an account that is to be erased. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#puts = [];
    this.#deletions = new Map();
  }

  /** The facts of a document's versions, the latest first. */
  putsOf(document: string): PutFact[] {
    this.flush();
    const facts: PutFact[] = [];
    for (const row of this.#putRows.rows()) {
      facts.push(...factsOfDocument(row.facts, document).reverse());
    }
    return facts;
  }

  *putsBetween(from: number, to: number): Generator<PutFact, void> {
    this.flush();
    for (const row of this.#putRows.rows(from)) {
      if (row.from > to) continue;
      for (const fact of PUT_COLUMNS.unpack(row.facts).reverse()) {
        if (fact.at >= from && fact.at <= to) yield fact;
      }
    }
  }

  *deletions(module: string): Generator<DeletionFact, void> {
    this.flush();
    for (const { facts } of this.#deletionRows(module).rows()) {
      yield* DELETION_COLUMNS.unpack(facts).reverse();
    }
  }

  *deletionsBelow(folder: NodePath, since: number): Generator<DeletionFact, void> {
    this.flush();
    const module = moduleOf(folder);
    const path = formatPath(folder);
    const lists = module === null ? this.#deletionPrefixes() : [deletionsPrefix(module)];
    for (const prefix of lists) {
      for (const { facts } of new FactRows(this.#kv, prefix, DELETION_COLUMNS).rows(since)) {
        for (const fact of DELETION_COLUMNS.unpack(facts))
          if (fact.at >= since && fact.path.startsWith(path)) yield fact;
      }
    }
  }

  /** The deletions of one document, the latest first. */
  deletionsOf(node: NodePath): DeletionFact[] {
    this.flush();
    const path = formatPath(node);
    const deletions: DeletionFact[] = [];
    for (const { facts } of this.#deletionRows(moduleOf(node) ?? "").rows()) {
      deletions.push(...deletionsOfDocument(facts, idOf(path), path).reverse());
    }
    return deletions;
  }

  /**
   * The latest deletion of each document of a module whose path begins with `prefix`, the latest first:
   * at most `limit` that come after a position (null: from the first). They may have been written again.
   */
  latestDeletions(
    module: string,
    prefix: string,
    after: DeletionPosition | null,
    limit: number,
  ): DeletionFact[] {
    const latest: DeletionFact[] = [];
    for (const fact of latestOfEach(this.deletions(module), after)) {
      if (!fact.path.startsWith(prefix)) continue;
      if (latest.push(fact) === limit) break;
    }
    return latest;
  }

  /** The modules of which deletions are known, at most `limit`, in no order; "" for what is in none. */
  modulesWithDeletions(limit: number): string[] {
    this.flush();
    const modules: string[] = [];
    for (const prefix of this.#deletionPrefixes()) {
      const [row] = new FactRows(this.#kv, prefix, DELETION_COLUMNS).rows();
      const [fact] = row ? DELETION_COLUMNS.unpack(row.facts) : [];
      modules.push(moduleOf(documentFromPath(fact?.path ?? "/")) ?? "");
      if (modules.length === limit) break;
    }
    return modules;
  }

  /** When documents of a module were deleted, by the versions that they had, milliseconds since 1970. */
  deletionTimes(module: string): Map<string, number> {
    const times = new Map<string, number>();
    for (const { version, at } of this.deletions(module)) times.set(version, at);
    return times;
  }

  /**
   * When documents of a module (null: of any) were written or deleted, the latest first, in whole
   * minutes (milliseconds since 1970), each once; at most `limit`. Of very many deletions the latest count.
   */
  changeTimes(module: string | null, limit: number): number[] {
    this.flush();
    const minutes = new Set<number>();
    const add = (at: number) => minutes.add(Math.floor(at / MINUTE_MS) * MINUTE_MS);
    const id = module === null ? null : moduleId(module);
    for (const { facts } of this.#putRows.rows()) {
      if (minutes.size >= limit) break;
      const wanted = id === null ? null : facts.moduleNames.indexOf(id);
      for (const [index, at] of facts.times.entries()) {
        if (wanted === null || facts.modules[index] === wanted) add(at);
      }
    }
    const modules = module === null ? this.modulesWithDeletions(limit) : [module];
    let rows = MAX_ROWS_OF_TIMES;
    for (const name of modules) {
      for (const { facts } of this.#deletionRows(name).rows()) {
        for (const at of facts.times) add(at);
        if (--rows <= 0) break;
      }
      if (rows <= 0) break;
    }
    return [...minutes].sort((a, b) => b - a).slice(0, limit);
  }

  /** Adds a deletion that the sweep has noticed: `at` is when, so it happened before. To be flushed. */
  addNoticedDeletion(module: string, fact: UnwrittenDeletion): void {
    this.#addDeletion(module, fact);
  }

  /** Forgets the deletions of versions that R2 has no longer, or will soon not have any more. */
  forgetVersions(bodies: { path: string; version: string }[]): void {
    this.flush();
    const ofModules = Map.groupBy(bodies, ({ path }) => moduleOf(documentFromPath(path)) ?? "");
    for (const [module, own] of ofModules) {
      const versions = new Set(own.map(({ version }) => version));
      this.#deletionRows(module).delete(({ version }) => versions.has(version));
    }
  }

  /** Forgets the rows of which all facts are older than `before`, and those beyond a number of rows. */
  prune(before: number): void {
    this.flush();
    this.#putRows.prune(before, MAX_ROWS.puts);
    for (const prefix of [...this.#deletionPrefixes()]) {
      new FactRows(this.#kv, prefix, DELETION_COLUMNS).prune(before, MAX_ROWS.deletions);
    }
  }

  #deletionRows(module: string): FactRows<DeletionFact, DeletionColumns> {
    return new FactRows(this.#kv, deletionsPrefix(module), DELETION_COLUMNS);
  }

  /** The prefixes of the rows of each module that has deletions. */
  *#deletionPrefixes(): Generator<string, void> {
    for (let start = DELETIONS_PREFIX; ; ) {
      const [row] = [...this.#kv.list({ prefix: DELETIONS_PREFIX, start, limit: 1 })];
      if (row === undefined) return;
      const prefix = row[0].slice(0, row[0].lastIndexOf(":") + 1);
      yield prefix;
      // ";" is the character after the colon.
      start = `${prefix.slice(0, -1)};`;
    }
  }
}

/** A `PutFact` before it is written: an answer does not wait until its hashes are computed. */
type UnwrittenPut = Omit<PutFact, "document" | "module"> & { node: NodePath };

type UnwrittenDeletion = Omit<DeletionFact, "document">;

const toPutFact = ({ node, ...fact }: UnwrittenPut): PutFact => ({
  ...fact,
  document: idOf(formatPath(node)),
  module: moduleId(moduleOf(node) ?? ""),
});

const toDeletionFact = (fact: UnwrittenDeletion): DeletionFact => ({
  ...fact,
  document: idOf(fact.path),
});

/** As `documentId`, without waiting: facts are written in the order of the commits. */
const idOf = (path: string): string =>
  createHash("sha256").update(path).digest("base64url").slice(0, 22);

/** Stands for a module, whose name may be longer than a key. */
const moduleId = (module: string): string => {
  const known = moduleIds.get(module);
  if (known !== undefined) return known;
  const id = createHash("sha256").update(module).digest("hex").slice(0, 32);
  moduleIds.set(module, id);
  return id;
};

/** Of the modules that were written last: each write needs one. */
const moduleIds = new BoundedMap<string, string>(100);

const deletionsPrefix = (module: string): string => `${DELETIONS_PREFIX}${moduleId(module)}:`;

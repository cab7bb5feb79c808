/**
 * The journal of a user's commits: when each version became the document, when it was deleted, and who
 * did it. R2 has the versions themselves, but neither of these.
 *
 * The facts are collected in memory and written a few seconds later, many in one row, so that no request
 * costs a row. An object that dies before loses them. Nothing depends on them: a version without a fact
 * has the time of its upload, and a deletion without one the time when the sweep noticed it.
 */

import { createHash } from "node:crypto";
import { documentFromPath, formatPath, type NodePath } from "../core/path";
import { moduleOf } from "../core/scope";
import { MINUTE_MS } from "../core/time";
import type { CommitFacts, CommitRequest } from "../storage/commit";
import type { DeletionFact, Journal, PutFact } from "../storage/tasks/journal";

/** From the first fact to the row that holds it. */
const FLUSH_AFTER_MS = 5000;

/** Facts in one row. A path has at most 4 KiB, a row of an object 2 MB. */
const MAX_FACTS = { puts: 1000, deletions: 300 };

/** Rows of puts that are kept. */
const MAX_PUT_ROWS = 500;

const PUTS_PREFIX = "journal:puts:";
const DELETIONS_PREFIX = "journal:deletions:";

/** Facts of one row. It is stored under these names. */
interface FactRow<Fact> {
  from: number;
  to: number;
  facts: Fact[];
}

/** A deletion in the list of a module. */
export interface DeletionPosition {
  /** Milliseconds since 1970. */
  at: number;
  /** The version that was deleted. */
  id: string;
}

/** The journal, in the storage of the user's object. */
export class CommitJournal implements Journal {
  readonly #kv: DurableObjectStorage["kv"];
  #puts: PutFact[] = [];
  #deletions = new Map<string, DeletionFact[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#kv = storage.kv;
  }

  /** Records a change that was made at `at`. */
  record(change: CommitRequest, facts: CommitFacts, at: number): void {
    const { node, put, version } = change;
    const module = moduleOf(node) ?? "";
    const { app, oldVersion, oldType, oldLength } = facts;
    if (put) {
      this.#puts.push({ document: idOf(node), module: moduleId(module), version, at, app });
    } else if (oldVersion !== null && oldType !== null && oldLength !== null) {
      const deletion = { path: formatPath(node), version: oldVersion, type: oldType };
      const deletions = this.#deletions.get(module) ?? [];
      deletions.push({ ...deletion, length: oldLength, at, app });
      this.#deletions.set(module, deletions);
    }
    const isFull =
      this.#puts.length >= MAX_FACTS.puts ||
      (this.#deletions.get(module)?.length ?? 0) >= MAX_FACTS.deletions;
    if (isFull) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  /** Writes what is in memory: one row of puts, and one of deletions for each module. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#puts.length > 0) this.#append(PUTS_PREFIX, this.#puts, MAX_FACTS.puts);
    for (const [module, facts] of this.#deletions) {
      this.#append(deletionsPrefix(module), facts, MAX_FACTS.deletions);
    }
    this.#puts = [];
    this.#deletions.clear();
  }

  /** Forgets what is in memory, of an account that is to be erased. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#puts = [];
    this.#deletions.clear();
  }

  /** The facts of a document's versions; of all documents if it is null. The latest first. */
  *puts(document: string | null): Generator<PutFact, void> {
    this.flush();
    for (const { facts } of this.#rows<PutFact>(PUTS_PREFIX)) {
      for (const fact of facts.toReversed()) {
        if (document === null || fact.document === document) yield fact;
      }
    }
  }

  /** The documents of a module that were deleted, the latest first. They may have been written again. */
  *deletions(module: string): Generator<DeletionFact, void> {
    this.flush();
    for (const { facts } of this.#rows<DeletionFact>(deletionsPrefix(module))) {
      yield* facts.toReversed();
    }
  }

  /** The deletions of documents below a folder, in no order. */
  *deletionsBelow(folder: NodePath): Generator<DeletionFact, void> {
    const module = moduleOf(folder);
    const path = formatPath(folder);
    const prefix = module === null ? DELETIONS_PREFIX : deletionsPrefix(module);
    this.flush();
    for (const { facts } of this.#rows<DeletionFact>(prefix)) {
      for (const fact of facts) if (fact.path.startsWith(path)) yield fact;
    }
  }

  /** The deletions of one document, the latest first. */
  *deletionsOf(document: NodePath): Generator<DeletionFact, void> {
    const path = formatPath(document);
    for (const fact of this.deletions(moduleOf(document) ?? "")) {
      if (fact.path === path) yield fact;
    }
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
    const seen = new Set<string>();
    const latest: DeletionFact[] = [];
    let isBefore = after !== null;
    for (const fact of this.deletions(module)) {
      if (latest.length === limit) break;
      if (after !== null && fact.at < after.at) isBefore = false;
      const isNew = fact.path.startsWith(prefix) && !seen.has(fact.path);
      seen.add(fact.path);
      if (isNew && !isBefore) latest.push(fact);
      if (fact.version === after?.id) isBefore = false;
    }
    return latest;
  }

  /** The modules of which deletions are known, at most `limit`, in no order; "" for what is in none. */
  modulesWithDeletions(limit: number): string[] {
    this.flush();
    const modules: string[] = [];
    let start = DELETIONS_PREFIX;
    while (modules.length < limit) {
      const options = { prefix: DELETIONS_PREFIX, start, limit: 1 };
      const [row] = [...this.#kv.list<FactRow<DeletionFact>>(options)];
      if (row === undefined) break;
      const [key, { facts }] = row;
      modules.push(moduleOf(documentFromPath(facts[0]?.path ?? "/")) ?? "");
      // The rows of a module end with ":" and a number; ";" is the character after the colon.
      start = `${key.slice(0, key.lastIndexOf(":"))};`;
    }
    return modules;
  }

  /** The versions of a module of which a deletion is known. */
  deletedVersions(module: string): Set<string> {
    const versions = new Set<string>();
    for (const { version } of this.deletions(module)) versions.add(version);
    return versions;
  }

  /**
   * When documents of a module (null: of any) were written or deleted, the latest first, in whole
   * minutes (milliseconds since 1970), each once; at most `limit`.
   */
  changeTimes(module: string | null, limit: number): number[] {
    const minutes = new Set<number>();
    const add = ({ at }: { at: number }) => minutes.add(Math.floor(at / MINUTE_MS) * MINUTE_MS);
    const id = module === null ? null : moduleId(module);
    for (const fact of this.puts(null)) {
      if (id === null || fact.module === id) add(fact);
      if (minutes.size >= limit) break;
    }
    const modules = module === null ? this.modulesWithDeletions(limit) : [module];
    for (const name of modules) {
      let left = limit;
      for (const fact of this.deletions(name)) {
        const known = minutes.size;
        add(fact);
        if (minutes.size > known && --left === 0) break;
      }
    }
    return [...minutes].sort((a, b) => b - a).slice(0, limit);
  }

  /** Adds a deletion that the sweep has noticed: `at` is when, so it happened before. */
  addNoticedDeletion(module: string, fact: DeletionFact): void {
    this.flush();
    this.#append(deletionsPrefix(module), [fact], MAX_FACTS.deletions);
  }

  /** Forgets the deletions of versions that R2 has no longer, or will soon not have any more. */
  forgetVersions(bodies: { path: string; version: string }[]): void {
    const ofModules = Map.groupBy(bodies, ({ path }) => moduleOf(documentFromPath(path)) ?? "");
    for (const [module, own] of ofModules) {
      this.#forgetDeletions(module, new Set(own.map(({ version }) => version)));
    }
  }

  #forgetDeletions(module: string, versions: Set<string>): void {
    this.flush();
    for (const [key, row] of [
      ...this.#kv.list<FactRow<DeletionFact>>({ prefix: deletionsPrefix(module) }),
    ]) {
      const facts = row.facts.filter(({ version }) => !versions.has(version));
      if (facts.length === 0) this.#kv.delete(key);
      else if (facts.length < row.facts.length) this.#kv.put(key, { ...row, facts });
    }
  }

  /** Deletes the rows of which all facts are older than `before`, and puts beyond a number of rows. */
  prune(before: number): void {
    for (const [key, { to }] of [
      ...this.#kv.list<FactRow<unknown>>({ prefix: DELETIONS_PREFIX }),
    ]) {
      if (to < before) this.#kv.delete(key);
    }
    let rows = 0;
    for (const [key, { to }] of [
      ...this.#kv.list<FactRow<unknown>>({ prefix: PUTS_PREFIX, reverse: true }),
    ]) {
      if (++rows > MAX_PUT_ROWS || to < before) this.#kv.delete(key);
    }
  }

  /** Adds facts to the last row of a list, or begins another one. */
  #append<Fact extends { at: number }>(prefix: string, facts: Fact[], maxFacts: number): void {
    const [last] = [...this.#kv.list<FactRow<Fact>>({ prefix, reverse: true, limit: 1 })];
    const fits = last !== undefined && last[1].facts.length + facts.length <= maxFacts;
    const all = fits ? [...last[1].facts, ...facts] : facts;
    const times = all.map(({ at }) => at);
    const number = last === undefined ? 0 : Number(last[0].slice(prefix.length)) + (fits ? 0 : 1);
    const row = { from: Math.min(...times), to: Math.max(...times), facts: all };
    this.#kv.put<FactRow<Fact>>(prefix + String(number).padStart(10, "0"), row);
  }

  /** The rows of a list, the latest first; one at a time is in memory. */
  *#rows<Fact>(prefix: string): Generator<FactRow<Fact>, void> {
    let end: string | undefined;
    for (;;) {
      const options = { prefix, reverse: true, limit: 1, ...(end === undefined ? {} : { end }) };
      const [row] = [...this.#kv.list<FactRow<Fact>>(options)];
      if (row === undefined) return;
      yield row[1];
      end = row[0];
    }
  }
}

/** As `documentId`, without waiting: facts are recorded in the order of the commits. */
const idOf = (node: NodePath): string =>
  createHash("sha256").update(formatPath(node)).digest("base64url").slice(0, 22);

/** Stands for a module, whose name may be longer than a key. */
const moduleId = (module: string): string =>
  createHash("sha256").update(module).digest("hex").slice(0, 32);

const deletionsPrefix = (module: string): string => `${DELETIONS_PREFIX}${moduleId(module)}:`;

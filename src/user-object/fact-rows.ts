/** Facts in the storage of an object, many in one row, in the order in which they were recorded. */

import { HOUR_MS } from "../core/time";

/** How facts are packed into a row. A row has at most 2 MB. */
export interface FactFormat<Fact, Packed> {
  /** Facts in one row. */
  maxFacts: number;
  pack: (facts: Fact[]) => Packed;
  unpack: (packed: Packed) => Fact[];
}

/** A row. It is stored under these names. */
export interface FactRow<Packed> {
  /** The times of the first and of the last of its facts, milliseconds since 1970. */
  from: number;
  to: number;
  facts: Packed;
}

/** How far facts may be out of order: some were on their way to D1 longer than others. */
const MAX_DISORDER_MS = HOUR_MS;

/** The rows below a prefix of keys. */
export class FactRows<Fact extends { at: number }, Packed> {
  readonly #kv: DurableObjectStorage["kv"];
  readonly #prefix: string;
  readonly #format: FactFormat<Fact, Packed>;

  constructor(kv: DurableObjectStorage["kv"], prefix: string, format: FactFormat<Fact, Packed>) {
    this.#kv = kv;
    this.#prefix = prefix;
    this.#format = format;
  }

  /** Adds at most `maxFacts` facts to the last row, or begins another one. */
  append(facts: Fact[]): void {
    const { maxFacts, unpack } = this.#format;
    const [last] = [...this.#list({ limit: 1 })];
    const known = last === undefined ? [] : unpack(last[1].facts);
    const fits = known.length + facts.length <= maxFacts;
    const number = last === undefined ? 0 : this.#numberOf(last[0]) + (fits ? 0 : 1);
    this.#put(this.#keyOf(number), fits ? [...known, ...facts] : facts);
  }

  /** The rows with facts since a time, the latest first; one at a time is in memory. */
  *rows(since = 0): Generator<FactRow<Packed>, void> {
    for (const [, row] of this.#entries()) {
      if (row.to < since - MAX_DISORDER_MS) return;
      if (row.to >= since) yield row;
    }
  }

  /** Deletes facts. */
  delete(isDeleted: (fact: Fact) => boolean): void {
    for (const [key, row] of this.#entries()) {
      const all = this.#format.unpack(row.facts);
      const facts = all.filter((fact) => !isDeleted(fact));
      if (facts.length === 0) this.#kv.delete(key);
      else if (facts.length < all.length) this.#put(key, facts);
    }
  }

  /** Deletes the rows of which all facts are older than `before`, and those beyond a number of rows. */
  prune(before: number, maxRows: number): void {
    let rows = 0;
    for (const [key, { to }] of this.#entries()) {
      if (++rows > maxRows || to < before) this.#kv.delete(key);
    }
  }

  *#entries(): Generator<[key: string, FactRow<Packed>], void> {
    let end: string | undefined;
    for (;;) {
      const [entry] = [...this.#list({ limit: 1, ...(end === undefined ? {} : { end }) })];
      if (entry === undefined) return;
      yield entry;
      end = entry[0];
    }
  }

  #list(options: { limit: number; end?: string }): Iterable<[string, FactRow<Packed>]> {
    return this.#kv.list<FactRow<Packed>>({ prefix: this.#prefix, reverse: true, ...options });
  }

  #put(key: string, facts: Fact[]): void {
    const times = facts.map(({ at }) => at);
    const row = { from: Math.min(...times), to: Math.max(...times) };
    this.#kv.put<FactRow<Packed>>(key, { ...row, facts: this.#format.pack(facts) });
  }

  #keyOf(number: number): string {
    return this.#prefix + String(number).padStart(10, "0");
  }

  #numberOf(key: string): number {
    return Number(key.slice(this.#prefix.length));
  }
}

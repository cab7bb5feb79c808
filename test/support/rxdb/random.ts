/** Pseudo-random choices that a seed repeats. */

/** A pseudo-random generator: the same seed gives the same numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to below `limit`. */
  below = (limit: number): number => Math.floor(this.next() * limit);

  /** True with this probability. */
  chance = (probability: number): boolean => this.next() < probability;

  /** One of the items. */
  pick = <T>(items: readonly T[]): T => items[this.below(items.length)] as T;

  /** Up to `atMost` of the items, in random order. */
  sample = <T>(items: readonly T[], atMost = items.length): T[] => {
    const left = [...items];
    const count = this.below(Math.min(atMost, left.length) + 1);
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0] as T);
  };

  /** Up to `atMost` new values. */
  list = <T>(atMost: number, make: () => T): T[] =>
    Array.from({ length: this.below(atMost + 1) }, make);
}

/** Random strings and numbers, odd ones above all. */

import type { Random } from "./random";

// biome-ignore format: one piece after the other
const STRING_PIECES = [
  "a", "b", "B", "ab", "z", "0", "1", "10", "9", "é", "e\u0301", "ß", "日", "\u{1F600}", "\u{10FFFF}",
  "\ud83d", "\ude00", "\ud800", "\udfff", "\uffff", "\ufffe", "\ufffd", "\ufeff", "\ue000", "\u2028",
  "\0", "\x01", "\b", "\t", "\n", "\r", "\x1f", "\x7f", "\x80", "\xa0", "!", "|", "'", '"', "\\", "%", "_",
  "$a", "a.b", "/", "null", "__proto__", "constructor", "-",
];

/** Up to three pieces or spaces; it may begin or end with a space. */
export function oddString(random: Random, maxLength: number): string {
  const pieces = random.list(3, () => (random.chance(0.15) ? " " : random.pick(STRING_PIECES)));
  return pieces.join("").slice(0, maxLength);
}

/** A valid id: neither empty, nor with a space at its beginning or end. */
export function oddId(random: Random, maxLength: number): string {
  const id = oddString(random, maxLength - 1).replace(/^ +| +$/g, "");
  return id || `id${random.below(20)}`;
}

/** The number fields of the schema, by path. */
export const NUMBERS = {
  n: { type: "integer", minimum: 0, maximum: 50, multipleOf: 1 },
  f: { type: "number", minimum: -10, maximum: 10, multipleOf: 0.01 },
  neg: { type: "number", minimum: -1000.5, maximum: -0.5, multipleOf: 0.5 },
  "o.v": { type: "number", minimum: 0, maximum: 1000, multipleOf: 0.1 },
  "o.deep.x": { type: "integer", minimum: -5, maximum: 5, multipleOf: 1 },
} as const;

/** Mostly a number that its schema allows; clients without validation write others too. */
export function oddNumber(random: Random, path: keyof typeof NUMBERS): number {
  const { minimum, maximum, multipleOf } = NUMBERS[path];
  if (random.chance(0.04))
    return random.pick([minimum - 3, maximum + 7, 1e20, -1e20, -0, 0.30000000000000004]);
  const steps = Math.min(random.pick([3, 1e9]), (maximum - minimum) / multipleOf);
  const value = minimum + Math.floor(random.next() * (steps + 1)) * multipleOf;
  return Number(value.toFixed(2));
}

/** Any JSON value. */
export function anyValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => oddString(random, 30),
    () => oddNumber(random, "f"),
    () => random.chance(0.5),
    () => [oddString(random, 3), random.below(3)],
    () => ({ x: random.below(3), [oddString(random, 5)]: null }),
  ])();
}

/** Amounts of bytes as people write them. */

const UNIT_POWERS = { "": 0, b: 0, kb: 1, mb: 2, gb: 3, tb: 4 } as const;

/**
 * The bytes that "5 GB", "1.5 gb", "1,5 GB" or "5000000000" stand for, in powers of a thousand; null
 * if it is no such amount, or more than can be counted exactly.
 */
export function parseByteSize(text: string): number | null {
  const match = /^(\d{1,15})(?:[.,](\d{1,3}))? ?([kmgt]?b?)$/i.exec(text.trim());
  if (match === null) return null;
  const [, whole = "", fraction = "", unit = ""] = match;
  const power = Object.entries(UNIT_POWERS).find(([name]) => name === unit.toLowerCase())?.[1];
  if (power === undefined || (power === 0 && fraction !== "")) return null;
  const bytes = Math.round(Number(`${whole}.${fraction || 0}`) * 1000 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

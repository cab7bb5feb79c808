/** Parses byte sizes such as "1.5 GB". */

const UNIT_POWERS = { "": 0, b: 0, kb: 1, mb: 2, gb: 3, tb: 4 } as const;

/**
 * The number of bytes in "5 GB", "1.5 gb", "1,5 GB" or "5000000000"; units are powers of a thousand.
 * Returns null if the text is not a byte size or exceeds the safe integers, and for "1,000 GB", which is a
 * thousand times as much to some readers as to others.
 */
export function parseByteSize(text: string): number | null {
  const match = /^(\d{1,15})(?:[.,](\d{1,2}))? ?([kmgt]?b?)$/i.exec(text.trim());
  if (match === null) return null;
  const [, whole = "", fraction = "", unit = ""] = match;
  const power = Object.entries(UNIT_POWERS).find(([name]) => name === unit.toLowerCase())?.[1];
  if (power === undefined || (power === 0 && fraction !== "")) return null;
  const bytes = Math.round(Number(`${whole}.${fraction || 0}`) * 1000 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

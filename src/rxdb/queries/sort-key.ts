/** Encodes text so that SQLite sorts it as RxDB does. Pure. */

/** What SQLite would sort differently, or cut off. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is one of them
const MISSORTED = /[\0\x01\ud800-\uffff]/;
const EACH_MISSORTED = new RegExp(MISSORTED, "g");

/**
 * Encodes a text so that SQLite, which compares bytes of UTF-8, sorts it as JavaScript does, which
 * compares code units of UTF-16. The result contains no NUL, at which SQLite's JSON would end it, and
 * no half of a surrogate pair, which UTF-8 cannot encode. Most texts stay as they are.
 */
export const sortableText = (text: string): string =>
  MISSORTED.test(text) ? text.replace(EACH_MISSORTED, encodeUnit) : text;

function encodeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  return code <= 1
    ? `\x01${String.fromCharCode(code + 1)}`
    : String.fromCodePoint(0x10000 + code - 0xd800);
}

/**
 * Encodes an index key in the same way, without the spaces at its end: RxDB pads every text in a key
 * to its full length, so they would be most of it. Keys still have to sort as if padded. So one space
 * stays for all of them: it comes before every printable character and after every control character.
 * Where a control character follows further spaces, these are marked as less than other spaces.
 */
export function sortableKey(paddedKey: string): string {
  let end = paddedKey.length;
  while (paddedKey.charCodeAt(end - 1) === 0x20) end--;
  const key = `${paddedKey.slice(0, end)} `;
  return sortableText(CONTROL.test(key) ? key.replace(BEFORE_CONTROL, markSpace) : key);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters
const CONTROL = /[\0-\x1f]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const BEFORE_CONTROL = / (?= *[\0-\x1f])|\x1f/g;

const markSpace = (unit: string): string => (unit === " " ? "\x1f\x02" : "\x1f\x01");

/** Text as SQLite has to keep it, so that it sorts there as it does in RxDB. Pure. */

/** What SQLite would sort elsewhere, or cut off. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const ODD = /[\0\x01\ud800-\uffff]/;
const EACH_ODD = new RegExp(ODD, "g");

/**
 * Two texts made by this compare in SQLite, byte by byte in UTF-8, as the originals do in JavaScript,
 * code unit by code unit in UTF-16; and none of them contains NUL, where SQLite's JSON would end it,
 * or half of a surrogate pair, which UTF-8 does not have. Most texts stay what they are.
 */
export const sortable = (text: string): string =>
  ODD.test(text) ? text.replace(EACH_ODD, shift) : text;

function shift(unit: string): string {
  const code = unit.charCodeAt(0);
  return code <= 1
    ? `\x01${String.fromCharCode(code + 1)}`
    : String.fromCodePoint(0x10000 + code - 0xd800);
}

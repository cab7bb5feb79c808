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

/**
 * The same for what RxDB has filled up with spaces, as it does with each text of an index: without
 * them at the end, which would be most of it. What is left sorts as if it still had them, so the one
 * space that stays for all of them must come before whatever prints and after whatever does not, also
 * where such a character follows more spaces: these are marked as less than others.
 */
export function sortableKey(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x20) end--;
  const short = `${text.slice(0, end)} `;
  return sortable(CONTROL.test(short) ? short.replace(BEFORE_CONTROL, mark) : short);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const CONTROL = /[\0-\x1f]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const BEFORE_CONTROL = / (?= *[\0-\x1f])|\x1f/g;

const mark = (unit: string): string => (unit === " " ? "\x1f\x02" : "\x1f\x01");

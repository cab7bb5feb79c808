/** The end of a ZIP with more files than the old format can count: APPNOTE 4.3.14 to 4.3.16. */

import { chunksOf, joinBytes, streamOf } from "../streams.js";

const END_BYTES = 22;
const RECORD_BYTES = 56;
const LOCATOR_BYTES = 20;
const END_SIGNATURE = 0x06054b50;
const RECORD_SIGNATURE = 0x06064b50;
const LOCATOR_SIGNATURE = 0x07064b50;

/** From so many files on, the old end only says that there are more. */
const MAX_OLD_FILES = 65_535;

/**
 * The same ZIP, with the ZIP64 records that client-zip writes for long archives only, and not for those of
 * many files.
 * @param {ReadableStream<Uint8Array>} zip
 * @param {() => number} countFiles is called at the end
 */
export const withZip64End = (zip, countFiles) => streamOf(extendEnd(zip, countFiles));

/**
 * @param {ReadableStream<Uint8Array>} zip
 * @param {() => number} countFiles
 */
async function* extendEnd(zip, countFiles) {
  let last = new Uint8Array();
  for await (const chunk of chunksOf(zip)) {
    const bytes = joinBytes([last, chunk]);
    const kept = Math.min(bytes.byteLength, LOCATOR_BYTES + END_BYTES);
    yield bytes.subarray(0, bytes.byteLength - kept);
    last = bytes.slice(bytes.byteLength - kept);
  }
  const start = last.byteLength - END_BYTES;
  const hasLocator =
    start === LOCATOR_BYTES && new DataView(last.buffer).getUint32(0, true) === LOCATOR_SIGNATURE;
  const count = countFiles();
  if (count < MAX_OLD_FILES || hasLocator) {
    yield last;
    return;
  }
  const end = new DataView(last.buffer, start);
  yield last.subarray(0, start);
  yield zip64Records({ count, size: end.getUint32(12, true), offset: end.getUint32(16, true) });
  yield last.subarray(start);
}

/** @typedef {{count: number, size: number, offset: number}} DirectoryFacts of its entries, bytes, and where it begins */

/**
 * The record with the count of files, and its locator.
 * @param {DirectoryFacts} directory
 */
function zip64Records({ count, size, offset }) {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES + LOCATOR_BYTES));
  view.setUint32(0, RECORD_SIGNATURE, true);
  view.setBigUint64(4, BigInt(RECORD_BYTES - 12), true);
  // Made by Unix, and needed to extract: version 4.5.
  view.setUint16(12, 0x032d, true);
  view.setUint16(14, 45, true);
  view.setBigUint64(24, BigInt(count), true);
  view.setBigUint64(32, BigInt(count), true);
  view.setBigUint64(40, BigInt(size), true);
  view.setBigUint64(48, BigInt(offset), true);
  view.setUint32(RECORD_BYTES, LOCATOR_SIGNATURE, true);
  view.setBigUint64(RECORD_BYTES + 8, BigInt(size + offset), true);
  view.setUint32(RECORD_BYTES + 16, 1, true);
  return new Uint8Array(view.buffer);
}

/**
 * All that comes after a directory of any size.
 * @param {DirectoryFacts} directory
 */
export function zip64End(directory) {
  const end = new DataView(new ArrayBuffer(END_BYTES));
  end.setUint32(0, END_SIGNATURE, true);
  // The fields of the old format say that the record has them.
  end.setUint16(8, 0xffff, true);
  end.setUint16(10, 0xffff, true);
  end.setUint32(12, 0xffffffff, true);
  end.setUint32(16, 0xffffffff, true);
  return joinBytes([zip64Records(directory), new Uint8Array(end.buffer)]);
}

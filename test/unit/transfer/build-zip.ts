/** ZIP archives with everything that a hostile one may have, byte by byte. */

import { crc32 } from "node:zlib";

export interface ZipEntry {
  name: string | Uint8Array;
  text?: string;
  /** Compressed bytes, with method 8, instead of the text as it is. */
  deflated?: Uint8Array;
  /** What the headers say, if it is not true. */
  length?: number;
  crc?: number;
  /** The offset of the local header that the directory names. */
  offset?: number;
  /** Bit 11: the name is UTF-8. */
  isUtf8?: boolean;
  isEncrypted?: boolean;
  /** The type and permissions of Unix, such as 0o120777 for a symbolic link. */
  mode?: number;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Builds a ZIP. `count`: how many entries its end says there are. */
export function buildZip(entries: ZipEntry[], count = entries.length): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = typeof entry.name === "string" ? encode(entry.name) : entry.name;
    const text = encode(entry.text ?? "");
    const bytes = entry.deflated ?? text;
    const local = header(0x04034b50, 30, entry, name, bytes, text);
    const central = header(0x02014b50, 46, entry, name, bytes, text);
    const view = new DataView(central.buffer);
    view.setUint32(38, (entry.mode ?? 0o100644) * 0x10000, true);
    view.setUint32(42, entry.offset ?? offset, true);
    parts.push(local, name, bytes);
    directory.push(central, name);
    offset += local.byteLength + name.byteLength + bytes.byteLength;
  }
  const end = new DataView(new ArrayBuffer(22));
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, count, true);
  end.setUint16(10, count, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return concat([...parts, ...directory, new Uint8Array(end.buffer)]);
}

/** A local header, or one of the directory: the fields that both have are in the same order. */
function header(
  signature: number,
  size: number,
  { isUtf8 = true, isEncrypted = false, deflated, length, crc }: ZipEntry,
  name: Uint8Array,
  bytes: Uint8Array,
  text: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(size));
  const isCentral = size === 46;
  view.setUint32(0, signature, true);
  // Made by Unix, so that the mode counts.
  if (isCentral) view.setUint16(4, 0x0314, true);
  const start = isCentral ? 6 : 4;
  view.setUint16(start, 20, true);
  view.setUint16(start + 2, (isUtf8 ? 0x800 : 0) | (isEncrypted ? 1 : 0), true);
  view.setUint16(start + 4, deflated ? 8 : 0, true);
  view.setUint32(start + 6, 0x5c210000, true);
  view.setUint32(start + 10, crc ?? crc32(text), true);
  view.setUint32(start + 14, bytes.byteLength, true);
  view.setUint32(start + 18, length ?? text.byteLength, true);
  view.setUint16(start + 22, name.byteLength, true);
  return new Uint8Array(view.buffer);
}

/** The bytes of several parts, one after another. */
export function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

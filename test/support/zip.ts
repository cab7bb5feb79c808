/** Reads a ZIP archive of uncompressed files, strictly. */

export interface ZipFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Milliseconds since 1970, to two seconds. */
  modified: number;
}

/** The files of an archive, in its order. Throws if the archive is damaged. */
export function unzip(archive: Uint8Array<ArrayBuffer>): ZipFile[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.byteLength - 22;
  expectSignature(view, end, 0x06054b50);
  const count = view.getUint16(end + 10, true);
  const files: ZipFile[] = [];
  let entry = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    expectSignature(view, entry, 0x02014b50);
    const isUtf8 = (view.getUint16(entry + 8, true) & 0x800) !== 0;
    const method = view.getUint16(entry + 10, true);
    if (!isUtf8 || method !== 0) throw new Error(`File ${i} has other flags or another method.`);
    const length = view.getUint32(entry + 20, true);
    const nameLength = view.getUint16(entry + 28, true);
    const extraLength = view.getUint16(entry + 30, true);
    const local = view.getUint32(entry + 42, true);
    const name = textOf(archive, entry + 46, nameLength);
    expectSignature(view, local, 0x04034b50);
    if (textOf(archive, local + 30, view.getUint16(local + 26, true)) !== name) {
      throw new Error(`The local header of ${name} has another name.`);
    }
    const start = local + 30 + nameLength + view.getUint16(local + 28, true);
    const bytes = archive.slice(start, start + length);
    if (crc32(bytes) !== view.getUint32(entry + 16, true))
      throw new Error(`The checksum of ${name} is wrong.`);
    files.push({ name, bytes, modified: dosTime(view, entry + 12) });
    entry += 46 + nameLength + extraLength;
  }
  if (entry !== end) throw new Error("The directory does not end where the archive does.");
  return files;
}

function expectSignature(view: DataView, at: number, signature: number): void {
  if (view.getUint32(at, true) !== signature) throw new Error(`No signature at ${at}.`);
}

const textOf = (archive: Uint8Array, start: number, length: number): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    archive.subarray(start, start + length),
  );

function dosTime(view: DataView, at: number): number {
  const [time, date] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
  return Date.UTC(
    1980 + (date >> 9),
    ((date >> 5) & 15) - 1,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  );
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (TABLE[(sum ^ byte) & 255] as number) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

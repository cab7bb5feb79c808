/** Documents for archives, and the archives themselves. */

import fc from "fast-check";
import { writeArchive } from "../../../transfer/archive/write.js";

export interface TestDocument {
  path: string;
  type: string;
  bytes: Uint8Array;
}

const NOW = new Date("2026-11-29T12:00:00Z");

/** Names that are hard for some file system, for BagIt or for our own escapes. */
const HARD_NAMES = [
  ...[
    "CON",
    "nul.txt",
    "a:b",
    "C:",
    "b\\c",
    "a.",
    "a ",
    "...",
    '*?<>|"',
    "%41",
    "100%",
    "=41",
    "=~",
    "=",
  ],
  ...["é", "e\u0301", "É", "a", "A", "ß", "SS", "new\nline", "tab\t", "\u0001", "😀", "\u202e"],
  ...["000_folder-description.json", "bagit.txt", "__proto__", "constructor", ".hidden", "~"],
  ...["x".repeat(255), "x".repeat(256), "é".repeat(200), ":".repeat(200)],
];

const name = fc.oneof(
  fc.constantFrom(...HARD_NAMES),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 5 })
    .filter((text) => !/[/\0]/.test(text) && text !== "." && text !== ".." && text.isWellFormed()),
);

/** Any documents that a storage can have, folder by folder. */
export const documentsArbitrary: fc.Arbitrary<TestDocument[]> = fc
  .array(
    fc.record({
      path: fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join("/")}`),
      type: fc.constantFrom("text/plain", "application/json; charset=UTF-8", 'a/b; x="\\""'),
      bytes: fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes)),
    }),
    { maxLength: 12 },
  )
  .map(withoutClashes);

/** No document twice, and none at the path of a folder; sorted as a walk reads them. */
function withoutClashes(documents: TestDocument[]): TestDocument[] {
  const kept: TestDocument[] = [];
  for (const document of documents) {
    const clashes = kept.some(
      ({ path }) =>
        path === document.path ||
        path.startsWith(`${document.path}/`) ||
        document.path.startsWith(`${path}/`),
    );
    if (!clashes) kept.push(document);
  }
  const segments = ({ path }: TestDocument): string[] => path.split("/");
  return kept.sort((a, b) => {
    const [left, right] = [segments(a), segments(b)];
    const index = left.findIndex((part, i) => part !== right[i]);
    return (left[index] as string) < (right[index] as string) ? -1 : 1;
  });
}

/** An archive of documents, whose ETags are numbers and whose time is NOW. */
export async function archiveOf(documents: TestDocument[]): Promise<Uint8Array<ArrayBuffer>> {
  async function* entries() {
    for (const [index, { path, type, bytes }] of documents.entries()) {
      const body = new Blob([new Uint8Array(bytes)]).stream();
      const facts = { path, type, etag: String(index), modified: NOW.getTime(), body };
      yield { kind: "document" as const, ...facts };
    }
  }
  const info = { address: "alice@example.com", modules: [], now: NOW };
  return new Uint8Array(await new Response(writeArchive(entries(), info)).arrayBuffer());
}

/** Reads sources of an import from bytes in memory. */

import { FileList } from "../../../transfer/sources/file-tree.js";
import { openSource } from "../../../transfer/sources/source.js";
import { openZip } from "../../../transfer/sources/zip-tree.js";

/** The files of a ZIP in memory. */
export const zipTree = (bytes: Uint8Array, maxDirectoryBytes?: number) =>
  openZip(
    {
      size: bytes.byteLength,
      read: async (offset, length) => bytes.slice(offset, offset + length),
      close: async () => {},
    },
    maxDirectoryBytes,
  );

/** Files as a tree. */
export function fileTree(files: Record<string, string>) {
  const tree = new FileList(async (_, name) => {
    const bytes = new TextEncoder().encode(files[name]);
    const open = async () => new Blob([bytes]).stream();
    return { name, length: bytes.byteLength, modified: null, open };
  });
  for (const name of Object.keys(files)) tree.add(name);
  return tree;
}

type Tree = Parameters<typeof openSource>[0];

export interface ReadDocument {
  path: string;
  type: string;
  text: string;
}

/**
 * Reads all documents of a source. `omitted`: files that a system has added. What is refused, when it is listed or when it is read, is in `refused` with
 * its code.
 */
export async function readSource(tree: Tree) {
  const { format, documents } = await openSource(tree);
  const read: ReadDocument[] = [];
  const refused: [name: string, code: string][] = [];
  const omitted: string[] = [];
  for await (const document of documents) {
    if ("isSystemFile" in document) {
      omitted.push(document.path);
      continue;
    }
    if ("refusal" in document) {
      refused.push([document.path, document.refusal.code]);
      continue;
    }
    const { path, type, open } = document;
    try {
      read.push({ path, type, text: await new Response(await open()).text() });
    } catch (error) {
      refused.push([path, (error as { code: string }).code]);
    }
  }
  return { format, read, refused, omitted };
}

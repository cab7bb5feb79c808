/** Archives of bounded size: each is whole, and together they have everything. */

import { describe, expect, it } from "vitest";
import { writeParts } from "../../../transfer/archive/parts.js";
import { unzip } from "../../support/zip";

type Entry = Parameters<typeof writeParts>[0] extends AsyncIterable<infer One> ? One : never;

const document = (path: string, bytes: number): Entry => ({
  kind: "document",
  path,
  type: "text/plain",
  etag: "1",
  modified: null,
  body: new Blob(["x".repeat(bytes)]).stream(),
});

const change = (path: string): Entry => ({ kind: "change", path, listed: "1", archived: "2" });

async function* asEntries(entries: Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}

/** Writes all parts. Returns the documents and the changes that each has. */
async function partsOf(entries: Entry[], maxBytes: number) {
  const info = { address: "alice@example.com", modules: [], now: new Date(0) };
  const parts = [];
  for await (const { archive, last, isLast } of writeParts(asEntries(entries), info, maxBytes)) {
    const files = unzip(new Uint8Array(await new Response(archive).arrayBuffer()));
    const lines = (name: string) => {
      const file = files.find((one) => one.name.endsWith(`satchel/${name}.jsonl`));
      const text = new TextDecoder().decode(file?.bytes);
      return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).path]));
    };
    const isWhole = files.some(({ name }) => name.endsWith("/tagmanifest-sha256.txt"));
    expect(isWhole).toBe(true);
    parts.push({ documents: lines("documents"), changes: lines("changes"), last: last() });
    expect(isLast()).toBe(parts.flatMap(({ documents }) => documents).length === countOf(entries));
  }
  return parts;
}

const countOf = (entries: Entry[]): number =>
  entries.filter(({ kind }) => kind === "document").length;

describe("An export in parts", () => {
  it("has one part if everything fits", async () => {
    const entries = [document("/a/1", 10), document("/a/2", 10)];
    const parts = await partsOf(entries, 1_000_000);
    expect(parts).toEqual([{ documents: ["/a/1", "/a/2"], changes: [], last: "/a/2" }]);
  });

  it("ends a part with the document with which it is full, and what was changed of it", async () => {
    const entries = [
      document("/a/1", 10),
      document("/a/2", 5000),
      change("/a/2"),
      document("/b/3", 5000),
      document("/b/4", 10),
    ];
    expect(await partsOf(entries, 4000)).toEqual([
      { documents: ["/a/1", "/a/2"], changes: ["/a/2"], last: "/a/2" },
      { documents: ["/b/3"], changes: [], last: "/b/3" },
      { documents: ["/b/4"], changes: [], last: "/b/4" },
    ]);
  });

  it("has a document in each part, however small that is", async () => {
    const parts = await partsOf([document("/a/1", 10), document("/a/2", 0)], 1);
    expect(parts.map(({ documents }) => documents)).toEqual([["/a/1"], ["/a/2"]]);
  });

  it("says how far the documents have come, also with a part that has only databases", async () => {
    const database = (collection: string): Entry[] => [
      {
        kind: "collection",
        name: { module: "todos", database: "list", collection, version: 0 },
        schema: "{}",
        primaryPath: "id",
        hasAttachments: false,
      },
      {
        kind: "batch",
        documents: [{ id: "1", json: "{}", attachments: [] }],
        isChange: false,
        readAttachment: async () => null,
      },
    ];
    const entries = asEntries([document("/a/1", 10), ...database("x"), ...database("y")]);
    const info = { address: "alice@example.com", modules: [], now: new Date(0) };
    const positions = [];
    for await (const { archive, last } of writeParts(entries, { ...info, hasDatabases: true }, 1)) {
      await new Response(archive).arrayBuffer();
      positions.push(last());
    }
    expect(positions).toEqual(["/a/1", "/a/1", "/a/1"]);
  });

  it("is one empty archive if there is nothing", async () => {
    expect(await partsOf([], 1)).toEqual([{ documents: [], changes: [], last: null }]);
  });
});

/** The archive: a valid bag, from which every document comes back as it was. */

import { createHash } from "node:crypto";
import { makeZip } from "client-zip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeName, unescapeName } from "../../../transfer/archive/names.js";
import { withZip64End } from "../../../transfer/archive/zip64.js";
import { importDocuments } from "../../../transfer/import.js";
import { openSource } from "../../../transfer/sources/source.js";
import { StorageClient } from "../../../transfer/storage.js";
import { unzip } from "../../support/zip";
import golden from "./archive-1.golden.json";
import { archiveOf, documentsArbitrary } from "./archive-documents";
import { buildZip, concat } from "./build-zip";
import { checkBag } from "./check-bag";
import { fileTree, readSource, zipTree } from "./sources";

const RUNS = { numRuns: 60 };

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The text of each file of an archive. */
const filesOf = (archive: Uint8Array<ArrayBuffer>): Record<string, string> =>
  Object.fromEntries(unzip(archive).map(({ name, bytes }) => [name, textOf(bytes)]));

const documents = [
  { path: "/a: b.txt", type: "text/plain", bytes: new TextEncoder().encode("one") },
  { path: "/notes/A", type: "application/json; x=1", bytes: new TextEncoder().encode("{}") },
  { path: "/notes/a", type: "text/plain", bytes: new Uint8Array() },
  { path: "/public/notes/000_folder-description.json", type: "a/b", bytes: new Uint8Array([65]) },
];

describe("An archive", () => {
  it("brings back every path, type and byte", async () => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, async (documents) => {
        const { format, read, refused } = await readSource(
          await zipTree(await archiveOf(documents)),
        );
        expect({ format, refused }).toEqual({ format: "archive", refused: [] });
        const expected = documents.map(({ path, type, bytes }) => ({
          path,
          type,
          text: textOf(bytes),
        }));
        expect(read).toEqual(expected);
      }),
      RUNS,
    );
  });

  it("RFC 8493 §3 is a valid bag", async () => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, async (documents) => {
        expect(checkBag(unzip(await archiveOf(documents)))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("has names that every file system takes, and none takes for the same", async () => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, async (documents) => {
        const names = unzip(await archiveOf(documents)).map(({ name }) => name);
        const folded = names.map((name) => name.normalize("NFC").toUpperCase());
        expect(new Set(folded).size).toBe(names.length);
        for (const part of names.flatMap((name) => name.split("/"))) {
          expect(part).not.toMatch(
            /[\p{Cc}"*:<>?\\|%]|[. ]$|^(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?:\.|$)/iu,
          );
          expect(new TextEncoder().encode(part).byteLength).toBeLessThanOrEqual(255);
        }
      }),
      RUNS,
    );
  });

  it("unzipped, its documents are a backup that rs-backup could have made", async () => {
    const files = filesOf(await archiveOf(documents));
    const prefix = "satchel-alice@example.com-2026-11-29/data/documents/";
    const backup = Object.fromEntries(
      Object.entries(files).flatMap(([name, text]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), text]] : [],
      ),
    );
    expect(JSON.parse(backup["000_folder-description.json"] ?? "")).toEqual({
      "@context": "http://remotestorage.io/spec/folder-description",
      items: {
        "a: b.txt": {
          ETag: "0",
          "Content-Type": "text/plain",
          "Content-Length": 3,
          "Last-Modified": "Sun, 29 Nov 2026 12:00:00 GMT",
        },
        "notes/": {},
        "public/": {},
      },
    });
    const { format, read } = await readSource(fileTree(backup));
    expect(format).toBe("rs-backup");
    expect(read.map(({ path, type }) => [path, type])).toContainEqual([
      "/notes/A",
      "application/json; x=1",
    ]);
  });

  it("is the same, byte for byte, as version 1 was written from the beginning", async () => {
    expect(filesOf(await archiveOf(documents))).toEqual(golden);
  });

  it("of version 1 will always be read", async () => {
    const { read, refused } = await readSource(fileTree(golden));
    expect(refused).toEqual([]);
    expect(read.map(({ path, type, text }) => [path, type, text])).toEqual(
      documents.map(({ path, type, bytes }) => [path, type, textOf(bytes)]),
    );
  });

  it("of another version, or a bag of somebody else, is refused", async () => {
    const info = "satchel-alice@example.com-2026-11-29/bag-info.txt" as keyof typeof golden;
    const later = { ...golden, [info]: golden[info].replace("Version: 1", "Version: 3") };
    await expect(readSource(fileTree(later))).rejects.toMatchObject({ code: "unknown-format" });
    const foreign = { ...golden, [info]: "Source-Organization: X\n" };
    await expect(readSource(fileTree(foreign))).rejects.toMatchObject({ code: "unknown-format" });
  });

  it("that is cut off anywhere is no archive", async () => {
    const archive = await archiveOf(documents);
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const part = archive.slice(0, Math.floor(archive.byteLength * share));
      await expect(zipTree(part)).rejects.toMatchObject({ code: "malformed" });
    }
    await expect(zipTree(concat([]))).rejects.toMatchObject({ code: "malformed" });
  });

  it("refuses the document that does not have its digest, and no other", async () => {
    const name = Object.keys(golden).find((one) => one.endsWith("/notes/A")) as keyof typeof golden;
    const source = await openSource(fileTree({ ...golden, [name]: "[]" }));
    const puts: string[] = [];
    const fetch = async (url: string, { method }: RequestInit) => {
      if (method !== "PUT") return Response.json({ items: {} });
      puts.push(new URL(url).pathname);
      return new Response(null, { status: 201 });
    };
    const storage = new StorageClient({ root: "https://example.com", network: { fetch } });
    const refused: unknown[] = [];
    const results = importDocuments(source.documents, storage, { onConflict: "keep" });
    for await (const { path, error } of results) if (error) refused.push([path, error.code]);
    expect(refused).toEqual([["/notes/A", "damaged"]]);
    expect(puts.toSorted()).toEqual([
      "/a%3A%20b.txt",
      "/notes/a",
      "/public/notes/000_folder-description.json",
    ]);
  });

  it("whose own list was changed is refused as a whole", async () => {
    const name = Object.keys(golden).find((one) =>
      one.endsWith("documents.jsonl"),
    ) as keyof typeof golden;
    const changed = fileTree({ ...golden, [name]: golden[name].replace("/notes/", "/other/") });
    await expect(readSource(changed)).rejects.toMatchObject({ code: "damaged" });
  });

  it.each([
    ["of an ordinary name", "/notes/A", "data/documents/a=3A b.txt"],
    ["of an escaped name", "/a: b.txt", "data/documents/notes/A"],
  ])("refuses the second line for the path %s", async (_, path, file) => {
    const names = Object.keys(golden) as (keyof typeof golden)[];
    const [list, tags] = ["documents.jsonl", "tagmanifest-sha256.txt"].map((end) =>
      names.find((name) => name.endsWith(end)),
    ) as [keyof typeof golden, keyof typeof golden];
    const line = { path, file, type: "a/b", etag: "1", length: 1, modified: null };
    const lines = `${golden[list]}${JSON.stringify(line)}\n`;
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const manifest = golden[tags].replace(sha256(golden[list]), sha256(lines));
    const source = await readSource(fileTree({ ...golden, [list]: lines, [tags]: manifest }));
    expect(source.refused).toEqual([[path, "malformed"]]);
    expect(source.read).toHaveLength(documents.length);
  });

  it("in a ZIP that has its declaration twice is refused as a whole", async () => {
    const name = Object.keys(golden).find((one) => one.endsWith("/bagit.txt")) as string;
    const entries = Object.entries({ ...golden }).map(([name, text]) => ({ name, text }));
    const tree = await zipTree(buildZip([...entries, { name, text: "another" }]));
    await expect(openSource(tree)).rejects.toMatchObject({ code: "duplicate" });
  });

  it("reports files that its list does not know", async () => {
    const extra = "satchel-alice@example.com-2026-11-29/data/databases/x.jsonl";
    const { read, refused } = await readSource(fileTree({ ...golden, [extra]: "{}" }));
    expect(refused).toEqual([[extra, "unlisted"]]);
    expect(read).toHaveLength(documents.length);
  });
});

describe("An archive of more files than the old format can count", () => {
  it("APPNOTE 4.3.14 has a ZIP64 end before the old one", async () => {
    const end = async (count: number) => {
      const zip = withZip64End(makeZip([{ name: "a", input: "text" }]), () => count);
      const bytes = new Uint8Array(await new Response(zip).arrayBuffer());
      return new DataView(bytes.buffer, bytes.byteLength - 98);
    };
    const [old, view] = [await end(65_534), await end(65_535)];
    // The 76 bytes before the old end are those of the only file.
    expect(old.getUint32(0, true)).not.toBe(0x06064b50);
    expect(view.getUint32(0, true)).toBe(0x06064b50);
    expect([view.getBigUint64(24, true), view.getBigUint64(32, true)]).toEqual([65_535n, 65_535n]);
    expect(view.getBigUint64(40, true)).toBe(BigInt(view.getUint32(76 + 12, true)));
    expect(view.getBigUint64(48, true)).toBe(BigInt(view.getUint32(76 + 16, true)));
    // The locator names the place of the record.
    expect(view.getUint32(56, true)).toBe(0x07064b50);
    expect(view.getBigUint64(64, true)).toBe(BigInt(view.byteOffset));
  });
});

describe("An escaped name", () => {
  it("stands for one name only", () => {
    const anyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
    const hardName = fc
      .array(fc.constantFrom("=", "4", "1", "A", "~", ":", "%", ".", " ", "CON", "é"), {
        minLength: 1,
        maxLength: 6,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(anyName, hardName), (name) => {
        expect(unescapeName(escapeName(name))).toBe(name);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["a.txt", "a.txt"],
    ["ä = 1", "ä = 1"],
    ["a:b", "a=3Ab"],
    ["100%", "100=25"],
    ["=41", "=3D41"],
    ["CON", "=43ON"],
    ["con.txt", "=63on.txt"],
    ["a.", "a=2E"],
    ["000_folder-description.json", "=3000_folder-description.json"],
  ])("of %s is %s", (name, escaped) => {
    expect(escapeName(name)).toBe(escaped);
  });
});

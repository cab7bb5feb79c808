/** Where documents may come from, and what hostile archives get refused. */

import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openZip } from "../../../transfer/sources/zip-tree.js";
import { unzip } from "../../support/zip";
import { archiveOf } from "./archive-documents";
import { buildZip, concat, type ZipEntry } from "./build-zip";
import { fileTree, readSource, zipTree } from "./sources";

const readZip = async (entries: ZipEntry[]) => readSource(await zipTree(buildZip(entries)));

const GOOD = { name: "notes/good.txt", text: "good" };
const GOOD_DOCUMENT = { path: "/notes/good.txt", type: "text/plain", text: "good" };

describe("A source", () => {
  it("of plain files has them at their paths, with the types of their names", async () => {
    const { format, read, refused } = await readZip([
      GOOD,
      { name: "photo.jpg", text: "x" },
      { name: "no-type", text: "x" },
    ]);
    expect(format).toBe("files");
    expect(read.map(({ path, type }) => [path, type])).toEqual([
      ["/notes/good.txt", "text/plain"],
      ["/photo.jpg", "image/jpeg"],
      ["/no-type", "application/octet-stream"],
    ]);
    expect(refused).toEqual([]);
  });

  it("that the Finder or Windows has made leaves out what they add, and nothing else", async () => {
    const resourceFork = "\0\u0005\u0016\u0007 of AppleDouble";
    const { read, refused, omitted } = await readZip([
      GOOD,
      { name: "__MACOSX/notes/._good.txt", text: resourceFork },
      { name: "__MACOSX/notes/link", text: "/etc", mode: 0o120777 },
      { name: "notes/._good.txt", text: resourceFork },
      { name: "notes/._mine", text: "a document of this name" },
      { name: "notes/.DS_Store", text: "x" },
      { name: "photos/Thumbs.db", text: "x" },
      { name: "photos/Desktop.ini", text: "x" },
      { name: "photos/my desktop.ini.txt", text: "mine" },
    ]);
    expect(read.map(({ path }) => path)).toEqual([
      "/notes/good.txt",
      "/notes/._mine",
      "/photos/my desktop.ini.txt",
    ]);
    expect({ refused, omitted: omitted.length }).toEqual({ refused: [], omitted: 6 });
  });

  it("that lists a document of such a name has it, also if the Finder has made the ZIP anew", async () => {
    const paths = ["/notes/.DS_Store", "/photos/Thumbs.db", "/__MACOSX/._a"];
    const bytes = new TextEncoder().encode("mine");
    const files = unzip(
      await archiveOf(paths.map((path) => ({ path, type: "text/x", bytes }))),
    ).map((file) => ({ name: file.name, text: new TextDecoder().decode(file.bytes) }));
    const [base = ""] = /^[^/]+\//.exec(files[0]?.name ?? "") ?? [];
    const { format, read, refused, omitted } = await readZip([
      { name: ".DS_Store", text: "x" },
      ...files,
      { name: `${base}data/.DS_Store`, text: "x" },
      { name: `__MACOSX/${base}._bagit.txt`, text: "x" },
    ]);
    expect({ format, refused, omitted: omitted.length }).toEqual({
      format: "archive",
      refused: [],
      omitted: 3,
    });
    expect(read.map(({ path, text }) => [path, text]).sort()).toEqual(
      paths.map((path) => [path, "mine"]).sort(),
    );
  });

  it("is recognised as a backup of rs-backup in a ZIP of the Finder, and keeps what its listings name", async () => {
    const items = { "Thumbs.db": { ETag: "1" }, "a.txt": { ETag: "2", "Content-Type": "text/x" } };
    const { format, read, refused, omitted } = await readZip([
      { name: "__MACOSX/._backup", text: "x" },
      { name: "backup/000_folder-description.json", text: JSON.stringify({ items }) },
      { name: "backup/Thumbs.db", text: "mine" },
      { name: "backup/a.txt", text: "a" },
      { name: "backup/.DS_Store", text: "x" },
    ]);
    expect({ format, refused, omitted: omitted.length }).toEqual({
      format: "rs-backup",
      refused: [],
      omitted: 2,
    });
    expect(read.map(({ path }) => path)).toEqual(["/Thumbs.db", "/a.txt"]);
  });

  it("is an export of Satchel from before, with its list and its changes", async () => {
    const list = [
      { path: "/a\\b", file: "a%5Cb", "Content-Type": "x/old", ETag: '"1"' },
      { path: "/notes/gone", "Content-Type": "x/y", ETag: '"2"' },
      { path: "/notes/missing", "Content-Type": "x/y", ETag: '"3"' },
      { path: "/../evil", "Content-Type": "x/y", ETag: '"4"' },
    ];
    const changes = [
      { path: "/a\\b", "Content-Type": "x/new", ETag: '"5"' },
      { path: "/notes/gone", gone: true },
    ];
    const { format, read, refused } = await readSource(
      fileTree({
        "satchel-export.json": JSON.stringify({ documents: list }),
        "satchel-export-changes.json": JSON.stringify({ documents: changes }),
        "a%5Cb": "text",
        extra: "x",
      }),
    );
    expect({ format, read }).toEqual({
      format: "export",
      read: [{ path: "/a\\b", type: "x/new", text: "text" }],
    });
    expect(refused).toEqual([
      ["/notes/missing", "missing"],
      ["/../evil", "malformed"],
      ["extra", "unlisted"],
    ]);
  });

  it("is a backup of rs-backup, whose ETags may have quotes, in its own folder or not", async () => {
    const files = {
      "000_folder-description.json": JSON.stringify({
        items: {
          "notes/": { ETag: '"1"' },
          "a.txt": { ETag: "2", "Content-Type": "text/x", "Content-Length": 1 },
          "never-written": { ETag: "3", "Content-Type": "text/x" },
        },
      }),
      "notes/000_folder-description.json": JSON.stringify({
        items: { b: { ETag: '"4"', "Content-Type": "text/y" } },
      }),
      "a.txt": "1",
      "notes/b": "2",
      "notes/added-by-hand.html": "3",
    };
    const expected = [
      { path: "/a.txt", type: "text/x", text: "1" },
      { path: "/notes/added-by-hand.html", type: "text/html", text: "3" },
      { path: "/notes/b", type: "text/y", text: "2" },
    ];
    for (const base of ["", "backup/"]) {
      const moved = Object.fromEntries(
        Object.entries(files).map(([name, text]) => [base + name, text]),
      );
      const { format, read, refused } = await readSource(fileTree(moved));
      expect({ format, refused }).toEqual({ format: "rs-backup", refused: [] });
      expect(read.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(expected);
    }
  });

  it("is the folder of documents of an unzipped archive, with names that were escaped", async () => {
    const paths = ["/A:/x", "/a:/x", "/notes/A", "/notes/a", `/${"é".repeat(200)}/b?`];
    const documents = paths.map((path) => ({
      path,
      type: "text/x",
      bytes: new TextEncoder().encode(path),
    }));
    const folder = Object.fromEntries(
      unzip(await archiveOf(documents)).flatMap(({ name, bytes }) => {
        const [, file] = /\/data\/documents\/(.*)$/s.exec(name) ?? [];
        return file === undefined ? [] : [[file, new TextDecoder().decode(bytes)]];
      }),
    );
    const { read, refused } = await readSource(fileTree(folder));
    expect(refused).toEqual([]);
    expect(read.map(({ path, text }) => [path, text])).toEqual(paths.map((path) => [path, path]));
  });
});

describe("In a hostile ZIP only the entry is refused", () => {
  it.each([
    ["../evil", "bad-name"],
    ["notes/../../evil", "bad-name"],
    ["..\\evil", "bad-name"],
    ["/etc/passwd", "bad-name"],
    ["C:\\evil", "bad-name"],
    ["c:/evil", "bad-name"],
    ["\\\\host\\share", "bad-name"],
    ["notes//evil", "bad-name"],
    ["./evil", "bad-name"],
    ["evil\0.txt", "bad-name"],
  ])("whose name is %j", async (name, code) => {
    const { read, refused } = await readZip([GOOD, { name, text: "evil" }]);
    expect({ read, refused }).toEqual({ read: [GOOD_DOCUMENT], refused: [[name, code]] });
  });

  it.each<[string, ZipEntry, string]>([
    ["that is a symbolic link", { name: "evil", text: "/etc", mode: 0o120777 }, "link"],
    ["that is encrypted", { name: "evil", text: "x", isEncrypted: true }, "encrypted"],
    ["whose checksum is wrong", { name: "evil", text: "x", crc: 1 }, "damaged"],
    ["that is longer than it says", { name: "evil", text: "long", length: 2 }, "damaged"],
    [
      "that unpacks to more than it says",
      { name: "evil", deflated: deflateRawSync(new Uint8Array(50_000_000)), length: 100 },
      "damaged",
    ],
    [
      "that is a bomb by its ratio",
      { name: "evil", deflated: deflateRawSync(new Uint8Array(50_000_000)), length: 50_000_000 },
      "bomb",
    ],
    [
      "whose compressed bytes are none",
      { name: "evil", deflated: new Uint8Array([255, 255, 255]), length: 9 },
      "damaged",
    ],
    ["whose bytes are outside", { name: "evil", text: "x", offset: 900_000 }, "damaged"],
  ])("%s", async (_, evil, code) => {
    const { read, refused } = await readZip([GOOD, evil]);
    expect(read).toEqual([GOOD_DOCUMENT]);
    expect(refused.map(([name, code]) => [name.replace(/^\//, ""), code])).toEqual([
      ["evil", code],
    ]);
  });

  it("that is there twice", async () => {
    const { read, refused } = await readZip([
      { name: "evil", text: "1" },
      GOOD,
      { name: "evil", text: "2" },
    ]);
    expect(read).toEqual([GOOD_DOCUMENT]);
    expect(refused).toEqual([
      ["evil", "duplicate"],
      ["evil", "duplicate"],
    ]);
  });

  it("that shares its bytes with another", async () => {
    const { read, refused } = await readZip([
      { name: "kernel", text: "quoted" },
      { name: "evil", text: "quoted", offset: 10 },
      GOOD,
    ]);
    expect(read).toEqual([GOOD_DOCUMENT]);
    expect(refused.map(([name, code]) => [name, code])).toEqual([
      ["kernel", "overlapping"],
      ["evil", "overlapping"],
    ]);
  });

  it("while archives inside it are documents, and are not unpacked", async () => {
    const inner = new TextDecoder("latin1").decode(buildZip([GOOD]));
    const { read } = await readZip([{ name: "inner.zip", text: inner }]);
    expect(read).toEqual([{ path: "/inner.zip", type: "application/zip", text: inner }]);
  });
});

describe("A ZIP of many files", () => {
  const names = Array.from({ length: 3000 }, (_, at) => (at % 7 === 0 ? `${at}/` : `notes/${at}`));
  const bytes = buildZip(names.map((name) => ({ name, text: name.endsWith("/") ? "" : name })));
  const files = names.filter((name) => !name.endsWith("/"));

  it.each([
    ["alone", 0],
    ["behind a program that unpacks it", 5000],
  ])("%s has each of them, in any order", async (_, prefixBytes) => {
    const tree = await zipTree(concat([new Uint8Array(prefixBytes), bytes]));
    expect(tree.size).toBe(files.length);
    for (const name of files.toReversed().filter((_, at) => at % 50 === 0)) {
      const file = await tree.fileAt(tree.indexOf(name));
      if ("refusal" in file) throw file.refusal;
      expect(await new Response(await file.open()).text()).toBe(name);
    }
  });

  it("is read again only around the file that is needed", async () => {
    let read = 0;
    const source = {
      size: bytes.byteLength,
      read: async (offset: number, length: number) => {
        read += length;
        return bytes.slice(offset, offset + length);
      },
      close: async () => {},
    };
    const tree = await openZip(source);
    read = 0;
    for (const name of files.slice(0, 100)) await tree.fileAt(tree.indexOf(name));
    expect(read).toBeLessThan(bytes.byteLength / 2);
  });

  it("of which one is another by now has it damaged", async () => {
    const changing = bytes.slice();
    const tree = await zipTree(changing);
    changing.set(new TextEncoder().encode("others"), bytes.byteLength - 22 - "notes/2999".length);
    expect(await tree.fileAt(tree.size - 1)).toMatchObject({ refusal: { code: "damaged" } });
    expect(await tree.fileAt(0)).toMatchObject({ name: files[0] });
  });
});

describe("Names in a ZIP", () => {
  it("are UTF-8, also without the flag, and otherwise CP437", async () => {
    const { read } = await readZip([
      { name: "ö", isUtf8: false },
      { name: new Uint8Array([0x84]), isUtf8: false },
    ]);
    expect(read.map(({ path }) => path)).toEqual(["/ö", "/ä"]);
  });
});

describe("A ZIP as a whole is refused", () => {
  it.each([
    ["without bytes", new Uint8Array()],
    ["that is none", new TextEncoder().encode("no archive at all, but long enough to be one")],
    ["whose end says that there are more entries", buildZip([GOOD], 60_000)],
  ])("%s", async (_, bytes) => {
    await expect(zipTree(bytes)).rejects.toMatchObject({ code: "malformed" });
  });

  it("whose directory is longer than the memory for it, before it is read", async () => {
    const bytes = buildZip(Array.from({ length: 2000 }, (_, at) => ({ name: `notes/${at}` })));
    await expect(zipTree(bytes, 100_000)).rejects.toMatchObject({ code: "too-many" });
    expect((await zipTree(bytes, 200_000)).size).toBe(2000);
  });
});

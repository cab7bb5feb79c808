/** Databases in the archive: a valid bag, from which every revision and attachment comes back, and nothing else. */

import Ajv from "ajv";
import { describe, expect, it } from "vitest";
import schema from "../../../transfer/archive/database-line.schema.json";
import { unzip } from "../../support/zip";
import golden from "./archive-2.golden.json";
import { archiveOfDatabases, readDatabasesOf, type TestCollection } from "./archive-databases";
import { checkBag } from "./check-bag";
import { fileTree, zipTree } from "./sources";

const COLLECTIONS: TestCollection[] = [
  {
    ...{ module: "todos", database: "list", collection: "tasks", version: 0 },
    documents: [
      { id: "1", rev: "1-a", attachments: { "a.png": "one", "b/c": "two" } },
      { id: "2", rev: "3-b", isDeleted: true, attachments: { "a.png": "gone" } },
    ],
    changes: [{ id: "1", rev: "2-a", attachments: { "a.png": "three" } }],
  },
  {
    ...{ module: "todos", database: "a/b", collection: "A", version: 1 },
    documents: [{ id: "ü", rev: "1-a" }],
  },
  { module: "todos", database: "a/b", collection: "a", version: 1, documents: [] },
];

const READ = [
  "todos list tasks 0",
  "1 1-a",
  "  a.png: one",
  "  b/c: two",
  "2 3-b",
  "1 2-a changed",
  "  a.png: three",
  "todos a/b A 1",
  "ü 1-a",
  "todos a/b a 1",
];

const BASE = "satchel-alice@example.com-2026-11-29/";

const filesOf = (archive: Uint8Array<ArrayBuffer>): Record<string, string> =>
  Object.fromEntries(
    unzip(archive).map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]),
  );

/** The golden archive with one file replaced, or removed if it is undefined. */
function changed(name: string, text: string | undefined): Record<string, string> {
  const { [BASE + name]: _, ...others } = golden as Record<string, string>;
  return text === undefined ? others : { ...others, [BASE + name]: text };
}

describe("An archive with databases", () => {
  it("RFC 8493 §3 is a valid bag, from which every revision and attachment comes back", async () => {
    const archive = await archiveOfDatabases(COLLECTIONS);
    expect(checkBag(unzip(archive))).toEqual([]);
    expect(await readDatabasesOf(await zipTree(archive))).toEqual({ read: READ, refused: [] });
  });

  it("is the same, byte for byte, as version 2 was written from the beginning, and always read", async () => {
    expect(filesOf(await archiveOfDatabases(COLLECTIONS))).toEqual(golden);
    expect(await readDatabasesOf(fileTree(golden))).toEqual({ read: READ, refused: [] });
  });

  it("has a list that its JSON schema describes", () => {
    const validate = new Ajv().compile(schema);
    const list = (golden as Record<string, string>)[`${BASE}satchel/databases.jsonl`] ?? "";
    const lines = list.split("\n").slice(0, -1);
    expect(lines).toHaveLength(9);
    for (const text of lines) {
      const line = JSON.parse(text);
      expect([validate(line), validate.errors]).toEqual([true, null]);
      expect(validate({ ...line, file: "data/documents/x" })).toBe(false);
      const other = line.content === "attachment" ? "documents" : "attachment";
      expect(validate({ ...line, content: other })).toBe(false);
    }
  });

  it("leaves out a document whose attachments cannot be read, unless it comes again", async () => {
    const [tasks] = COLLECTIONS as [TestCollection];
    const gone = { attachments: { x: "gone" } };
    const documents = [
      { id: "1", rev: "1-a", ...gone },
      { id: "2", rev: "1-a", ...gone },
    ];
    const incomplete: string[] = [];
    const archive = await archiveOfDatabases([{ ...tasks, documents }], incomplete);
    expect((await readDatabasesOf(await zipTree(archive))).read).toEqual([
      "todos list tasks 0",
      "1 2-a changed",
      "  a.png: three",
    ]);
    expect(incomplete).toEqual(["databases/todos/list/tasks-0/2"]);
    expect(filesOf(archive)[`${BASE}satchel/changes.jsonl`]).toBe(
      '{"module":"todos","database":"list","collection":"tasks","version":0,"document":"2","archived":null}\n',
    );
  });
});

describe("In a hostile archive of databases only the file is refused", () => {
  const documents = "data/databases/todos/list/tasks-0.jsonl";
  const attachment = "data/databases/todos/list/tasks-0/1-a.png";

  it("if it does not have its digest, or is missing", async () => {
    for (const [text, code] of [
      ["{}\n", "damaged"],
      [undefined, "missing"],
    ] as const) {
      const { read, refused } = await readDatabasesOf(fileTree(changed(documents, text)));
      expect(refused).toEqual([[documents, code]]);
      expect(read).toEqual([...READ.slice(0, 1), ...READ.slice(5)]);
      const other = await readDatabasesOf(fileTree(changed(attachment, text)));
      expect(other.read.slice(1, 4)).toEqual(["1 1-a", `  a.png: ${code}`, "  b/c: two"]);
    }
    const schemaFile = "data/databases/todos/list/tasks-0.schema.json";
    const { read, refused } = await readDatabasesOf(fileTree(changed(schemaFile, "{}")));
    expect(read).toEqual(READ.slice(7));
    expect(refused).toEqual([
      [schemaFile, "damaged"],
      [documents, "malformed"],
      ["data/databases/todos/list/tasks-0.2.jsonl", "malformed"],
    ]);
  });

  it("if the list does not name it", async () => {
    const extra = "data/databases/todos/list/evil.jsonl";
    const { read, refused } = await readDatabasesOf(fileTree(changed(extra, "{}")));
    expect({ read, refused }).toEqual({ read: READ, refused: [[BASE + extra, "unlisted"]] });
  });

  it("and as a whole if its list is another", async () => {
    const list = "satchel/databases.jsonl";
    for (const text of ["", undefined]) {
      await expect(readDatabasesOf(fileTree(changed(list, text)))).rejects.toMatchObject({
        code: "damaged",
      });
    }
  });
});

/** Formatting folder descriptions. */

import { describe, expect, it } from "vitest";
import { type FolderItem, formatFolderDescription, formatHttpDate } from "../../../src/core/folder";

const CONTEXT = "http://remotestorage.io/spec/folder-description";

const document = (name: string): FolderItem => ({
  name,
  version: `version of ${name}`,
  type: "text/plain",
  length: 5,
  modified: Date.UTC(2018, 5, 2, 15, 58, 23, 999),
});

const folder = (name: string): FolderItem => ({ ...document(name), type: null });

describe("formatFolderDescription", () => {
  it("of an empty folder", () => {
    expect(formatFolderDescription([])).toBe(`{"@context":"${CONTEXT}","items":{}}`);
  });

  it("of a document and a folder", () => {
    expect(JSON.parse(formatFolderDescription([document("abc"), folder("def/")]))).toEqual({
      "@context": CONTEXT,
      items: {
        abc: {
          ETag: "version of abc",
          "Content-Type": "text/plain",
          "Content-Length": 5,
          "Last-Modified": "Sat, 02 Jun 2018 15:58:23 GMT",
        },
        "def/": { ETag: "version of def/" },
      },
    });
  });

  it.each([
    "__proto__",
    "constructor",
    "1",
    "@context",
    'a"b',
    "a\\b",
    "a\nb\u0001",
    "\u2028",
    "\u00e9",
    "\u{1f600}",
    "\ufeff",
    "</script>",
  ])("keeps the name %j", (name) => {
    const { items } = JSON.parse(formatFolderDescription([document(name), folder(`${name}/`)]));
    expect(Object.keys(items)).toEqual([name, `${name}/`]);
    expect(Object.getOwnPropertyDescriptor(items, name)?.value.ETag).toBe(`version of ${name}`);
  });

  it("keeps the order of numeric names", () => {
    const text = formatFolderDescription(["b", "2", "a", "1"].map(document));
    expect([...text.matchAll(/"(\w)":\{/g)].map(([, name]) => name)).toEqual(["b", "2", "a", "1"]);
  });

  it("keeps an unusual content type", () => {
    const type = 'text/x; a="b\\c"';
    const { items } = JSON.parse(formatFolderDescription([{ ...document("a"), type }]));
    expect(items.a["Content-Type"]).toBe(type);
  });
});

it.each([
  [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
  [Date.UTC(2018, 5, 2, 15, 58, 23, 999), "Sat, 02 Jun 2018 15:58:23 GMT"],
  [Date.UTC(2026, 10, 21, 3, 4, 5), "Sat, 21 Nov 2026 03:04:05 GMT"],
])("formatHttpDate(%i) is %s", (milliseconds, expected) => {
  expect(formatHttpDate(milliseconds)).toBe(expected);
});

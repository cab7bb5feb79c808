/** Names in an export archive: safe, different for different paths, and found without a search. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { archiveName } from "../../../src/storage/export/archive-names";

const pieces = ["a", "_", "\\", ":", "%", "%5C", "%3A", "%25", "5C", "C:", "satchel-export.json"];

const segment = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""));

const path = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join("/")}`);

/** The path that a name stands for. */
const pathFromName = (name: string): string =>
  `/${name
    .replace(/^_(?=_*satchel-export(?:-changes)?\.json(?:\/|$))/, "")
    .replace(/%(?:5C|3A|25)/g, decodeURIComponent)}`;

describe("A name in an export archive", () => {
  it("stands for one path only, folder by folder, whatever escapes the path already has", () => {
    fc.assert(
      fc.property(path, (path) => {
        expect(pathFromName(archiveName(path))).toBe(path);
        const parts = archiveName(path).split("/");
        const folder = path.slice(0, path.lastIndexOf("/"));
        if (folder !== "") expect(parts.slice(0, -1).join("/")).toBe(archiveName(folder));
      }),
      { numRuns: 3000 },
    );
  });

  it("is no path of Windows, and not one of the archive's own files", () => {
    fc.assert(
      fc.property(path, (path) => {
        expect(archiveName(path)).not.toMatch(/\\|^[a-z]:|^satchel-export(-changes)?\.json(\/|$)/i);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["/notes/a.txt", "notes/a.txt"],
    ["/notes/100 %, 50%2F50, %20", "notes/100 %, 50%2F50, %20"],
    ["/a\\b", "a%5Cb"],
    ["/a%5Cb", "a%255Cb"],
    ["/C:evil", "C%3Aevil"],
    ["/C%3Aevil", "C%253Aevil"],
    ["/notes/C:fine", "notes/C:fine"],
    ["/satchel-export.json", "_satchel-export.json"],
    ["/__satchel-export-changes.json/a", "___satchel-export-changes.json/a"],
    ["/notes/satchel-export.json", "notes/satchel-export.json"],
  ])("of %s is %s", (path, name) => {
    expect(archiveName(path)).toBe(name);
  });
});

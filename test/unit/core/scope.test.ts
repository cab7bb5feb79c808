/** Parsing and comparing access scopes. */

import { describe, expect, it } from "vitest";
import { parseNodePath } from "../../../src/core/path";
import {
  formatScopes,
  isAllowed,
  isSubsetOf,
  parseScopes,
  type Scope,
} from "../../../src/core/scope";

const scopes = (text: string): Scope[] => {
  const parsed = parseScopes(text);
  if (parsed === null) throw new Error(`${text} is not a scope.`);
  return parsed;
};

describe("parseScopes", () => {
  it.each([
    ["notes:r", "notes:r"],
    ["notes:rw", "notes:rw"],
    ["*:rw", "*:rw"],
    ["*:r", "*:r"],
    ["notes:rw photos:r", "notes:rw photos:r"],
    ["  notes:rw   photos:r ", "notes:rw photos:r"],
    ["notes:r notes:rw", "notes:rw"],
    ["notes:rw notes:r", "notes:rw"],
    ["notes:r notes:r", "notes:r"],
    ["my-notes:rw my_notes:r my.notes:r", "my-notes:rw my_notes:r my.notes:r"],
    ["Notes:r notes:rw", "Notes:r notes:rw"],
    ["42:r", "42:r"],
    ["publicity:r", "publicity:r"],
    ["__proto__x:r", null],
    ["constructor:r", "constructor:r"],
    [`${"a".repeat(64)}:r`, `${"a".repeat(64)}:r`],
  ])("%j -> %j", (raw, expected) => {
    const parsed = parseScopes(raw);
    expect(parsed && formatScopes(parsed)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "notes",
    "notes:",
    "notes:w",
    "notes:wr",
    "notes:RW",
    "notes:rwx",
    ":rw",
    "public:r",
    "public:rw",
    "notes:rw public:r",
    "notes:rw nonsense",
    "a/b:rw",
    "../b:rw",
    "a b:rw",
    "*a:rw",
    "a*:rw",
    ".:rw",
    "..:rw",
    "-a:rw",
    "n\u00f6tes:rw",
    "notes:rw\n",
    "notes:rw,photos:r",
    `${"a".repeat(65)}:r`,
  ])("%j -> null", (raw) => {
    expect(parseScopes(raw)).toBeNull();
  });
});

describe("isSubsetOf", () => {
  it.each([
    ["notes:r", "notes:rw", true],
    ["notes:rw", "notes:rw", true],
    ["notes:rw", "notes:r", false],
    ["notes:r photos:r", "notes:rw", false],
    ["notes:r photos:rw", "notes:r photos:rw", true],
    ["notes:rw", "*:rw", true],
    ["notes:rw", "*:r", false],
    ["notes:r", "*:r", true],
    ["notes:rw", "*:r notes:rw", true],
    ["*:r", "notes:rw", false],
    ["*:r", "*:rw", true],
    ["*:rw", "*:r", false],
  ])("%s of %s: %s", (wanted, granted, expected) => {
    expect(isSubsetOf(scopes(wanted), scopes(granted))).toBe(expected);
  });
});

describe("isAllowed", () => {
  it.each([
    ["*:rw", "/", "rw"],
    ["*:r", "/", "r"],
    ["*:rw", "/public/", "rw"],
    ["notes:rw", "/notes/", "rw"],
    ["notes:rw", "/notes/a/b", "rw"],
    ["notes:r", "/notes/a", "r"],
    ["notes:rw", "/public/notes/a", "rw"],
    ["notes:r", "/public/notes/", "r"],
    ["notes:rw", "/", ""],
    ["notes:rw", "/notes", ""],
    ["notes:rw", "/public/notes", ""],
    ["notes:rw", "/public/", ""],
    ["notes:rw", "/public/a", ""],
    ["notes:rw", "/notesx/a", ""],
    ["notes:rw", "/x/notes/a", ""],
    ["notes:rw", "/Notes/a", ""],
    ["notes:rw", "/public/public/notes/a", ""],
    ["a.c:rw", "/abc/x", ""],
    ["notes:r photos:rw", "/notes/a", "r"],
    ["notes:r photos:rw", "/photos/a", "rw"],
    ["*:r notes:rw", "/notes/a", "rw"],
    ["*:r notes:rw", "/photos/a", "r"],
  ])("%s at %s: %j", (granted, raw, expected) => {
    const node = parseNodePath(raw);
    if (!node.ok) throw new Error(node.refusal.message);
    const grantedScopes = scopes(granted);
    const allowed = [
      isAllowed(grantedScopes, "read", node.value) ? "r" : "",
      isAllowed(grantedScopes, "write", node.value) ? "w" : "",
    ];
    expect(allowed.join("")).toBe(expected);
  });

  it("no scopes allow nothing", () => {
    expect(isAllowed([], "read", { kind: "folder", parent: "", name: "/" })).toBe(false);
  });
});

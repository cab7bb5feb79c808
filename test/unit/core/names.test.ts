/** Rules for user names. */

import { describe, expect, it } from "vitest";
import { isReservedName, parseUserName } from "../../../src/core/names";

describe("parseUserName", () => {
  it.each([
    ["alice", "alice"],
    ["Alice", "alice"],
    [" alice ", "alice"],
    ["al", "al"],
    ["a1", "a1"],
    ["42", "42"],
    ["a-b-c", "a-b-c"],
    ["a--b", "a--b"],
    // In lower case the Kelvin sign is an ordinary k.
    ["\u212aelvin", "kelvin"],
    ["a".repeat(32), "a".repeat(32)],
  ])("%j -> %j", (raw, name) => {
    expect(parseUserName(raw)).toBe(name);
  });

  it.each([
    "",
    " ",
    "a",
    "-a",
    "a-",
    "-",
    "a b",
    "a_b",
    "a.b",
    "a/b",
    "..",
    "a@b",
    "a:b",
    "a%b",
    "a\u0000b",
    "a\nb",
    "\u00e4lice",
    "\u0430lice",
    "a".repeat(33),
    "__proto__",
  ])("%j -> null", (raw) => {
    expect(parseUserName(raw)).toBeNull();
  });
});

it.each([
  ["admin", true],
  ["root", true],
  ["public", true],
  ["well-known", true],
  ["no-reply", true],
  ["xn--alice", true],
  ["alice", false],
  ["al--ice", false],
  ["", false],
  ["constructor", false],
])("isReservedName(%j) is %s", (name, expected) => {
  expect(isReservedName(name)).toBe(expected);
});

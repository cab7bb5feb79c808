/** Parsing and formatting paths of documents and folders. */

import { describe, expect, it } from "vitest";
import {
  formatPath,
  isPublic,
  listAncestors,
  MAX_DEPTH,
  MAX_PATH_BYTES,
  type NodePath,
  parseNodePath,
  ROOT,
} from "../../../src/core/path";

const parse = (raw: string): NodePath => {
  const outcome = parseNodePath(raw);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.value;
};

const refusalCode = (raw: string): string | null => {
  const outcome = parseNodePath(raw);
  return outcome.ok ? null : outcome.refusal.code;
};

describe("parseNodePath", () => {
  it.each<[string, NodePath]>([
    ["/", { kind: "folder", parent: "", name: "/" }],
    ["/a", { kind: "document", parent: "/", name: "a" }],
    ["/a/", { kind: "folder", parent: "/", name: "a/" }],
    ["/a/b", { kind: "document", parent: "/a/", name: "b" }],
    ["/a/b/", { kind: "folder", parent: "/a/", name: "b/" }],
    ["/a%20b/c%2Bd", { kind: "document", parent: "/a b/", name: "c+d" }],
    ["/%C3%A9", { kind: "document", parent: "/", name: "\u00e9" }],
    ["/e%CC%81", { kind: "document", parent: "/", name: "e\u0301" }],
    ["/%25", { kind: "document", parent: "/", name: "%" }],
    ["/%2520", { kind: "document", parent: "/", name: "%20" }],
    ["/a+b", { kind: "document", parent: "/", name: "a+b" }],
    ["/...", { kind: "document", parent: "/", name: "..." }],
    ["/.a/", { kind: "folder", parent: "/", name: ".a/" }],
    ["/%5C", { kind: "document", parent: "/", name: "\\" }],
    ["/%0A%20", { kind: "document", parent: "/", name: "\n " }],
    ["/%EF%BB%BFa", { kind: "document", parent: "/", name: "\ufeffa" }],
    ["/__proto__", { kind: "document", parent: "/", name: "__proto__" }],
  ])("%s", (raw, node) => {
    expect(parse(raw)).toEqual(node);
  });

  it.each([
    "",
    "a",
    "a/b",
    "//",
    "//a",
    "/a//b",
    "/a//",
    "/.",
    "/..",
    "/./",
    "/../",
    "/a/./b",
    "/a/../b",
    "/%2e",
    "/%2E%2e/a",
    "/a%2Fb",
    "/%2f",
    "/%00",
    "/a%00b",
    "/%",
    "/%z",
    "/%zz",
    "/a%2",
    "/%ff",
    "/%c3",
    "/%c0%80",
    "/%ed%a0%80",
  ])("refuses %j with malformed", (raw) => {
    expect(refusalCode(raw)).toBe("malformed");
  });

  it("counts the bytes of the decoded path", () => {
    expect(refusalCode(`/${"x".repeat(MAX_PATH_BYTES - 1)}`)).toBeNull();
    expect(refusalCode(`/${"x".repeat(MAX_PATH_BYTES)}`)).toBe("path-too-long");
    expect(refusalCode(`/${"%41".repeat(MAX_PATH_BYTES - 1)}`)).toBeNull();
    const twoBytes = "%C3%A9".repeat((MAX_PATH_BYTES - 2) / 2);
    expect(refusalCode(`/x${twoBytes}`)).toBeNull();
    expect(refusalCode(`/xx${twoBytes}`)).toBe("path-too-long");
  });

  it("counts the levels", () => {
    expect(refusalCode("/a".repeat(MAX_DEPTH))).toBeNull();
    expect(refusalCode(`${"/a".repeat(MAX_DEPTH)}/`)).toBeNull();
    expect(refusalCode("/a".repeat(MAX_DEPTH + 1))).toBe("path-too-long");
  });
});

describe("formatPath and listAncestors", () => {
  it.each([
    ["/", []],
    ["/a", ["/"]],
    ["/a/", ["/"]],
    ["/a/b/c", ["/", "/a/", "/a/b/"]],
    ["/a/b/c/", ["/", "/a/", "/a/b/"]],
    ["/a%20/b/%C3%A9", ["/", "/a /", "/a /b/"]],
  ])("%s has the ancestors %j", (raw, above) => {
    const node = parse(raw);
    expect(formatPath(node)).toBe(decodeURIComponent(raw));
    const ancestors = listAncestors(node);
    expect(ancestors.map(formatPath)).toEqual(above);
    for (const ancestor of ancestors) {
      expect(ancestor).toEqual(parse(encodeURI(formatPath(ancestor))));
    }
  });

  it("the root has no ancestors", () => {
    expect(parse("/")).toEqual(ROOT);
    expect(listAncestors(ROOT)).toEqual([]);
  });
});

describe("isPublic", () => {
  it.each([
    ["/public/a", true],
    ["/public/", true],
    ["/public/a/b/", true],
    ["/public", false],
    ["/publicity/a", false],
    ["/Public/a", false],
    ["/a/public/b", false],
    ["/", false],
  ])("%s: %s", (raw, expected) => {
    expect(isPublic(parse(raw))).toBe(expected);
  });
});

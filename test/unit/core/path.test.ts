import { describe, expect, it } from "vitest";
import {
  ancestorsOf,
  formatPath,
  isPublic,
  MAX_DEPTH,
  MAX_PATH_BYTES,
  type NodePath,
  parseNodePath,
  ROOT,
} from "../../../src/core/path";

const parsed = (raw: string): NodePath => {
  const outcome = parseNodePath(raw);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.value;
};

const codeOf = (raw: string): string | null => {
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
    expect(parsed(raw)).toEqual(node);
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
  ])("refuses %j as malformed", (raw) => {
    expect(codeOf(raw)).toBe("malformed");
  });

  it("counts the bytes of the decoded path", () => {
    expect(codeOf(`/${"x".repeat(MAX_PATH_BYTES - 1)}`)).toBeNull();
    expect(codeOf(`/${"x".repeat(MAX_PATH_BYTES)}`)).toBe("path-too-long");
    expect(codeOf(`/${"%41".repeat(MAX_PATH_BYTES - 1)}`)).toBeNull();
    const twoBytes = "%C3%A9".repeat((MAX_PATH_BYTES - 2) / 2);
    expect(codeOf(`/x${twoBytes}`)).toBeNull();
    expect(codeOf(`/xx${twoBytes}`)).toBe("path-too-long");
  });

  it("counts the levels", () => {
    expect(codeOf("/a".repeat(MAX_DEPTH))).toBeNull();
    expect(codeOf(`${"/a".repeat(MAX_DEPTH)}/`)).toBeNull();
    expect(codeOf("/a".repeat(MAX_DEPTH + 1))).toBe("path-too-long");
  });
});

describe("pathOf and ancestorsOf", () => {
  it.each([
    ["/", []],
    ["/a", ["/"]],
    ["/a/", ["/"]],
    ["/a/b/c", ["/", "/a/", "/a/b/"]],
    ["/a/b/c/", ["/", "/a/", "/a/b/"]],
    ["/a%20/b/%C3%A9", ["/", "/a /", "/a /b/"]],
  ])("%s is below %j", (raw, above) => {
    const node = parsed(raw);
    expect(formatPath(node)).toBe(decodeURIComponent(raw));
    const ancestors = ancestorsOf(node);
    expect(ancestors.map(formatPath)).toEqual(above);
    for (const ancestor of ancestors) {
      expect(ancestor).toEqual(parsed(encodeURI(formatPath(ancestor))));
    }
  });

  it("the root has no parent", () => {
    expect(parsed("/")).toEqual(ROOT);
    expect(ancestorsOf(ROOT)).toEqual([]);
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
    expect(isPublic(parsed(raw))).toBe(expected);
  });
});

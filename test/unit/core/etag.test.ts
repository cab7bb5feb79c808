/** Parsing and evaluating ETags and preconditions. */

import { describe, expect, it } from "vitest";
import {
  evaluateRead,
  formatETag,
  ifRangeMatches,
  type Precondition,
  parsePrecondition,
} from "../../../src/core/etag";

const read = (headers: Record<string, string>): Precondition | "malformed" => {
  const outcome = parsePrecondition(new Headers(headers));
  if (outcome.ok) return outcome.value;
  expect(outcome.refusal.code).toBe("malformed");
  return "malformed";
};

const versions = (...list: string[]) => ({ any: false, versions: list });

describe("parsePrecondition: lists of ETags", () => {
  it.each([
    ['"a"', versions("a")],
    ['"a","b"', versions("a", "b")],
    [' "a" ,  "b" ', versions("a", "b")],
    ['W/"a"', versions("a")],
    ['W/"a", "b", W/"c"', versions("a", "b", "c")],
    ['""', versions("")],
    ['"a,b", "c d"', versions("a,b", "c d")],
    ['"a",', versions("a")],
    ['"a",,"b"', versions("a", "b")],
    [', "a"', versions("a")],
    ["*", { any: true, versions: [] }],
    [" * ", { any: true, versions: [] }],
    ['"*"', versions("*")],
    ["a", versions("a")],
  ])("%s", (raw, expected) => {
    expect(read({ "If-Match": raw })).toEqual({ match: expected });
    expect(read({ "If-None-Match": raw })).toEqual({ noneMatch: expected });
  });

  it.each(["", " ", ",", '"a', 'a"', '"a" "b"', '"a"b', '"a"b"', '*, "a"', '"a", *', "**", "W/*"])(
    "refuses %j",
    (raw) => {
      expect(read({ "If-Match": raw })).toBe("malformed");
      expect(read({ "If-None-Match": raw })).toBe("malformed");
    },
  );

  it("takes linear time", () => {
    const start = Date.now();
    read({ "If-Match": `${'"a", '.repeat(20_000)}"` });
    read({ "If-Match": " \t".repeat(50_000) });
    read({ "If-Match": `"a"${" ".repeat(50_000)}"b"` });
    expect(Date.now() - start).toBeLessThan(5000);
  });

  it("is empty without conditional headers", () => {
    expect(read({})).toEqual({});
  });
});

describe("parsePrecondition: dates", () => {
  const DATE = "Sat, 02 Jun 2018 15:58:23 GMT";
  const time = Date.UTC(2018, 5, 2, 15, 58, 23);

  it.each([DATE, "Saturday, 02-Jun-18 15:58:23 GMT", "Sat Jun  2 15:58:23 2018"])("%s", (raw) => {
    expect(read({ "If-Modified-Since": raw })).toEqual({ modifiedSince: time });
    expect(read({ "If-Unmodified-Since": raw })).toEqual({ unmodifiedSince: time });
  });

  it.each([
    "",
    "yesterday",
    "2018-06-02",
    "2018",
    "-1",
    "0",
    `${DATE} x`,
    "Sat, 02 Jun 2018 15:58:23 +0200",
  ])("ignores %j", (raw) => {
    expect(read({ "If-Modified-Since": raw, "If-Unmodified-Since": raw })).toEqual({});
  });

  it("are ignored if there is a list of ETags of their kind", () => {
    const headers = { "If-Modified-Since": DATE, "If-Unmodified-Since": DATE };
    expect(read({ ...headers, "If-None-Match": '"a"' })).toEqual({
      noneMatch: versions("a"),
      unmodifiedSince: time,
    });
    expect(read({ ...headers, "If-Match": '"a"' })).toEqual({
      match: versions("a"),
      modifiedSince: time,
    });
  });
});

describe("evaluateRead", () => {
  const modified = 1_500_000_000_789;
  const second = 1_500_000_000_000;

  it.each<[string, Precondition, string]>([
    ["no precondition", {}, "proceed"],
    ["If-Match that matches", { match: versions("x", "v") }, "proceed"],
    ["If-Match: *", { match: { any: true, versions: [] } }, "proceed"],
    ["If-Match that does not match", { match: versions("x") }, "failed"],
    ["If-None-Match that matches", { noneMatch: versions("x", "v") }, "not-modified"],
    ["If-None-Match: *", { noneMatch: { any: true, versions: [] } }, "not-modified"],
    ["If-None-Match that does not match", { noneMatch: versions("x") }, "proceed"],
    ["both lists", { match: versions("x"), noneMatch: versions("v") }, "failed"],
    ["If-Modified-Since that second", { modifiedSince: second }, "not-modified"],
    ["If-Modified-Since before it", { modifiedSince: second - 1000 }, "proceed"],
    ["If-Unmodified-Since that second", { unmodifiedSince: second }, "proceed"],
    ["If-Unmodified-Since before it", { unmodifiedSince: second - 1000 }, "failed"],
  ])("%s", (_, precondition, expected) => {
    expect(evaluateRead(precondition, "v", modified)).toBe(expected);
  });

  it("ignores dates if the node has no date", () => {
    expect(evaluateRead({ modifiedSince: second }, "v", null)).toBe("proceed");
    expect(evaluateRead({ unmodifiedSince: 0 }, "v", null)).toBe("proceed");
  });
});

describe("ifRangeMatches", () => {
  it.each([
    [null, true],
    ['"v"', true],
    ['W/"v"', false],
    ['"x"', false],
    ['"v", "x"', false],
    ["v", false],
    ["*", false],
    ["Sat, 02 Jun 2018 15:58:23 GMT", false],
    ["", false],
  ])("%j: %s", (raw, expected) => {
    expect(ifRangeMatches(raw, "v")).toBe(expected);
  });
});

it("formatETag adds the quotes", () => {
  expect(formatETag("abc")).toBe('"abc"');
});

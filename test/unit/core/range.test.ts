/** Parsing the Range header. */

import { describe, expect, it } from "vitest";
import { parseRange } from "../../../src/core/range";

describe("parseRange", () => {
  it.each([
    ["bytes=0-0", 10, 0, 1],
    ["bytes=0-9", 10, 0, 10],
    ["bytes=3-5", 10, 3, 3],
    ["bytes=3-", 10, 3, 7],
    ["bytes=9-", 10, 9, 1],
    ["bytes=5-100", 10, 5, 5],
    ["bytes=-1", 10, 9, 1],
    ["bytes=-10", 10, 0, 10],
    // RFC 9110 §14.1.2: "If the selected representation is shorter than the specified
    // suffix-length, the entire representation is used."
    ["bytes=-11", 10, 0, 10],
    ["bytes=-99999999999999999999", 10, 0, 10],
    ["BYTES=0-1", 10, 0, 2],
    ["bytes=0-0", 1, 0, 1],
    ["bytes=4294967296-4294967297", 2 ** 33, 2 ** 32, 2],
  ])("%s of %i bytes: from %i, %i bytes", (header, size, offset, length) => {
    expect(parseRange(header, size)).toEqual({ ok: true, value: { offset, length } });
  });

  it.each([
    null,
    "",
    "bytes",
    "bytes=",
    "bytes=5",
    "bytes=-",
    "bytes=a-b",
    "bytes=1-b",
    "bytes=--1",
    "bytes=1.5-2",
    "bytes=1e1-20",
    "bytes=0x0-0x1",
    "items=0-1",
    "0-1",
    "xbytes=0-1",
    "bytes=0-1,3-4",
    "bytes=0-1,-1",
    "bytes=10-11,12-13",
  ])("%j: the whole document", (header) => {
    expect(parseRange(header, 10)).toEqual({ ok: true, value: null });
  });

  it.each([
    ["bytes=10-", 10],
    ["bytes=10-11", 10],
    ["bytes=-0", 10],
    ["bytes=0-", 0],
    ["bytes=0-0", 0],
  ])("%s of %i bytes: refused, with the length", (header, size) => {
    expect(parseRange(header, size)).toMatchObject({
      ok: false,
      refusal: { code: "range-not-satisfiable", length: size },
    });
  });
});

/** Labels of R2 objects. */

import { describe, expect, it } from "vitest";
import { decodeLabel, encodeLabel } from "../../../src/core/labels";

describe("A label", () => {
  it.each([
    "",
    "/notes/a b",
    "/notes/100%",
    " /x ",
    "/\u0001\u007f",
    "/n\u00e4me",
    "/\u{1f600}",
    '/"quoted"',
    "/back\\slash",
    "=?UTF-8?B?eA==?=",
    "image/png; charset=binary",
  ])("%j is printable ASCII, and is decoded to the same text", (text) => {
    const label = encodeLabel(text);
    expect(label).toMatch(/^([!-~]([ -~]*[!-~])?)?$/);
    expect(decodeLabel(label)).toBe(text);
  });

  it("of ordinary text can be read as it is", () => {
    for (const text of ["/notes/a b", "text/plain; charset=utf-8"]) {
      expect(encodeLabel(text)).toBe(text);
    }
  });

  it("takes at most a third more bytes than its text, even as JSON", () => {
    for (const character of ["\u0001", '"', "\u00e4", "\u{1f600}"]) {
      const text = `/${character.repeat(1000)}`;
      const bytes = new TextEncoder().encode(text).byteLength;
      expect(JSON.stringify(encodeLabel(text)).length).toBeLessThan((4 / 3) * bytes + 20);
    }
  });

  it("that was stored as it was, before labels were encoded, is read as it is", () => {
    for (const label of ["/n\u00e4me", "/\u0001", '/"a"', "/=?UTF-8?B?eA==?="]) {
      expect(decodeLabel(label)).toBe(label);
    }
  });
});

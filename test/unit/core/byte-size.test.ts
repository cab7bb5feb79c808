/** Parsing byte sizes. */

import { describe, expect, it } from "vitest";
import { parseByteSize } from "../../../src/core/byte-size";

describe("parseByteSize", () => {
  it.each([
    ["0", 0],
    ["5", 5],
    ["5 B", 5],
    ["5kB", 5000],
    ["5 MB", 5e6],
    ["1.5 GB", 1.5e9],
    ["1,25 gb", 1.25e9],
    [" 2 tb ", 2e12],
    ["999999999999999", 999_999_999_999_999],
    ["9007 TB", 9.007e15],
  ])("%j -> %d", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  it.each(["", " ", "GB", "-1", "+1", "1e9", "1.5", "1.5 B", "1.2345 GB", "1.000.000", "5 XB"])(
    "%j -> null",
    (text) => expect(parseByteSize(text)).toBeNull(),
  );

  it.each(["1,000 GB", "1.500 GB", "2.500.000 B"])(
    "%j -> null: in one language a thousand times as much as in another",
    (text) => expect(parseByteSize(text)).toBeNull(),
  );

  it.each(["5 GiB", "k", "0x10", "9".repeat(16), "9999 TB9", "99999 TB", "5  GB", "5\nGB"])(
    "%j -> null",
    (text) => expect(parseByteSize(text)).toBeNull(),
  );
});

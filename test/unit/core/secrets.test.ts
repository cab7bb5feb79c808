/** Random numbers below a bound. */

import { describe, expect, it } from "vitest";
import { randomBelow } from "../../../src/core/secrets";

describe("randomBelow", () => {
  it.each([1, 2, 30, 200, 256])("returns every number below %i, and no other", (count) => {
    const seen = new Set(Array.from({ length: 100 * count }, () => randomBelow(count)));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  });
});

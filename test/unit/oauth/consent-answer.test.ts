/** What is left of a scope: the whole truth table of what was asked for and what was chosen. */

import { describe, expect, it } from "vitest";
import { formatScopes, parseScopes, type Scope } from "../../../src/core/scope";
import {
  expiryOf,
  isDuration,
  minimizeScopes,
  narrowScopes,
  parseConsent,
} from "../../../src/oauth/consent-answer";
import { DAY_MS } from "../../support/clock";

const scopes = (text: string): Scope[] => parseScopes(text) ?? [];

const left = (asked: string, form: string): string | null => {
  const result = narrowScopes(scopes(asked), new URLSearchParams(form));
  return result && formatScopes(result);
};

/** Asked for, chosen (null: the form says nothing), left (null: refused). */
const TABLE: [asked: "r" | "rw", chosen: string | null, left: string | null][] = [
  ["rw", null, "rw"],
  ["rw", "rw", "rw"],
  ["rw", "r", "r"],
  ["rw", "none", ""],
  ["r", null, "r"],
  ["r", "rw", "r"],
  ["r", "r", "r"],
  ["r", "none", ""],
  ...["", "w", "RW", " rw", "rw ", "all", "constructor", "0"].flatMap(
    (chosen): ["r" | "rw", string, null][] => [
      ["rw", chosen, null],
      ["r", chosen, null],
    ],
  ),
];

describe.each(["notes", "*", "a.b-c_d"])("of %s", (module) => {
  it.each(TABLE)("asked %s, chosen %j: %j is left", (asked, chosen, level) => {
    const form = chosen === null ? "" : new URLSearchParams({ [`level:${module}`]: chosen });
    const expected = level === "" || level === null ? level : `${module}:${level}`;
    expect(left(`${module}:${asked}`, String(form))).toBe(expected);
  });
});

describe("narrowing", () => {
  it("takes each module for itself, and keeps their order", () => {
    const form = "level:b=r&level:c=none";
    expect(left("a:rw b:rw c:rw d:r", form)).toBe("a:rw b:r d:r");
  });

  it("adds nothing that was not asked for", () => {
    expect(left("a:r", "level:b=rw&level:*=rw&scope=*:rw")).toBe("a:r");
  });

  it.each([
    ["*:rw notes:rw photos:r", "*:rw"],
    ["*:r notes:rw photos:r", "*:r notes:rw"],
    ["notes:rw *:r", "notes:rw *:r"],
    ["notes:rw photos:r", "notes:rw photos:r"],
    ["*:r", "*:r"],
  ])("is not offered for what comes with everything: %s is %s", (asked, offered) => {
    expect(formatScopes(minimizeScopes(scopes(asked)))).toBe(offered);
  });

  it("refuses two levels for one module", () => {
    expect(left("a:rw", "level:a=r&level:a=rw")).toBe(null);
    expect(left("a:rw", "level:a=r&level:a=r")).toBe(null);
  });

  it("needs something left, and one of the durations", () => {
    const answer = (form: string) => parseConsent(scopes("a:rw b:r"), new URLSearchParams(form), 0);
    expect(answer("level:a=none&level:b=none&duration=day")).toEqual({
      ok: false,
      problem: "nothing",
    });
    expect(answer("level:a=x&duration=day")).toEqual({ ok: false, problem: "level" });
    expect(answer("")).toEqual({ ok: false, problem: "duration" });
    expect(answer("level:a=none&duration=day")).toEqual({
      ok: true,
      scopes: scopes("b:r"),
      expiresAt: DAY_MS,
    });
  });

  it("knows when access ends", () => {
    expect(["day", "month", "year", "always", "toString", ""].map(isDuration)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([expiryOf("day", 1), expiryOf("month", 1), expiryOf("always", 1)]).toEqual([
      1 + DAY_MS,
      1 + 30 * DAY_MS,
      null,
    ]);
  });
});

/** The consent form: the whole truth table of requested and chosen levels, and durations. */

import { describe, expect, it } from "vitest";
import { formatScopes, minimizeScopes, parseScopes, type Scope } from "../../../src/core/scope";
import { expiryOf, isDuration, narrowScopes, parseConsent } from "../../../src/oauth/consent-form";
import { DAY_MS } from "../../support/clock";

const scopes = (text: string): Scope[] => parseScopes(text) ?? [];

const narrowed = (requested: string, form: string): string | null => {
  const result = narrowScopes(scopes(requested), new URLSearchParams(form));
  return result && formatScopes(result);
};

/** Requested, chosen (null: no field), result (null: refused). */
const TABLE: [requested: "r" | "rw", chosen: string | null, result: string | null][] = [
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

describe.each(["notes", "*", "a.b-c_d"])("Access to %s", (module) => {
  it.each(TABLE)("requested as %s, with the choice %j, becomes %j", (requested, chosen, level) => {
    const form = chosen === null ? "" : new URLSearchParams({ [`level:${module}`]: chosen });
    const expected = level === "" || level === null ? level : `${module}:${level}`;
    expect(narrowed(`${module}:${requested}`, String(form))).toBe(expected);
  });
});

describe("The consent form", () => {
  it("narrows each module on its own, and keeps their order", () => {
    const form = "level:b=r&level:c=none";
    expect(narrowed("a:rw b:rw c:rw d:r", form)).toBe("a:rw b:r d:r");
  });

  it("adds no module and no level that was not requested", () => {
    expect(narrowed("a:r", "level:b=rw&level:*=rw&scope=*:rw")).toBe("a:r");
  });

  it.each([
    ["*:rw notes:rw photos:r", "*:rw"],
    ["*:r notes:rw photos:r", "*:r notes:rw"],
    ["notes:rw *:r", "notes:rw *:r"],
    ["notes:rw photos:r", "notes:rw photos:r"],
    ["*:r", "*:r"],
  ])(
    "does not list modules that access to everything includes: %s becomes %s",
    (requested, minimal) => {
      expect(formatScopes(minimizeScopes(scopes(requested)))).toBe(minimal);
    },
  );

  it("refuses two levels for one module", () => {
    expect(narrowed("a:rw", "level:a=r&level:a=rw")).toBe(null);
    expect(narrowed("a:rw", "level:a=r&level:a=r")).toBe(null);
  });

  it("requires access to at least one module, and one of the durations", () => {
    const parse = (form: string) => parseConsent(scopes("a:rw b:r"), new URLSearchParams(form), 0);
    expect(parse("level:a=none&level:b=none&duration=day")).toEqual({
      ok: false,
      problem: "nothing",
    });
    expect(parse("level:a=x&duration=day")).toEqual({ ok: false, problem: "level" });
    expect(parse("")).toEqual({ ok: false, problem: "duration" });
    expect(parse("level:a=none&duration=day")).toEqual({
      ok: true,
      scopes: scopes("b:r"),
      expiresAt: DAY_MS,
    });
  });

  it("turns a duration into an expiry", () => {
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

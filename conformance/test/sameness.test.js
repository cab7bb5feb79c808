/** When the results of several runs count as the same. */

import { expect, it } from "vitest";
import { CASES } from "../index.js";
import { findDifferences, lasting } from "../report/sameness.js";

/** @typedef {Partial<import("../run/session.js").Result>} Ending */

/** A run in which the first cases end so. */
const run = (/** @type {Ending[]} */ ...endings) => ({
  results: endings.map((ending, index) => ({
    outcome: /** @type {const} */ ("passed"),
    case: CASES[index],
    isNewer: false,
    requests: 0,
    ms: 0,
    ...ending,
  })),
});

const failed = (/** @type {string} */ message) => ({
  outcome: /** @type {const} */ ("failed"),
  message,
});

const undecided = (
  /** @type {import("../run/outcomes.js").Reason} */ reason,
  /** @type {string} */ message,
) => ({ outcome: /** @type {const} */ ("undecided"), reason, message });

/** The ids of the cases that differ. */
const differing = (/** @type {ReturnType<typeof run>[]} */ ...runs) =>
  findDifferences(runs).map((difference) => difference.case.id);

it("Runs with equal outcomes are the same, and one run is", () => {
  expect(differing(run({}, failed("It is wrong.")), run({}, failed("It is wrong.")))).toEqual([]);
  expect(differing(run({}, failed("It is wrong.")))).toEqual([]);
});

it("A case with another outcome in one run differs, and its results are shown in order", () => {
  const runs = [run({}, {}), run({}, failed("It is wrong.")), run({}, {})];
  expect(differing(...runs)).toEqual([CASES[1].id]);
  const [{ results }] = findDifferences(runs);
  expect(results.map(({ outcome }) => outcome)).toEqual(["passed", "failed", "passed"]);
});

it("A case that fails for another reason differs", () => {
  expect(differing(run(failed("expected 1, got 2.")), run(failed("expected 1, got 3.")))).toEqual([
    CASES[0].id,
  ]);
});

it("A case that was not decided for another reason differs; which error broke a connection does not matter", () => {
  const slow = run(undecided("slow", "had no answer within 3 s."));
  const [reset, closed] = ["ECONNRESET", "UND_ERR_SOCKET"].map((error) =>
    run(undecided("network", error)),
  );
  expect(differing(slow, reset)).toEqual([CASES[0].id]);
  expect(differing(reset, closed)).toEqual([]);
});

it("Names of folders, ports and versions are no difference", () => {
  const sentence = (
    /** @type {string} */ folder,
    /** @type {string} */ port,
    /** @type {string} */ version,
  ) =>
    `GET http://127.0.0.1:${port}/storage/alice/conformance/conformance-${folder}/doc: expected ${version}.`;
  const one = sentence("abcdefghij/case-7", "40001", '"1795982312568"');
  const other = sentence("bbbbbbbbb2/case-12", "40002", '"1795982399999"');
  expect(lasting(one)).toBe(lasting(other));
  const hashes = ["11f6ad8ec52a2984abaafd7c3b516503785c2072", `${"0".repeat(39)}f`];
  expect(lasting(hashes[0])).toBe(lasting(hashes[1]));
  expect(lasting("expected status 401, got 403.")).toBe("expected status 401, got 403.");
});

/** The measure itself: every case passes at the reference server, and every fault is found by its cases. */

import { describe, expect, it } from "vitest";
import { CASES, CHAPTERS, REQUIREMENTS, Session } from "../index.js";
import { FAULTS } from "./faults/index.js";
import { createTarget } from "./reference/target.js";

/** Cases about what the reference server does not do. */
const NOT_APPLICABLE = ["cors/vary", "tokens/in-query"];

/** A fault that only the network shows: real-server.test.js has it. */
const FOUND_ELSEWHERE = ["documents/put-chunked"];

/** Runs all cases. Returns the ids by their outcome, and what was left over. */
async function runAll(
  /** @type {Pick<import("./faults/changing.js").Fault, "rules" | "properties" | "isLarge">} */ fault,
) {
  const rules = typeof fault.rules === "function" ? fault.rules() : fault.rules;
  const { target, handle } = await createTarget(rules, fault.properties);
  target.isLargeAllowed = fault.isLarge ?? false;
  const session = new Session(target, { fetch: handle, wait: async () => {} });
  /** @type {Record<string, string[]>} */
  const outcomes = { passed: [], failed: [], skipped: [], undecided: [] };
  for (const one of CASES) outcomes[(await session.run(one)).outcome].push(one.id);
  return { ...outcomes, left: await session.finish() };
}

describe("The cases", () => {
  it("all pass at the reference server, and leave nothing behind", async () => {
    const { failed, undecided, skipped, left } = await runAll({ isLarge: true });
    expect({ failed, undecided, skipped, left }).toEqual({
      failed: [],
      undecided: [],
      skipped: NOT_APPLICABLE,
      left: [],
    });
  });

  it("have ids of their own, chapters and requirements that exist", () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    expect([...new Set(CASES.map(({ id }) => id.split("/")[0]))]).toEqual(Object.keys(CHAPTERS));
    const known = new Set(REQUIREMENTS.map(({ id }) => id));
    expect(
      CASES.flatMap(({ requirements }) => requirements).filter((id) => !known.has(id)),
    ).toEqual([]);
  });

  it("each find a fault", () => {
    const found = new Set([...FAULTS.flatMap(({ finds }) => finds), ...FOUND_ELSEWHERE]);
    expect(CASES.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([]);
  });
});

describe("A server of which it is wrong that", () => {
  it.each(FAULTS)(
    "$fault is found by the cases that are about it, and by no other",
    async (fault) => {
      expect(fault.finds).not.toEqual([]);
      expect((await runAll(fault)).failed).toEqual(fault.finds);
    },
  );
});

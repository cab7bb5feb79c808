/** Which bodies of a document may go: the choice alone. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredBody } from "../../../src/storage/bodies";
import { chooseExpired, GRACE_PERIOD_MS } from "../../../src/storage/expiry";
import { DAY_MS, MINUTE_MS } from "../../support/clock";

const NOW = 1000 * DAY_MS;
const HOUR = 60 * MINUTE_MS;
const POLICY = { historyMs: 30 * DAY_MS, historyVersions: 3, now: NOW };

/** A body by its version, the days since its upload, and what it replaced. */
const body = (version: string, daysAgo: number, replaces = ""): StoredBody => ({
  key: `account/document/${version}`,
  version,
  uploadedAt: NOW - daysAgo * DAY_MS,
  length: 0,
  replaces,
});

const expired = (bodies: StoredBody[], named: string | null, goneSince = NOW): string[] =>
  chooseExpired(bodies, named, goneSince, POLICY)
    .expired.map(({ version }) => version)
    .sort();

describe("Of a document that is there", () => {
  it("an earlier version goes when it was replaced HISTORY_DAYS ago, not when it is that old", () => {
    expect(expired([body("a", 90), body("b", 29, "a")], "b")).toEqual([]);
    expect(expired([body("a", 90), body("b", 30, "a")], "b")).toEqual(["a"]);
  });

  it("no more than HISTORY_VERSIONS earlier versions stay, the newest of them", () => {
    const versions = ["a", "b", "c", "d", "e", "f"];
    const bodies = versions.map((version, i) => body(version, 10 - i, versions[i - 1]));
    expect(expired(bodies, "f")).toEqual(["a", "b"]);
  });

  it("what was uploaded long after the current version was never committed, and goes", () => {
    expect(expired([body("a", 5), body("crashed", 1, "a")], "a")).toEqual(["crashed"]);
  });

  it("what came while the current version was still uploading may have been named before it", () => {
    const current = { ...body("b", 1, "a"), length: 100 * 1024 ** 2 };
    const meanwhile = { ...body("meanwhile", 1), uploadedAt: current.uploadedAt + HOUR };
    expect(expired([body("a", 5), current, meanwhile], "b")).toEqual([]);
    expect(expired([body("a", 5), { ...current, length: 0 }, meanwhile], "b")).toEqual([
      "meanwhile",
    ]);
  });

  it("a crashed upload does not make the version look replaced that was current after it", () => {
    const bodies = [body("a", 90), body("crashed", 60, "a"), body("b", 1, "a")];
    expect(expired(bodies, "b")).toEqual([]);
  });

  it("what lost a race for being the current version goes by its upload", () => {
    const beside = { ...body("lost", 30, "a"), uploadedAt: NOW - 30 * DAY_MS + 1000 };
    expect(expired([body("a", 60), body("b", 30, "a"), beside], "b")).toEqual([]);
    const older = { ...beside, uploadedAt: beside.uploadedAt - DAY_MS };
    expect(expired([body("b", 31, "a"), older], "b")).toEqual(["lost"]);
  });

  it("the current version stays, however old it is", () => {
    expect(expired([body("a", 999)], "a")).toEqual([]);
  });
});

describe("Of a document that is deleted", () => {
  it("the last version stays for HISTORY_DAYS since then, however old it is", () => {
    expect(expired([body("a", 900)], null, NOW - 29 * DAY_MS)).toEqual([]);
    expect(expired([body("a", 900)], null, NOW - 30 * DAY_MS)).toEqual(["a"]);
  });

  it("the versions before it are counted from when they were replaced", () => {
    expect(expired([body("a", 90), body("b", 40, "a")], null, NOW)).toEqual(["a"]);
  });
});

describe("Whatever bodies there are", () => {
  const bodies = fc.uniqueArray(
    fc.record({
      version: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
      ageMs: fc.oneof(fc.nat(2 * GRACE_PERIOD_MS), fc.nat(100 * DAY_MS)),
      replaces: fc.constantFrom("", "a", "b", "c", "d"),
    }),
    { selector: ({ version }) => version },
  );
  const policies = fc.record({
    historyMs: fc.constantFrom(0, DAY_MS, 30 * DAY_MS),
    historyVersions: fc.nat(4),
  });
  const named = fc.constantFrom("a", "b", "c", "unlisted", null);

  it("one that is named, or younger than the grace, never goes; the others by nextAt at the latest", () => {
    fc.assert(
      fc.property(bodies, policies, named, (list, policy, current) => {
        const all = list.map(({ version, ageMs, replaces }) => ({
          ...body(version, 0, replaces),
          uploadedAt: NOW - ageMs,
        }));
        const choice = chooseExpired(all, current, NOW, { ...policy, now: NOW });
        for (const { version, uploadedAt } of choice.expired) {
          expect(version).not.toBe(current);
          expect(NOW - uploadedAt).toBeGreaterThanOrEqual(GRACE_PERIOD_MS);
        }
        const left = all.filter((one) => one.version !== current && !choice.expired.includes(one));
        expect(choice.nextAt === null).toBe(left.length === 0);
        if (choice.nextAt !== null) expect(choice.nextAt).toBeGreaterThan(NOW);
        expect(choice.kept).toEqual(expect.arrayContaining(left));
        const old = left.filter(
          ({ uploadedAt }) => NOW - uploadedAt >= GRACE_PERIOD_MS + MINUTE_MS,
        );
        expect(old.length).toBeLessThanOrEqual(policy.historyVersions);
        if (policy.historyMs === 0 && current === null) expect(old).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

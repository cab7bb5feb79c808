/** Which bodies of a document expire. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseExpired, GRACE_PERIOD_MS } from "../../../src/storage/versions/expiry";
import type { StoredBody } from "../../../src/storage/versions/stored-bodies";
import { DAY_MS, MINUTE_MS } from "../../support/clock";

const NOW = 1000 * DAY_MS;
const HOUR = 60 * MINUTE_MS;
const POLICY = { historyMs: 30 * DAY_MS, historyVersions: 3, now: NOW };

/** A body by its version, its age in days, and the version that it replaced. */
const body = (version: string, daysAgo: number, replaces = ""): StoredBody => ({
  key: `account/document/${version}`,
  version,
  uploadedAt: NOW - daysAgo * DAY_MS,
  length: 0,
  replaces,
  type: "text/plain",
  grant: "",
  originalTime: null,
});

const expired = (bodies: StoredBody[], current: string | null, deletedAt = NOW): string[] =>
  chooseExpired(bodies, current, deletedAt, POLICY)
    .expired.map(({ version }) => version)
    .sort();

describe("Of an existing document", () => {
  it("an earlier version expires HISTORY_DAYS after it was replaced, not after its upload", () => {
    expect(expired([body("a", 90), body("b", 29, "a")], "b")).toEqual([]);
    expect(expired([body("a", 90), body("b", 30, "a")], "b")).toEqual(["a"]);
  });

  it("the newest HISTORY_VERSIONS earlier versions are kept", () => {
    const versions = ["a", "b", "c", "d", "e", "f"];
    const bodies = versions.map((version, i) => body(version, 10 - i, versions[i - 1]));
    expect(expired(bodies, "f")).toEqual(["a", "b"]);
  });

  it("a body uploaded long after the current version was never committed, and expires", () => {
    expect(expired([body("a", 5), body("crashed", 1, "a")], "a")).toEqual(["crashed"]);
  });

  it("a body uploaded while the current version was uploading may have been committed before it", () => {
    const current = { ...body("b", 1, "a"), length: 100 * 1024 ** 2 };
    const meanwhile = { ...body("meanwhile", 1), uploadedAt: current.uploadedAt + HOUR };
    expect(expired([body("a", 5), current, meanwhile], "b")).toEqual([]);
    expect(expired([body("a", 5), { ...current, length: 0 }, meanwhile], "b")).toEqual([
      "meanwhile",
    ]);
  });

  it("the body of a crashed request does not count as replacing the version that stayed current", () => {
    const bodies = [body("a", 90), body("crashed", 60, "a"), body("b", 1, "a")];
    expect(expired(bodies, "b")).toEqual([]);
  });

  it("a body that lost a race against the current version expires by its upload", () => {
    const beside = { ...body("lost", 30, "a"), uploadedAt: NOW - 30 * DAY_MS + 1000 };
    expect(expired([body("a", 60), body("b", 30, "a"), beside], "b")).toEqual([]);
    const older = { ...beside, uploadedAt: beside.uploadedAt - DAY_MS };
    expect(expired([body("b", 31, "a"), older], "b")).toEqual(["lost"]);
  });

  it("the current version is kept, however old it is", () => {
    expect(expired([body("a", 999)], "a")).toEqual([]);
  });
});

describe("Of a deleted document", () => {
  it("the last version is kept for HISTORY_DAYS after the deletion, however old it is", () => {
    expect(expired([body("a", 900)], null, NOW - 29 * DAY_MS)).toEqual([]);
    expect(expired([body("a", 900)], null, NOW - 30 * DAY_MS)).toEqual(["a"]);
  });

  it("the versions before it expire HISTORY_DAYS after they were replaced", () => {
    expect(expired([body("a", 90), body("b", 40, "a")], null, NOW)).toEqual(["a"]);
  });
});

describe("Of any bodies", () => {
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
  const currentVersions = fc.constantFrom("a", "b", "c", "unlisted", null);

  it("the current one, and those within the grace period, never expire; nextAt is when the next of the others does", () => {
    fc.assert(
      fc.property(bodies, policies, currentVersions, (list, policy, current) => {
        const all = list.map(({ version, ageMs, replaces }) => ({
          ...body(version, 0, replaces),
          uploadedAt: NOW - ageMs,
        }));
        const choice = chooseExpired(all, current, NOW, { ...policy, now: NOW });
        for (const { version, uploadedAt } of choice.expired) {
          expect(version).not.toBe(current);
          expect(NOW - uploadedAt).toBeGreaterThanOrEqual(GRACE_PERIOD_MS);
        }
        const kept = all.filter((one) => one.version !== current && !choice.expired.includes(one));
        expect(choice.nextAt === null).toBe(kept.length === 0);
        if (choice.nextAt !== null) expect(choice.nextAt).toBeGreaterThan(NOW);
        expect(choice.kept).toEqual(expect.arrayContaining(kept));
        const old = kept.filter(
          ({ uploadedAt }) => NOW - uploadedAt >= GRACE_PERIOD_MS + MINUTE_MS,
        );
        expect(old.length).toBeLessThanOrEqual(policy.historyVersions);
        if (policy.historyMs === 0 && current === null) expect(old).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

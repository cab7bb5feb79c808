/** Which versions a document has had, and which was the document at a moment. */

import { describe, expect, it } from "vitest";
import { GRACE_PERIOD_MS } from "../../../src/storage/versions/expiry";
import { type DocumentFacts, pastVersions, versionAt } from "../../../src/storage/versions/history";
import type { StoredBody } from "../../../src/storage/versions/stored-bodies";

const body = (
  version: string,
  uploadedAt: number,
  replaces: string | undefined = undefined,
): StoredBody => ({
  key: `account/document/${version}`,
  version,
  uploadedAt,
  length: 1,
  replaces,
  type: "text/plain",
  grant: "",
  originalTime: null,
});

/** What is known: the current version with its time, and the times of writes and deletions. */
const facts = (
  current: [version: string, since: number] | null,
  writes: Record<string, number> = {},
  deletions: Record<string, number> = {},
  isNew = false,
): Parameters<typeof versionAt>[1] => ({
  isNew: () => isNew,
  wasWritten: false,
  current: current && { version: current[0], since: current[1] },
  writtenAt: (version) => writes[version],
  deletedAt: (version) => deletions[version],
});

const versionsOf = (bodies: StoredBody[], known: DocumentFacts) =>
  pastVersions(bodies, known).map(({ body: { version } }) => version);

const atEach = (bodies: StoredBody[], known: Parameters<typeof versionAt>[1], moments: number[]) =>
  moments.map((at) => {
    const found = versionAt(bodies, known, at);
    return found === null || found === "lost" ? found : found.version;
  });

describe("The version at a moment", () => {
  const bodies = [body("a", 100, ""), body("b", 200, "a"), body("c", 300, "b")];

  it("is the last one that was written until then", () => {
    const known = facts(["c", 301]);
    expect(atEach(bodies, known, [99, 100, 199, 200, 300, 301, 999])).toEqual([
      ...[null, "a", "a", "b", "b", "c", "c"],
    ]);
  });

  it("is the current one after a backup was restored, though all bodies were uploaded then", () => {
    const restored = bodies.map((one) => ({ ...one, uploadedAt: 900 }));
    expect(atEach(restored, facts(["c", 301]), [301, 899, 900, 999])).toEqual(["c", "c", "c", "c"]);
  });

  it("is lost if a document of then is recorded, of which nothing is left", () => {
    const known = { ...facts(["c", 301]), wasWritten: true };
    expect(atEach(bodies, known, [99, 100])).toEqual(["lost", "a"]);
  });

  it("is told by the times of commits, where they are known, and not of uploads", () => {
    const known = facts(["c", 900], { a: 150, b: 600 });
    expect(atEach(bodies, known, [100, 150, 599, 600, 899, 900])).toEqual([
      ...[null, "a", "a", "b", "b", "c"],
    ]);
  });

  it("is none from a deletion to the next document", () => {
    const again = [body("a", 100, ""), body("b", 200, "a"), body("c", 400, "")];
    const known = facts(["c", 400], {}, { b: 300 });
    expect(atEach(again, known, [299, 300, 399, 400])).toEqual(["b", null, null, "c"]);
  });

  it("is none after a deletion that the sweep has noticed, and the document before", () => {
    expect(atEach(bodies, facts(null, {}, { c: 1000 }), [500, 999, 1000])).toEqual([
      "c",
      "c",
      null,
    ]);
  });

  it("is the last one of a deleted document if nothing says when that was", () => {
    expect(atEach(bodies, facts(null), [99, 299, 9999])).toEqual([null, "b", "c"]);
  });

  it("of several in one millisecond is the last: of those that follow each other, and the current one", () => {
    const same = [body("c", 100, "b"), body("a", 100, ""), body("b", 100, "a")];
    expect(atEach(same, facts(["c", 100]), [99, 100])).toEqual([null, "c"]);
    expect(atEach(same.slice(1), facts(null, {}, { b: 200 }), [100])).toEqual(["b"]);
    const unrelated = [body("b", 100), body("a", 100)];
    expect(atEach(unrelated, facts(["b", 100]), [100])).toEqual(["b"]);
  });

  it("before the first version that is left is none only if that is known to be the first one", () => {
    const followed = [body("b", 200, "a")];
    expect(atEach(followed, facts(["b", 200]), [199, 200])).toEqual(["lost", "b"]);
    expect(atEach([body("b", 200)], facts(["b", 200]), [199])).toEqual(["lost"]);
    expect(atEach([body("b", 200)], facts(["b", 200], {}, {}, true), [199])).toEqual([null]);
    expect(atEach([body("b", 200, "")], facts(["b", 200]), [199])).toEqual([null]);
  });

  it("written and deleted in one millisecond: it is gone", () => {
    expect(atEach([body("a", 100, "")], facts(null, {}, { a: 100 }), [99, 100])).toEqual([
      null,
      null,
    ]);
  });
});

describe("The versions of a document", () => {
  it("are listed the latest first, with the time until which each was the document", () => {
    const bodies = [body("b", 200, "a"), body("a", 100, ""), body("c", 400, "")];
    const known = facts(["c", 410], { a: 110 }, { b: 300 });
    const listed = pastVersions(bodies, known).map(
      ({ body: { version }, from, until, isExact }) => [version, from, until, isExact],
    );
    expect(listed).toEqual([
      ["c", 410, null, true],
      ["b", 200, 300, false],
      ["a", 110, 200, true],
    ]);
  });

  it("leave out a body that the next version did not replace", () => {
    const bodies = [body("a", 100, ""), body("dead", 200, "a"), body("b", 300, "a")];
    expect(versionsOf(bodies, facts(["b", 300]))).toEqual(["b", "a"]);
  });

  it("leave out a body that came long after the current one", () => {
    const bodies = [body("a", 100, ""), body("dead", 101 + GRACE_PERIOD_MS, "a")];
    expect(versionsOf(bodies, facts(["a", 100]))).toEqual(["a"]);
  });

  it("have one that was committed while another, which never was, was on its way", () => {
    const bodies = [
      body("x", 100, ""),
      body("a", 200, "x"),
      body("dead", 201, "x"),
      body("c", 300, "a"),
    ];
    expect(versionsOf(bodies, facts(["c", 300]))).toEqual(["c", "a", "x"]);
  });

  it("have those of bodies from before it was recorded what they replaced", () => {
    const bodies = [body("a", 100), body("b", 200), body("c", 300)];
    expect(versionsOf(bodies, facts(["c", 300]))).toEqual(["c", "b", "a"]);
  });

  it("are none if nothing is left", () => {
    expect(pastVersions([], facts(null))).toEqual([]);
    expect(versionAt([], facts(null), 100)).toBeNull();
  });
});

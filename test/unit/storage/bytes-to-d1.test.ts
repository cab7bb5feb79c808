/** What a change sends to D1, in bytes, at the limits of paths and headers. */

import { beforeAll, describe, expect, it } from "vitest";
import { MAX_DEPTH, MAX_PATH_BYTES } from "../../../src/core/path";
import { measureBytesToD1 } from "../../support/bytes-to-d1";
import { createUserWithApp, encodePath, type TestApp } from "../../support/provider";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

/** A path of so many levels and bytes, in names of this character. */
function pathOf(levels: number, bytes: number, character: string): string {
  const names = Array.from({ length: levels }, () => character.repeat(bytes / levels - 1));
  return `/${names.join("/")}`;
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

const longest = (levels: number): string => pathOf(levels, MAX_PATH_BYTES, "\u0001");

describe("What a change sends to D1", () => {
  it.each(["PUT", "DELETE"])("does not grow with the depth of a path: %s", async (method) => {
    const bytes: number[] = [];
    for (const levels of [4, MAX_DEPTH]) {
      const path = encodePath(longest(levels));
      if (method === "DELETE") await app.put(path, "x");
      const body = method === "PUT" ? { body: "x", headers: { "Content-Type": "text/plain" } } : {};
      const sent = await measureBytesToD1(() => app.request(method, path, body));
      expect(sent.result.ok).toBe(true);
      bytes.push(sum(sent.calls));
    }
    const [shallow, deep] = bytes as [number, number];
    expect(deep).toBeLessThan(1.1 * shallow);
  });

  it("is at most ten times the longest path, however its names are escaped", async () => {
    const short = await measureBytesToD1(() => app.put("/a", "x"));
    const long = await measureBytesToD1(() => app.put(encodePath(longest(MAX_DEPTH - 1)), "x"));
    // Six bytes for each control character, in each of three statements.
    expect(sum(long.calls) - sum(short.calls)).toBeLessThan(4 * 6 * MAX_PATH_BYTES);
  });

  it("at once is limited by bytes, however many changes wait", async () => {
    const paths = Array.from({ length: 24 }, (_, index) =>
      encodePath(`${longest(MAX_DEPTH).slice(0, -2)}${index}`),
    );
    const sent = await measureBytesToD1(() => Promise.all(paths.map((path) => app.put(path, "x"))));
    expect(new Set(sent.result.map(({ status }) => status))).toEqual(new Set([201]));
    expect(Math.max(...sent.calls)).toBeLessThan(512 * 1024);
  });

  it("at once is limited only by count for ordinary changes", async () => {
    const sent = await measureBytesToD1(() =>
      Promise.all(Array.from({ length: 33 }, (_, index) => app.put(`/notes/${index}`, "x"))),
    );
    // The first goes alone, the others wait for it.
    expect(sent.calls.length).toBeLessThanOrEqual(6);
  });
});

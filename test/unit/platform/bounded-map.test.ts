/** Maps with a limit. */

import { expect, it } from "vitest";
import { BoundedMap } from "../../../src/platform/bounded-map";

const filled = (): BoundedMap<string, number> =>
  new BoundedMap<string, number>(3).set("a", 1).set("b", 2).set("c", 3);

it("A new entry pushes out the one that was added first", () => {
  expect([...filled().set("d", 4)]).toEqual([
    ["b", 2],
    ["c", 3],
    ["d", 4],
  ]);
});

it("An entry that is set again pushes out none, and keeps its place", () => {
  const map = filled().set("a", 9);
  expect([...map]).toEqual([
    ["a", 9],
    ["b", 2],
    ["c", 3],
  ]);
  expect([...map.set("d", 4).keys()]).toEqual(["b", "c", "d"]);
});

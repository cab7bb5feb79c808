import { expect, it } from "vitest";
import { secondsToWait } from "../../../src/accounts/sign-in-throttle";

it.each([
  [0, 0],
  [3, 0],
  [4, 1],
  [5, 2],
  [12, 256],
  [13, 300],
  [1000, 300],
])("after %i wrong passwords, four of them free, the wait is %i s", (count, seconds) => {
  expect(secondsToWait({ count, lastAt: 5000 }, 4, 5000)).toBe(seconds);
});

it("the wait runs out", () => {
  expect(secondsToWait({ count: 6, lastAt: 5000 }, 4, 6001)).toBe(3);
  expect(secondsToWait({ count: 6, lastAt: 5000 }, 4, 9000)).toBe(0);
  expect(secondsToWait(undefined, 4, 9000)).toBe(0);
});

import { expect, it } from "vitest";
import {
  type FailedSignIns,
  secondsToWait,
} from "../../../src/accounts/passwords/sign-in-throttle";

const failures = (count: number): FailedSignIns => ({ count, lastAt: 5000 });

/** The wait of an address. */
const waitOf = (own: FailedSignIns | undefined, total: FailedSignIns | undefined, now = 5000) =>
  secondsToWait({ key: "203.0.113.1", isKnown: false }, { own, total }, now);

it.each([
  [1, 0],
  [3, 0],
  [4, 1],
  [5, 2],
  [12, 256],
  [13, 300],
  [1000, 300],
])("after %i wrong passwords, four of them free, the wait is %i s", (count, seconds) => {
  expect(waitOf(failures(count), failures(count))).toBe(seconds);
});

it("the wait runs out", () => {
  expect(waitOf(failures(6), failures(6), 6001)).toBe(3);
  expect(waitOf(failures(6), failures(6), 9000)).toBe(0);
  expect(waitOf(undefined, undefined, 9000)).toBe(0);
});

it.each([
  [49, 0],
  [50, 1],
  [52, 4],
  [1000, 300],
])(
  "after %i wrong passwords from all addresses, one that has failed waits %i s",
  (count, seconds) => {
    expect(waitOf(failures(1), failures(count))).toBe(seconds);
  },
);

it("the failures of others delay neither a new address nor a known browser", () => {
  expect(waitOf(undefined, failures(1000))).toBe(0);
  const browser = { key: "browser x", isKnown: true };
  expect(secondsToWait(browser, { own: failures(3), total: failures(1000) }, 5000)).toBe(0);
  expect(secondsToWait(browser, { own: failures(4), total: undefined }, 5000)).toBe(1);
});

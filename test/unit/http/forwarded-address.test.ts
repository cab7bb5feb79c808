/** The address of the client in the headers of a proxy: RFC 7239 §5.2, and X-Forwarded-For. */

import { expect, it } from "vitest";
import { forwardedAddress } from "../../../src/http/hosts";

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["192.0.2.1:4711", "192.0.2.1"],
  ["198.51.100.9, 192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:DB8::1", "2001:db8::1"],
  ["[2001:db8::1]:4711", "2001:db8::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["192.0.2.1, ", null],
  ["unknown", null],
  ["999.1.1.1", null],
  ["1.2.3", null],
  ["a", null],
  [":::", null],
])("X-Forwarded-For %j is %j", (value, address) => {
  expect(forwardedAddress(new Headers({ "X-Forwarded-For": value }))).toBe(address);
});

it.each([
  ["for=192.0.2.1;proto=https", "192.0.2.1"],
  ['proto=https;For="[2001:db8::1]:4711"', "2001:db8::1"],
  ["for=198.51.100.9, for=192.0.2.1", "192.0.2.1"],
  ["for=_hidden", null],
  ["proto=https", null],
])("Forwarded %j is %j", (value, address) => {
  expect(forwardedAddress(new Headers({ Forwarded: value }))).toBe(address);
});

it.each([
  ["the same address is that one", "for=192.0.2.1", "192.0.2.1:4711", "192.0.2.1"],
  // A proxy sets one of them, and passes on what the client has sent as the other.
  ["two addresses is none of them", "for=198.51.100.9", "192.0.2.1", null],
  ["one address is not that one", "for=unknown", "192.0.2.1", null],
])("both headers with %s", (_, forwarded, other, address) => {
  const headers = { Forwarded: forwarded, "X-Forwarded-For": other };
  expect(forwardedAddress(new Headers(headers))).toBe(address);
});

it("is null without either header", () => {
  expect(forwardedAddress(new Headers())).toBeNull();
});

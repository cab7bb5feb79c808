/** Which servers users may make the Worker ask: every way to write an address that is not public. */

import { describe, expect, it } from "vitest";
import { mayAsk } from "../../../src/copying/public-servers";
import type { Env } from "../../../src/env";

const isAllowed = (url: string, MOVE_IN_FROM = "public"): boolean => {
  const parsed = URL.parse(url);
  return parsed !== null && mayAsk(parsed, { MOVE_IN_FROM } as Env);
};

describe("A server may be asked", () => {
  it.each([
    "https://old.example/",
    "https://old.example:8443/",
    "https://old.example./",
    "https://bücher.example/",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
  ])("at %s", (url) => expect(isAllowed(url)).toBe(true));
});

describe("A server may not be asked", () => {
  it.each([
    "http://old.example/",
    "ftp://old.example/",
    "wss://old.example/",
    "https://user@old.example/",
    "https://user:password@old.example/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://printer.local/",
    "https://vault.internal/",
    "https://router.lan/",
    "https://x.home.arpa/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.169.254/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.0.0.1/",
    "https://192.168.1.1/",
    "https://198.18.0.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[100::1]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[2002:7f00:1::]/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
  ])("at %s", (url) => expect(isAllowed(url)).toBe(false));
});

it("The local server can be told otherwise, for http and https alone", () => {
  expect(isAllowed("http://127.0.0.1:8000/", "any")).toBe(true);
  expect(isAllowed("https://localhost/", "any")).toBe(true);
  expect(isAllowed("http://user@localhost/", "any")).toBe(false);
  expect(isAllowed("ftp://localhost/", "any")).toBe(false);
});

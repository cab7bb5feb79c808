/** What is no failure of the provider: faults of the network, rate limits, slowness, a provider that stops. */

import { describe, expect, it } from "vitest";
import { CASES, Session } from "../index.js";
import { FAULTS } from "./faults/index.js";
import { createTarget } from "./reference/target.js";

const one = (/** @type {string} */ id) =>
  /** @type {import("../run/case.js").Case} */ (CASES.find((testCase) => testCase.id === id));

const CASE = one("documents/put-stores-bytes");

/** A session at the reference server, whose requests pass through `around`; and the pauses it made. */
async function sessionWith(
  /** @type {(request: Request, handle: (request: Request) => Promise<Response>, count: number, signal: AbortSignal) => Promise<Response>} */ around,
  /** @type {import("../run/http.js").HttpOptions} */ options = {},
) {
  const { target, handle } = await createTarget();
  /** @type {number[]} */
  const pauses = [];
  let count = 0;
  const session = new Session(target, {
    fetch: (request, { signal }) => around(request, handle, ++count, signal),
    wait: async (ms) => void pauses.push(ms),
    ...options,
  });
  return { session, pauses, target };
}

const busy = (/** @type {HeadersInit} */ headers) => new Response(null, { status: 429, headers });
const broken = () =>
  Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));

describe("A fault of the network", () => {
  it("once is retried, in another folder", async () => {
    const { session } = await sessionWith((request, handle, count) =>
      count === 2 ? broken() : handle(request),
    );
    expect(await session.run(CASE)).toMatchObject({ outcome: "passed" });
  });

  it("twice leaves the case undecided, if the provider still answers", async () => {
    const { session } = await sessionWith((request, handle) =>
      request.method === "GET" ? broken() : handle(request),
    );
    expect(await session.run(CASE)).toMatchObject({
      outcome: "undecided",
      reason: "network",
      message: expect.stringContaining("ECONNRESET"),
    });
  });
});

describe("A provider that stops answering", () => {
  it("is asked some times, then all cases are undecided, and nothing is sent any more", async () => {
    let requests = 0;
    const { session, pauses } = await sessionWith((request, handle, count) => {
      requests = count;
      return count > 1 ? broken() : handle(request);
    });
    expect(await session.run(CASE)).toMatchObject({ outcome: "undecided", reason: "stopped" });
    expect(pauses).toHaveLength(3);
    const before = requests;
    expect(await session.run(one("documents/head"))).toMatchObject({
      outcome: "undecided",
      reason: "stopped",
      message: expect.stringContaining(CASE.id),
    });
    expect(await session.finish()).toEqual(session.folders);
    expect(requests).toBe(before);
  });
});

describe("A rate limit", () => {
  it("is honoured: the request is sent again after the time that the provider asks for", async () => {
    const { session, pauses } = await sessionWith(async (request, handle, count) =>
      count === 1 ? busy({ "Retry-After": "7" }) : handle(request),
    );
    expect(await session.run(CASE)).toMatchObject({ outcome: "passed" });
    expect(pauses).toEqual([7000]);
  });

  it("that lasts longer than the run waits leaves the case undecided", async () => {
    const { session, pauses } = await sessionWith(async () => busy({ "Retry-After": "50" }));
    expect(await session.run(CASE)).toMatchObject({ outcome: "undecided", reason: "rate-limited" });
    expect(pauses).toEqual([50_000, 50_000]);
  });
});

/** Never answers, until the request is given up. */
const hang = (/** @type {AbortSignal} */ signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));

describe("A slow answer", () => {
  it("once is no reason to leave the case undecided: a busy machine does that", async () => {
    const { session } = await sessionWith(
      (request, handle, count, signal) => (count === 2 ? hang(signal) : handle(request)),
      { timeLimitMs: 1_000 },
    );
    expect(await session.run(CASE)).toMatchObject({ outcome: "passed" });
  });

  it("twice is no failure", async () => {
    const { session } = await sessionWith(
      (request, handle, _, signal) => (request.method === "GET" ? hang(signal) : handle(request)),
      { timeLimitMs: 5 },
    );
    expect(await session.run(CASE)).toMatchObject({ outcome: "undecided", reason: "slow" });
  });

  it("after which the provider answers nothing else is the end of the run", async () => {
    let isHung = false;
    const { session } = await sessionWith(
      (request, handle, _, signal) => {
        isHung ||= request.method === "GET";
        return isHung ? hang(signal) : handle(request);
      },
      { timeLimitMs: 5 },
    );
    expect(await session.run(CASE)).toMatchObject({ outcome: "undecided", reason: "stopped" });
  });
});

it("A proxy that does not reach the provider is no failing provider", async () => {
  const { session } = await sessionWith(async (request, handle) =>
    request.method === "GET" ? new Response(null, { status: 502 }) : handle(request),
  );
  expect(await session.run(CASE)).toMatchObject({ outcome: "undecided", reason: "unavailable" });
});

describe("A run", () => {
  it("leaves documents as they are that were there before, and deletes its own", async () => {
    const { target, handle } = await createTarget();
    const url = `${target.storageRoot}/${target.module}/mine`;
    const headers = {
      Authorization: `Bearer ${target.tokens["*:rw"]}`,
      "Content-Type": "text/plain",
    };
    await handle(new Request(url, { method: "PUT", headers, body: "mine" }));
    const session = new Session(target, { fetch: handle, wait: async () => {} });
    for (const testCase of CASES) await session.run(testCase);
    expect(await session.finish()).toEqual([]);
    expect(await (await handle(new Request(url, { headers }))).text()).toBe("mine");
    const root = await handle(new Request(`${target.storageRoot}/`, { headers }));
    const module = await handle(
      new Request(`${target.storageRoot}/${target.module}/`, { headers }),
    );
    expect(Object.keys((await root.json()).items)).toEqual([`${target.module}/`]);
    expect(Object.keys((await module.json()).items)).toEqual(["mine"]);
  });

  it("without a token, an account or a dialog skips what needs them, with the reason", async () => {
    const { target, handle } = await createTarget();
    const { "conformance:rw": token } = target.tokens;
    const { other: _, grants: __, consent: ___, record: ____, ...rest } = target;
    const session = new Session(
      { ...rest, tokens: { "conformance:rw": token } },
      { fetch: handle },
    );
    const message = async (/** @type {string} */ id) => (await session.run(one(id))).message;
    expect(await message("scopes/other-account")).toBe("no second account");
    expect(await message("scopes/module-r")).toBe("no token that may only read the module");
    expect(await message("discovery/version")).toBe("the provider was not found by WebFinger");
    expect((await session.run(CASE)).outcome).toBe("passed");
  });

  it("tells apart what only newer drafts than the provider's demand", async () => {
    const { target, handle } = await createTarget(
      {},
      {
        "http://remotestorage.io/spec/version": "draft-dejong-remotestorage-22",
      },
    );
    const session = new Session(target, { fetch: handle });
    expect(target.draft).toBe(22);
    expect(await session.run(one("versions/no-cache-public"))).toMatchObject({ isNewer: true });
    expect(await session.run(one("versions/no-cache"))).toMatchObject({ isNewer: false });
  });

  it("shows requests and answers of a failure, but no secrets", async () => {
    const { target, handle } = await createTarget({ ifMatchHolds: () => true });
    const session = new Session(target, { fetch: handle });
    const { outcome, transcript = "" } = await session.run(one("preconditions/put-if-match-stale"));
    expect(outcome).toBe("failed");
    expect(transcript).toMatch(/> PUT \/storage\/alice\/conformance\/conformance-\w+\/case-1\/doc/);
    expect(transcript).toContain("> authorization: Bearer [redacted]");
    expect(transcript).toContain("< 200");
    for (const token of Object.values(target.tokens)) expect(transcript).not.toContain(token);
  });

  it("has no token in the sentence about a failure", async () => {
    const faults = FAULTS.filter(({ finds }) =>
      finds.some((id) => id === "tokens/in-query-of-writes" || id === "dialog/unknown-level"),
    );
    expect(faults.length).toBeGreaterThan(1);
    for (const { rules, properties, finds } of faults) {
      const { target, handle } = await createTarget(
        typeof rules === "function" ? rules() : rules,
        properties,
      );
      const session = new Session(target, { fetch: handle });
      for (const id of finds) {
        const { outcome, message = "" } = await session.run(one(id));
        expect(outcome).toBe("failed");
        expect(message).not.toContain("token-of-the-reference");
      }
    }
  });
});

/** Moving in while calls of the object fail, or requests to the old server, at every point. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { advanceClock, freezeClock, MINUTE_MS } from "../support/clock";
import { DistinctFaults } from "../support/distinct-faults";
import { withFault } from "../support/fault-injection";
import { FAULTS } from "../support/faults-at-each-call";
import { expectStored } from "../support/index-tree";
import { loadMove, loadReport, runMove, startMove } from "../support/moving";
import { documentsOf, type OldProvider, startOldProvider } from "../support/old-provider";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import { killObject, loadContents } from "../support/tasks";

let app: TestApp;
let old: OldProvider;

beforeEach(() => {
  freezeClock();
  old = startOldProvider({});
});

afterEach(() => userObject().controlMoveIn("cancel"));

const userObject = () => env.USERS.getByName(app.user);

const LARGE = "0123456789".repeat(20_000);

/** A document that is new, one where another is here, and a large one. */
const THEIRS = { "/notes/a": "theirs", "/notes/b": "2", "/work/large": LARGE };

const AFTER = {
  "/notes/a": "text/plain mine",
  "/notes/a (imported)": "text/x theirs",
  "/notes/b": "text/x 2",
  "/work/large": `text/x ${LARGE}`,
};

/** A move that is about to begin, of a fresh user. */
async function prepare(): Promise<void> {
  app = await createUserWithApp();
  await app.put("/notes/a", "mine");
  old.documents = documentsOf(THEIRS);
  old.trouble = () => undefined;
  await startMove(app, old, "both");
}

/** Expects that the move comes to its end, and has copied each document once. */
async function expectDone(context: string): Promise<void> {
  for (let waits = 0; (await runMove(app)).endedAt === null; waits++) {
    expect(waits, context).toBeLessThan(10);
    advanceClock(2 * MINUTE_MS);
  }
  const move = await loadMove(app);
  expect(move, context).toMatchObject({ state: "done", looked: { documents: 3, folders: 3 } });
  const { created, both, equal, replaced, kept, failed } = move.counts;
  expect([created + both + equal, replaced, kept, failed], context).toEqual([3, 0, 0, 0]);
  await expectStored(app.user, AFTER, context);
  expect((await loadReport(app)).filter(({ outcome }) => outcome !== "both")).toEqual([]);
}

let copy: { faults: DistinctFaults; requests: number } | null = null;

/** The calls of the alarm that copies everything, and how many requests the old server gets. */
async function countSteps(): Promise<{ faults: DistinctFaults; requests: number }> {
  if (copy) return copy;
  await prepare();
  old.requests.length = 0;
  const user = userObject();
  const faults = new DistinctFaults();
  faults.record(null, await withFault(null, () => runDurableObjectAlarm(user)));
  await expectDone("without a fault");
  expect(await loadContents(app)).toEqual(AFTER);
  copy = { faults, requests: old.requests.length };
  return copy;
}

/** A call that fails alone, after its effect, and with all that follow: others make no difference to the copy. */
const KINDS = FAULTS.filter(
  ({ kind, takesEffect, isPermanent }) =>
    kind === "lost" || (kind === "reset" && (takesEffect || isPermanent)),
);

describe("With a fault at each call of the copy, after which the object dies", () => {
  it.each(KINDS)("$title", async (kind) => {
    const { faults } = await countSteps();
    for (const [at] of faults.callsToBreak(kind)) {
      await prepare();
      const user = userObject();
      const fault = { ...kind, at };
      const run = await withFault(fault, () => runDurableObjectAlarm(user));
      await run.deliverLate();
      faults.record(fault, run);
      // Not in the middle of a stream: the tests' runtime would not survive that.
      await killObject(app);
      await userObject().controlMoveIn("resume");
      await expectDone(`${kind.title}, call ${at}`);
    }
  });
});

describe("With a fault at each request to the old server", () => {
  it.each<[string, (request: Request) => Promise<Response> | Response]>([
    ["no connection", () => Promise.reject(new Error("refused"))],
    ["500", () => new Response(null, { status: 500 })],
    ["503", () => new Response(null, { status: 503, headers: { "Retry-After": "1" } })],
    ["429", () => new Response(null, { status: 429 })],
    ["less than it says", () => new Response("{", { headers: { "Content-Length": "9" } })],
    ["the connection breaks", () => new Response(breaking(), { headers: { ETag: '"x"' } })],
  ])("%s", async (_, answer) => {
    const { requests } = await countSteps();
    for (let at = 0; at < requests; at++) {
      await prepare();
      let count = 0;
      old.trouble = (request) => (count++ === at ? answer(request) : undefined);
      await expectDone(`request ${at}`);
    }
  });

  it("leaves no bodies that no document has", async () => {
    await prepare();
    let count = 0;
    old.trouble = (_, path) =>
      path === "/work/large" && count++ < 3 ? new Response(breaking()) : undefined;
    await expectDone("the large document breaks three times");
    expect(await listBodyKeys(app.user)).toHaveLength(4);
  });
});

function breaking(): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
    pull: (controller) => controller.error(new Error("The connection is broken.")),
  });
}

/** Tasks whose object dies, or whose calls fail, at every point. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { TaskSpec } from "../../src/storage/tasks/task";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { DistinctFaults } from "../support/distinct-faults";
import { type Fault, type SeenCall, withFault } from "../support/fault-injection";
import { FAULTS } from "../support/faults-at-each-call";
import { expectStored } from "../support/index-tree";
import { killAtCall } from "../support/kill-at-call";
import { createUserWithApp, type TestApp } from "../support/provider";
import {
  finishTask,
  loadContents,
  loadEntries,
  loadTask,
  nextMoment,
  runTask,
  startTask,
  writeAll,
} from "../support/tasks";

/** A task on fresh documents, and what they are before and after it. */
interface Case {
  app: TestApp;
  spec: TaskSpec;
  before: Record<string, string>;
  after: Record<string, string>;
}

const FIRST = { "/notes/a": "1", "/notes/b": "1", "/work/x": "1" };
const THEN = { "/notes/a": "2", "/notes/b": null, "/notes/c": "2" };
const CONTENTS_FIRST = {
  "/notes/a": "text/plain 1",
  "/notes/b": "text/plain 1",
  "/work/x": "text/plain 1",
};
const CONTENTS_THEN = {
  "/notes/a": "text/plain 2",
  "/notes/c": "text/plain 2",
  "/work/x": "text/plain 1",
};

const MOVE: TaskSpec = { kind: "move", moves: [{ from: "/notes/", to: "/moved/" }] };

async function movingAFolder(): Promise<Case> {
  const app = await createUserWithApp();
  await writeAll(app, FIRST);
  const after = {
    "/moved/a": "text/plain 1",
    "/moved/b": "text/plain 1",
    "/work/x": "text/plain 1",
  };
  return { app, spec: MOVE, before: CONTENTS_FIRST, after };
}

async function movingADocument(): Promise<Case> {
  const app = await createUserWithApp();
  await writeAll(app, { "/notes/a": "1" });
  const [before, after] = [{ "/notes/a": "text/plain 1" }, { "/moved/a": "text/plain 1" }];
  return { app, spec: MOVE, before, after };
}

async function goingBack(): Promise<Case> {
  const app = await createUserWithApp();
  await writeAll(app, FIRST);
  const at = await nextMoment();
  await writeAll(app, THEN);
  const spec = { kind: "go-back", folder: "/notes/", at } as const;
  return { app, spec, before: CONTENTS_THEN, after: CONTENTS_FIRST };
}

const CASES: Record<string, () => Promise<Case>> = {
  "going back": goingBack,
  "moving a folder": movingAFolder,
  "undoing a move": async () => {
    const { app, spec, before, after } = await movingAFolder();
    const { id } = await runTask(app, spec);
    return { app, spec: { kind: "undo", task: id }, before: after, after: before };
  },
  deleting: async () => {
    const app = await createUserWithApp();
    await writeAll(app, FIRST);
    const after = { "/work/x": "text/plain 1" };
    return { app, spec: { kind: "delete", paths: ["/notes/"] }, before: CONTENTS_FIRST, after };
  },
  restoring: async () => {
    const app = await createUserWithApp();
    await writeAll(app, FIRST);
    await writeAll(app, { "/notes/a": null, "/notes/b": null });
    const spec = { kind: "restore", module: "notes", paths: null } as const;
    return { app, spec, before: { "/work/x": "text/plain 1" }, after: CONTENTS_FIRST };
  },
};

/**
 * Expects that a task has done all that it was to do, has logged it, and can be undone. Returns the id of the task that
 * has undone it.
 */
async function expectDone(
  { app, before, after }: Case,
  id: string,
  context: string,
): Promise<string> {
  expect(await finishTask(app, id), context).toMatchObject({
    state: "done",
    counts: { conflicts: 0, failed: 0 },
  });
  await expectStored(app.user, after, context);
  const paths = (await loadEntries(app, id)).map(({ path }) => path);
  expect(new Set(paths).size, `${context}: ${paths}`).toBe(paths.length);
  const undo = await runTask(app, { kind: "undo", task: id });
  expect(undo.counts, context).toMatchObject({ conflicts: 0, failed: 0 });
  await expectStored(app.user, before, context);
  return undo.id;
}

/** Breaks a task at a call. Returns the calls that it has made until it ended or was killed. */
type BreakTask = (app: TestApp, fault: Fault) => Promise<SeenCall[]>;

/**
 * Breaks a task at its first call, then at its second, and so on, until it makes fewer calls, and expects each
 * time that it is done in the end. Leaves out all but the first call where an earlier fault was the same.
 */
async function breakAtEachCall(
  prepare: () => Promise<Case>,
  kind: Omit<Fault, "at">,
  distinct: DistinctFaults,
  breakTask: BreakTask,
): Promise<void> {
  const taskCase = await prepare();
  const { app } = taskCase;
  let { spec } = taskCase;
  let at = 0;
  for (let isReached = true; isReached; at++) {
    const fault = { ...kind, at };
    if (at > 0 && distinct.isKnown(fault)) continue;
    advanceClock(2 * MINUTE_MS);
    const id = await startTask(app, spec);
    const seenCalls = await breakTask(app, fault);
    distinct.record(fault, { seenCalls });
    isReached = seenCalls.length > at;
    if (!isReached) {
      expect(await loadTask(app, id)).toMatchObject({ state: "done" });
      expect(await loadContents(app)).toEqual(taskCase.after);
    }
    advanceClock(2 * MINUTE_MS);
    await env.USERS.getByName(app.user).controlTask(id, "resume");
    const undo = await expectDone(taskCase, id, `call ${at}`);
    expect(await loadTask(app, id)).toMatchObject({ undoneBy: undo });
    // The next task has the same documents as this one, which is undone. An undo is not done twice.
    if (spec.kind === "undo") spec = { kind: "undo", task: undo };
  }
  expect(at).toBeGreaterThan(4);
}

describe.each(Object.entries(CASES))("An object that dies while %s", (_, prepare) => {
  const distinct = new DistinctFaults();
  it.each([false, true])("at each call, which has taken effect: %s", (takesEffect) =>
    breakAtEachCall(prepare, { kind: "lost", takesEffect }, distinct, (app, { at }) =>
      killAtCall(app, at, takesEffect),
    ),
  );
});

/** Without silent calls: the timers of an object cannot be made to fire early from outside of it. */
const KINDS = FAULTS.filter(({ kind }) => kind !== "silent");

describe.each([
  ["going back", goingBack],
  ["moving a document", movingADocument],
] as const)("With a fault at each call while %s", (_, prepare) => {
  const distinct = new DistinctFaults();
  it.each(KINDS)("$title", (kind) =>
    breakAtEachCall(prepare, kind, distinct, async ({ user }, fault) => {
      const object = env.USERS.getByName(user);
      const { seenCalls, deliverLate } = await withFault(fault, () =>
        runDurableObjectAlarm(object),
      );
      await deliverLate();
      return seenCalls;
    }),
  );
});

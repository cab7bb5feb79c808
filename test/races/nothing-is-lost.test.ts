/** Random histories in which calls fail and the user's object dies: nothing is lost that the bin does not show. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, inject, it, vi } from "vitest";
import type { TaskSpec } from "../../src/storage/tasks/task";
import { advanceClock, DAY_MS } from "../support/clock";
import { withDeadline } from "../support/deadline";
import { withFault } from "../support/fault-injection";
import { FAULTS } from "../support/faults-at-each-call";
import { killAtCall } from "../support/kill-at-call";
import { createUserWithApp, type TestApp } from "../support/provider";
import {
  finishTask,
  killObject,
  loadBin,
  loadContents,
  nextMoment,
  runTask,
  startTask,
} from "../support/tasks";

declare module "vitest" {
  interface ProvidedContext {
    /** TASK_STEPS in the environment: how many steps the histories have together. */
    taskSteps: string | undefined;
    /** TASK_SEED: another seed, to search on, or to reproduce a failure. */
    taskSeed: string | undefined;
  }
}

const STEPS = Number(inject("taskSteps") || 70);
const SEED = Number(inject("taskSeed") || 1);

/** Each history is that of an account of its own. */
const STEPS_PER_HISTORY = 14;

/** Longer than what a step waits for may take, which has deadlines of its own that say more. */
const STEP_MS = 5 * 60_000;

const PATHS = ["/notes/a", "/notes/b", "/notes/c/d", "/work/x", "/public/notes/p"];
const MODULES = ["notes", "work"];

/** Without silent calls: the timers of an object cannot be made to fire early from outside of it. */
const KINDS = FAULTS.filter(({ kind }) => kind !== "silent");

/** What goes wrong at one of the calls. */
type Trouble =
  | { kind: "none" }
  | { kind: "fault"; fault: (typeof KINDS)[number]; at: number }
  | { kind: "kill"; at: number; takesEffect: boolean };

type TaskKind = "delete" | "move" | "restore" | "go-back" | "undo";

/** `number` chooses among what there is by then. */
type Step =
  | { kind: "write"; path: string; isDeletion: boolean; trouble: Trouble }
  | { kind: "task"; task: TaskKind; number: number; trouble: Trouble }
  | { kind: "kill" };

const NO_TROUBLE = fc.constant<Trouble>({ kind: "none" });
const FAULT: fc.Arbitrary<Trouble> = fc.record({
  kind: fc.constant("fault"),
  fault: fc.constantFrom(...KINDS),
  at: fc.nat(12),
});
const KILL: fc.Arbitrary<Trouble> = fc.record({
  kind: fc.constant("kill"),
  at: fc.nat(16),
  takesEffect: fc.boolean(),
});

const WRITE: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("write" as const),
  path: fc.constantFrom(...PATHS),
  isDeletion: fc.constantFrom(false, false, true),
  trouble: fc.oneof(NO_TROUBLE, FAULT),
});
const TASK: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("task" as const),
  task: fc.constantFrom<TaskKind[]>("delete", "move", "restore", "go-back", "undo"),
  number: fc.nat(20),
  trouble: fc.oneof(FAULT, KILL),
});
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: WRITE },
  { weight: 6, arbitrary: TASK },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "kill" }) },
);

/** An account, and what its documents have been. */
class History {
  readonly #app: TestApp;
  /** Of each path that ever was a document: its last content, and what was written since without an answer. */
  readonly #last = new Map<string, string[]>();
  readonly #moments: number[] = [];
  readonly #tasks: string[] = [];
  #writes = 0;

  constructor(app: TestApp) {
    this.#app = app;
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "write") await this.#write(step);
    else if (step.kind === "task") await this.#task(step);
    else await killObject(this.#app);
    for (const [path, content] of Object.entries(await loadContents(this.#app))) {
      this.#last.set(path, [content]);
    }
    this.#moments.push(await nextMoment());
  }

  async #write({ path, isDeletion, trouble }: Step & { kind: "write" }): Promise<void> {
    const content = `write ${this.#writes++}`;
    const send = () => (isDeletion ? this.#app.delete(path) : this.#app.put(path, content));
    const { result } = await withFault(faultOf(trouble), send);
    if (result.status >= 500 && !isDeletion) {
      this.#last.get(path)?.push(`text/plain ${content}`);
    }
  }

  async #task({ task, number, trouble }: Step & { kind: "task" }): Promise<void> {
    const id = await startTask(this.#app, this.#specOf(task, number));
    this.#tasks.push(id);
    const object = env.USERS.getByName(this.#app.user);
    if (trouble.kind === "kill") await killAtCall(this.#app, trouble.at, trouble.takesEffect);
    else await withFault(faultOf(trouble), () => runDurableObjectAlarm(object));
    // As if the pause before the next attempt were over.
    const again = env.USERS.getByName(this.#app.user);
    await runInDurableObject(again, (_, { storage }) => storage.kv.delete("task-failures"));
    await again.controlTask(id, "resume");
    expect(await finishTask(this.#app, id)).toMatchObject({ state: "done" });
  }

  #specOf(kind: TaskKind, number: number): TaskSpec {
    const folder = number % 2 === 0 ? "/notes/" : "/";
    const path = PATHS[number % PATHS.length] as string;
    const undone = this.#tasks[number % this.#tasks.length];
    switch (kind) {
      case "delete":
        return { kind, paths: [number % 3 === 0 ? "/notes/" : path] };
      case "move":
        return { kind, moves: [{ from: path, to: `/work/moved-${number}` }] };
      case "restore":
        return { kind, module: MODULES[number % MODULES.length] as string, paths: null };
      case "go-back":
        return { kind, folder, at: this.#moments[number % this.#moments.length] ?? Date.now() };
      case "undo":
        return undone === undefined ? { kind: "delete", paths: [path] } : { kind, task: undone };
    }
  }

  /** Expects that the bin shows each document that is gone, as it was last, and brings it back. */
  async expectNothingLost(): Promise<void> {
    await killObject(this.#app);
    advanceClock(2 * DAY_MS);
    // The sweep notices the deletions of which the journal was lost.
    await runDurableObjectAlarm(env.USERS.getByName(this.#app.user));
    const before = await loadContents(this.#app);
    const bins = await Promise.all(MODULES.map((module) => loadBin(this.#app, module)));
    const shown = new Set([...Object.keys(before), ...bins.flat().map(({ path }) => path)]);
    expect([...this.#last.keys()].filter((path) => !shown.has(path))).toEqual([]);
    for (const module of MODULES) {
      const restored = await runTask(this.#app, { kind: "restore", module, paths: null });
      expect(restored).toMatchObject({ state: "done", counts: { failed: 0 } });
    }
    const contents = await loadContents(this.#app);
    for (const [path, last] of this.#last) {
      expect(last, `${path} is ${contents[path]}`).toContain(contents[path]);
    }
  }
}

const faultOf = (trouble: Trouble) =>
  trouble.kind === "fault" ? { ...trouble.fault, at: trouble.at } : null;

/** Rejects with the steps so far, also if one of them does not end. */
async function runHistory(steps: Step[]): Promise<void> {
  const lines: string[] = [];
  try {
    const history = new History(await createUserWithApp());
    for (const step of steps) {
      lines.push(JSON.stringify(step));
      await withDeadline(`Step ${lines.length}`, history.step(step), STEP_MS);
    }
    await withDeadline("Bringing everything back", history.expectNothingLost(), STEP_MS);
  } catch (error) {
    throw new Error(`after ${lines.join("\n")}\n\n${(error as Error).stack}`);
  } finally {
    // The next history begins with the clock that R2 has.
    vi.useRealTimers();
  }
}

it(
  "whatever fails and whenever the object dies, each document is there or comes back from the bin",
  async () => {
    const steps = fc.array(STEP, { minLength: STEPS_PER_HISTORY, maxLength: STEPS_PER_HISTORY });
    const { failed, errorInstance } = await fc.check(fc.asyncProperty(steps, runHistory), {
      seed: SEED,
      numRuns: Math.ceil(STEPS / STEPS_PER_HISTORY),
      endOnFailure: true,
    });
    if (failed) throw new Error(`with TASK_SEED=${SEED}, ${(errorInstance as Error).message}`);
  },
  600_000 + STEPS * 1000,
);

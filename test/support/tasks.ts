/** Runs tasks of a user's object, and shows what documents and versions an account has. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { DeletionFact } from "../../src/storage/tasks/journal";
import type { Task, TaskEntry, TaskSpec } from "../../src/storage/tasks/task";
import { advanceClock } from "./clock";
import { encodePath, type TestApp } from "./provider";
import { accountId } from "./rows";

const OUTCOMES: TaskEntry["outcome"][] = [
  "created",
  "replaced",
  "deleted",
  "moved",
  "conflict",
  "failed",
];

const userObject = ({ user }: TestApp) => env.USERS.getByName(user);

/** Starts a task of the app's user. Returns its id. */
export async function startTask(app: TestApp, spec: TaskSpec, isPreview = false): Promise<string> {
  const owner = { account: await accountId(app.user), user: app.user };
  const id = await userObject(app).startTask(owner, spec, isPreview);
  if (id === null) throw new Error("Too many tasks have not ended.");
  return id;
}

/** The state of a task. */
export async function loadTask(app: TestApp, id: string): Promise<Task> {
  const task = await userObject(app).getTask(id);
  if (task === null) throw new Error("There is no such task.");
  return task;
}

/** Runs the alarms of the user's object until a task has ended, and returns it. */
export async function finishTask(app: TestApp, id: string): Promise<Task> {
  for (let runs = 0; runs < 500; runs++) {
    const task = await loadTask(app, id);
    if (task.endedAt !== null) return task;
    await runDurableObjectAlarm(userObject(app));
  }
  throw new Error("The task does not end.");
}

/** Starts a task and runs it to its end. */
export const runTask = async (app: TestApp, spec: TaskSpec, isPreview = false): Promise<Task> =>
  finishTask(app, await startTask(app, spec, isPreview));

/** The whole log of a task, sorted by path. */
export async function loadEntries(app: TestApp, id: string): Promise<TaskEntry[]> {
  const { entries: count } = await loadTask(app, id);
  const { entries, next } = await userObject(app).findTaskEntries(id, OUTCOMES, 0, count + 1);
  expect([entries.length, next]).toEqual([count, null]);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The paths and outcomes in the log of a task. */
export const loadOutcomes = async (app: TestApp, id: string): Promise<string[]> =>
  (await loadEntries(app, id)).map(({ path, outcome, code }) =>
    [path, outcome, ...(code === undefined ? [] : [code])].join(" "),
  );

/** The types and contents of all documents, by path. */
export async function loadContents(app: TestApp): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  const paths = Object.keys(await app.tree()).filter((path) => !path.endsWith("/"));
  for (const path of paths.sort()) {
    const response = await app.get(encodePath(path));
    const bytes = Buffer.from(await response.arrayBuffer());
    contents[path] = `${response.headers.get("content-type")} ${bytes}`;
  }
  return contents;
}

/** Writes documents one after the other: null deletes one. */
export async function writeAll(
  app: TestApp,
  contents: Record<string, string | null>,
): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    const response = await (content === null ? app.delete(path) : app.put(path, content));
    expect(response.status, path).toBeLessThan(300);
  }
}

/** The deletions that the bin of a module shows. */
export const loadBin = (app: TestApp, module: string): Promise<DeletionFact[]> =>
  userObject(app).deletions(module, "/", null, 1000);

/** Ends the instance of the user's object. What it had not stored is lost. */
export async function killObject(app: TestApp): Promise<void> {
  const reason = "The object was killed.";
  await runInDurableObject(userObject(app), (_, state) => state.abort(reason)).catch(
    (error: Error) => {
      if (!error.message.includes(reason)) throw error;
    },
  );
}

/** A moment after all changes that were made, and before all that follow, in milliseconds since 1970. */
export async function nextMoment(): Promise<number> {
  // A clock that was advanced stands still, and each commit is a millisecond later than the one before.
  const isStill = vi.isFakeTimers();
  const moment = Date.now() + (isStill ? 1000 : 1);
  if (isStill) advanceClock(1001);
  while (Date.now() <= moment) await scheduler.wait(1);
  return moment;
}

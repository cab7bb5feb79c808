/** Tasks and uploads: as many tasks as are remembered, with the longest paths, and a long log. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  subjectOf,
  type Task,
  type TaskEntry,
  type TaskSpec,
} from "../../../src/storage/tasks/task";
import { TaskStore } from "../../../src/user-object/task-store";
import { createUser, ORIGIN, type TestUser } from "../../support/provider";
import { accountId } from "../../support/rows";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";

/** What a page of entries has, of the longest paths in characters that take six bytes in HTML. */
const PAGE_OF_PATHS = { bytesSent: 2_000_000 };

/** The same, and the tasks that are remembered, with as many paths as may be chosen. */
const ALL_TASKS = { ...PAGE_OF_PATHS, rowsRead: 400 };

const LONG_NAME = '"'.repeat(3900);

const taskId = (number: number): string => `${String(number).padStart(15, "0")}-${"t".repeat(22)}`;

/** A user with `tasks` tasks that have ended, and a log of the first one. */
async function userWithTasks(tasks: number, entries: number, name: string): Promise<TestUser> {
  const user = await createUser();
  const account = await accountId(user.name);
  const paths = Array.from({ length: Math.ceil(128_000 / 3910) }, (_, i) => `/${i}/${name}`);
  const spec: TaskSpec = { kind: "delete", paths };
  const task: Omit<Task, "id"> = {
    ...{ account, user: user.name, spec, subject: subjectOf(spec), isPreview: false },
    ...{ state: "running", startedAt: 1, endedAt: null, looked: entries, total: entries, bytes: 1 },
    counts: { created: 0, replaced: 0, deleted: entries - 1, moved: 0, conflicts: 0, failed: 1 },
    ...{ undoneBy: null, cursor: null, entries },
  };
  const deleted = {
    path: `/notes/${name}`,
    outcome: "deleted",
    bytes: 1,
    before: null,
    after: null,
  };
  const log = Array.from({ length: entries - 1 }, () => deleted as TaskEntry);
  await runInDurableObject(env.USERS.getByName(user.name), (_, { storage }) => {
    const store = new TaskStore(storage);
    for (let i = 0; i < tasks; i++) {
      store.add({ ...task, id: taskId(i) });
      store.end(taskId(i), "done", 2);
    }
    store.log.append(taskId(0), 0, [...log, { ...deleted, outcome: "failed", code: "clash" }]);
  });
  return user;
}

const withTasks = (size: "ordinary" | "largest"): Promise<TestUser> =>
  size === "ordinary" ? userWithTasks(3, 5, "a") : userWithTasks(100, 600, LONG_NAME);

/** The users for requests that change nothing. */
const readers: Partial<Record<"ordinary" | "largest", TestUser>> = {};

const get =
  (path: string, size: "ordinary" | "largest"): Step =>
  async () => {
    readers[size] ??= await withTasks(size);
    const { cookie } = readers[size];
    return ({ send }) => send(path, { headers: { Cookie: cookie, Accept: "text/html" } });
  };

const post =
  (path: string, fields: [string, string][], user: () => Promise<{ cookie: string }>): Step =>
  async () => {
    const { cookie } = await user();
    return ({ send }) =>
      send(path, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { Cookie: cookie, Origin: ORIGIN, Accept: "text/html" },
      });
  };

const put =
  (path: string, body: string, { cookie }: { cookie: string }): Step =>
  () =>
  ({ send }) =>
    send(path, { method: "PUT", body, headers: { Cookie: cookie, Origin: ORIGIN } });

/** All cases of tasks and uploads, by route. */
export function tasksCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const page = `/tasks/${taskId(0)}`;
  const chosen = Array.from({ length: 500 }, (_, i): [string, string] => [
    "path",
    `/notes/${String(i).padEnd(200, "x")}/`,
  ]);
  return [
    {
      route: "GET /tasks",
      ordinary: get("/tasks", "ordinary"),
      worst: get("/tasks", "largest"),
      mayGrow: ALL_TASKS,
    },
    {
      route: "GET /tasks/:id",
      ordinary: get(page, "ordinary"),
      worst: get(`${page}?show=all`, "largest"),
      mayGrow: PAGE_OF_PATHS,
    },
    {
      route: "GET /tasks/:id/progress",
      ordinary: get(`${page}/progress`, "ordinary"),
      worst: get(`${page}/progress?x=${LONG_NAME}`, "largest"),
    },
    {
      route: "POST /tasks",
      ordinary: post(
        "/tasks",
        [
          ["action", "delete"],
          ["path", "/notes/a"],
        ],
        () => withTasks("ordinary"),
      ),
      worst: post("/tasks", [["action", "delete"], ...chosen], () => withTasks("largest")),
      // The index says how many documents are in each of twenty folders.
      mayGrow: { queries: 24, rowsRead: 400 },
    },
    {
      route: "POST /tasks/:id",
      ordinary: post(page, [["action", "undo"]], () => withTasks("ordinary")),
      worst: post(page, [["action", "undo"]], () => withTasks("largest")),
    },
    {
      route: "PUT /files/*",
      ordinary: put("/files/notes/uploaded.txt", "x", ordinary),
      worst: put(
        `/files/${"deep/".repeat(63)}${"%F0%9F%99%88".repeat(60)}`,
        "x".repeat(100_000),
        largest,
      ),
      // A row for each folder above, as for a PUT of an app.
      mayGrow: { rowsRead: 1000, rowsWritten: 200 },
    },
  ];
}

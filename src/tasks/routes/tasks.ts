/** Routes of tasks: /tasks. */

import { Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { withCallTimeout, withRetry } from "../../platform/retry";
import type { Task, TaskEntry, TaskState } from "../../storage/tasks/task";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { languageOf, messagesFor } from "../../ui/language";
import { loadPage } from "../../ui/paging";
import { TASK_MESSAGES } from "../messages";
import { taskPage } from "../pages/task";
import type { LogFilter, LogPage } from "../pages/task-log";
import { tasksPage } from "../pages/tasks";
import { startUserTask } from "../start-task";
import { possibleActions, type TaskAction } from "../task-actions";
import { parseTaskForm } from "../task-form";
import { filePagePath, TASKS_PATH, taskPagePath } from "../task-paths";
import { describeProgress, describeResult } from "../task-result";

export const taskRoutes = new Hono<{ Bindings: Env }>();

taskRoutes.use("/tasks/*", requireSignIn);

taskRoutes.get("/tasks", async (c) => {
  const { account } = c.var.session;
  const own = (await listUserTasks(c)).filter((task) => task.account === account.id);
  const load = async (after: string, limit: number) =>
    own.filter(({ id }) => after === "" || id < after).slice(0, limit);
  return tasksPage(c, account, await loadPage(c, load, ({ id }) => id));
});

/** Deletes, moves or renames documents and folders. */
taskRoutes.post("/tasks", async (c) => {
  const parsed = parseTaskForm(await readForm(c));
  if ("value" in parsed) return startUserTask(c, parsed.value, Date.now());
  const { problem: title, problems, back } = messagesFor(c, TASK_MESSAGES);
  const link = { href: formPage(c), text: back };
  return errorPage(c, 400, { title, sentence: problems[parsed.problem] }, link);
});

taskRoutes.get("/tasks/:id", async (c) => {
  const task = await findTask(c, c.req.param("id"));
  if (task === null) return taskNotFound(c);
  const { spec } = task;
  const undone = spec.kind === "undo" ? await findTask(c, spec.task) : null;
  return taskPage(c, c.var.session.account, { task, undone, log: await loadLog(c, task) });
});

/** How far a task has come, for the script of its page. */
taskRoutes.get("/tasks/:id/progress", async (c) => {
  const task = await findTask(c, c.req.param("id"));
  if (task === null) return taskNotFound(c);
  const { state, looked, total } = task;
  const language = languageOf(c);
  const text = [describeProgress(language, task), ...describeResult(language, task)].join(" ");
  return c.json({ state, looked, total, text });
});

taskRoutes.post("/tasks/:id", async (c) => {
  const task = await findTask(c, c.req.param("id"));
  if (task === null) return taskNotFound(c);
  const chosen = (await readForm(c)).get("action");
  const action = possibleActions(task).find((possible) => possible === chosen);
  // The state has changed since the page was shown: it shows what is possible now.
  if (action === undefined) return c.redirect(taskPagePath(task.id), 303);
  return performTaskAction(c, task, action);
});

async function performTaskAction(
  c: HonoContext,
  { id, spec }: Task,
  action: TaskAction,
): Promise<Response> {
  const now = Date.now();
  switch (action) {
    case "do":
      return startUserTask(c, spec, now);
    case "undo":
      return startUserTask(c, { kind: "undo", task: id }, now, { undone: spec });
    default:
      await withCallTimeout<void>(userObject(c).controlTask(id, action));
      return c.redirect(taskPagePath(id), 303);
  }
}

const userObject = (c: HonoContext) => c.env.USERS.getByName(c.var.session.account.name);

const listUserTasks = (c: HonoContext): Promise<TaskState[]> =>
  withRetry<TaskState[]>(() => userObject(c).listTasks());

/** The form of a task's id; the key that is made of it must not be longer than the object takes. */
const TASK_ID_PATTERN = /^\d{15}-[\w-]{22}$/;

/** A task of the signed-in user. */
async function findTask(c: HonoContext, id: string): Promise<Task | null> {
  if (!TASK_ID_PATTERN.test(id)) return null;
  const task = await withRetry<Task | null>(() => userObject(c).getTask(id));
  return task?.account === c.var.session.account.id ? task : null;
}

function taskNotFound(c: HonoContext): HandlerResponse {
  const { notFound, allTasks } = messagesFor(c, TASK_MESSAGES);
  return errorPage(c, 404, notFound, { href: TASKS_PATH, text: allTasks });
}

/** Entries of a log on one page. */
const LOG_PAGE_SIZE = 50;

const ALL_OUTCOMES = ["created", "replaced", "deleted", "moved", "conflict", "failed"] as const;

const OUTCOMES_BY_FILTER: Record<LogFilter, readonly TaskEntry["outcome"][]> = {
  all: ALL_OUTCOMES,
  problems: ["conflict", "failed"],
  created: ["created"],
  replaced: ["replaced"],
  deleted: ["deleted"],
  moved: ["moved"],
};

/** The part of the log that the query asks for; by default what was not changed, if there is such. */
async function loadLog(c: HonoContext, { id, counts, entries }: Task): Promise<LogPage> {
  const asked = c.req.query("show") ?? "";
  const usual: LogFilter = counts.conflicts + counts.failed > 0 ? "problems" : "all";
  const filter = Object.hasOwn(OUTCOMES_BY_FILTER, asked) ? (asked as LogFilter) : usual;
  if (entries === 0) return { filter, entries: [], next: null };
  const [from = "0"] = /^\d{1,9}$/.exec(c.req.query("after") ?? "") ?? [];
  const outcomes = [...OUTCOMES_BY_FILTER[filter]];
  const page = await withRetry<Omit<LogPage, "filter">>(() =>
    userObject(c).findTaskEntries(id, outcomes, Number(from), LOG_PAGE_SIZE),
  );
  return { filter, ...page };
}

/** The pages that have such a form. */
const FORM_PAGE = /^\/(?:files|bin|versions)\//;

/** The page from which a form was sent, if the browser says so. */
function formPage(c: HonoContext): string {
  const referrer = URL.parse(c.req.header("referer") ?? "");
  return referrer !== null && FORM_PAGE.test(referrer.pathname)
    ? referrer.pathname + referrer.search
    : filePagePath("/");
}

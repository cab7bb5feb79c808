/** Starts tasks of the signed-in user. */

import { recordActivity } from "../accounts/activity";
import type { HonoContext } from "../http/context";
import { withCallTimeout } from "../platform/retry";
import { subjectOf, type TaskSpec } from "../storage/tasks/task";
import { errorPage } from "../ui/error-pages";
import { messagesFor } from "../ui/language";
import { TASK_MESSAGES } from "./messages";
import { summarizePaths, TASKS_PATH, taskPagePath } from "./task-paths";

interface StartOptions {
  /** Only counts and lists what the task would do; nothing is recorded then. */
  isPreview?: boolean;
  /** The task that is taken back, whose paths the activity log names. */
  undone?: TaskSpec;
}

/**
 * Starts a task in the user's object, records it in the activity log, and redirects to its page. The
 * session must be in the context (`requireSignIn`). Answers 429 if too many tasks have not ended.
 */
export async function startUserTask(
  c: HonoContext,
  spec: TaskSpec,
  now: number,
  { isPreview = false, undone = spec }: StartOptions = {},
): Promise<Response> {
  const { account } = c.var.session;
  const owner = { account: account.id, user: account.name };
  // A repetition would start a second one.
  const started = c.env.USERS.getByName(account.name).startTask(owner, spec, isPreview);
  const id = await withCallTimeout<string | null>(started);
  if (id === null) {
    const { tooMany, title } = messagesFor(c, TASK_MESSAGES);
    return errorPage(c, 429, tooMany, { href: TASKS_PATH, text: title });
  }
  if (!isPreview) {
    const event = {
      kind: "task-started",
      task: spec.kind,
      path: summarizePaths(subjectOf(undone)),
    } as const;
    await recordActivity(c.env.DB, account.id, event, now);
  }
  return c.redirect(taskPagePath(id), 303);
}

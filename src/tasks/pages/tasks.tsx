/** The list of tasks. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { TaskState } from "../../storage/tasks/task";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { DateTime } from "../../ui/time";
import { TASK_MESSAGES } from "../messages";
import { summarizePaths, taskPagePath } from "../task-paths";
import { describeProgress, describeResult } from "../task-result";
import { taskTitle } from "./task";

/** Shows the tasks that are remembered, the latest first. */
export function tasksPage(
  c: HonoContext,
  user: Account,
  { items: tasks, next }: ListPage<TaskState>,
): HandlerResponse {
  const messages = messagesFor(c, TASK_MESSAGES);
  return renderPage(
    c,
    { title: messages.title, user },
    <section>
      <h1>{messages.title}</h1>
      <p>{messages.about}</p>
      {tasks.length === 0 ? (
        <p>{messages.none}</p>
      ) : (
        <ul class="list">
          {tasks.map((task) => (
            <TaskItem c={c} task={task} />
          ))}
        </ul>
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const TaskItem = ({ c, task }: { c: HonoContext; task: TaskState }) => {
  const { states } = messagesFor(c, TASK_MESSAGES);
  const language = languageOf(c);
  const paths = summarizePaths(task.subject);
  const sentences = [
    ...(task.endedAt === null ? [describeProgress(language, task)] : []),
    ...describeResult(language, task),
  ];
  return (
    <li>
      <div>
        <a href={taskPagePath(task.id)}>{taskTitle(c, task)}</a>{" "}
        <span class="badge">{states[task.state]}</span>
        {paths === "" ? null : (
          <small>
            <ItemName name={paths} />
          </small>
        )}
        <small>{sentences.join(" ")}</small>
      </div>
      <span class="muted">
        <DateTime c={c} at={task.startedAt} />
      </span>
    </li>
  );
};

/** The page of a task: how far it has come, what it did, and what it could not do. */

import type { Child } from "hono/jsx";
import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { pathsOf, type Task, type TaskState, type TaskSubject } from "../../storage/tasks/task";
import { Facts } from "../../ui/facts";
import { formatBytes } from "../../ui/format";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { DateTime, ExactTime } from "../../ui/time";
import { TASK_MESSAGES } from "../messages";
import { canBeDone, possibleActions } from "../task-actions";
import { filePagePath, resultFolder, TASKS_PATH, taskPagePath } from "../task-paths";
import { describeProgress, describeResult } from "../task-result";
import { type LogPage, TaskLogSection } from "./task-log";

/** Without script the page is loaded anew so often while the task runs. */
const REFRESH_SECONDS = 5;

const MAX_LISTED_PATHS = 10;

interface TaskPageProps {
  task: Task;
  /** The task that this one takes back, if it is remembered. */
  undone: Task | null;
  log: LogPage;
}

/** Shows a task. While it runs the page is kept up to date, with or without script. */
export function taskPage(c: HonoContext, user: Account, props: TaskPageProps): HandlerResponse {
  const { task, undone } = props;
  const messages = messagesFor(c, TASK_MESSAGES);
  const title = taskTitle(c, task);
  const isRunning = task.state === "running";
  const shown = undone ?? task;
  return renderPage(
    c,
    {
      title: isRunning ? title : `${title}: ${messages.states[task.state]}`,
      user,
      ...(isRunning ? { scripts: ["/tasks.js"], refreshSeconds: REFRESH_SECONDS } : {}),
    },
    <>
      <section>
        <h1>{title}</h1>
        <Status c={c} task={task} />
        <TaskButtons c={c} task={task} />
        <TaskFacts c={c} task={task} shown={shown} />
        <p class="row">
          <a href={filePagePath(resultFolder(shown))}>{messages.openFolder}</a>
          <a href={TASKS_PATH}>{messages.allTasks}</a>
        </p>
      </section>
      {task.entries === 0 ? null : <TaskLogSection c={c} task={task} log={props.log} />}
    </>,
  );
}

/** What a task is to do, in two or three words. */
export function taskTitle(c: HonoContext, { subject, isPreview }: TaskState): string {
  const messages = messagesFor(c, TASK_MESSAGES);
  const kind = isRename(subject) ? "rename" : subject.kind;
  return isPreview ? `${messages.preview}: ${messages.kinds[kind]}` : messages.kinds[kind];
}

/** Whether a move leaves the only document or folder in its folder. */
function isRename({ path, others, to }: TaskSubject): boolean {
  if (to === null || others > 0) return false;
  const parent = path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
  return to.startsWith(parent) && !to.slice(parent.length, -1).includes("/");
}

const Status = ({ c, task }: { c: HonoContext; task: Task }) => {
  const messages = messagesFor(c, TASK_MESSAGES);
  const language = languageOf(c);
  const results = describeResult(language, task);
  if (task.endedAt === null) return <Progress c={c} task={task} results={results} />;
  return (
    <>
      {task.state === "cancelled" ? <p class="warning">{messages.cancelled}</p> : null}
      {task.state === "failed" ? <p class="error">{messages.failed}</p> : null}
      <ul class={task.state === "done" && !task.isPreview ? "plain note" : "plain"}>
        {results.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
      {canBeDone(task) ? <p class="muted">{messages.would.stillChanges}</p> : null}
      {task.undoneBy === null ? null : (
        <p>
          <SentenceWithLink parts={messages.undone} href={taskPagePath(task.undoneBy)} />
        </p>
      )}
    </>
  );
};

const Progress = ({ c, task, results }: { c: HonoContext; task: Task; results: string[] }) => {
  const messages = messagesFor(c, TASK_MESSAGES);
  const { looked, total } = task;
  return (
    <div data-task={`${taskPagePath(task.id)}/progress`}>
      <progress
        aria-label={messages.progress}
        {...(total === null ? {} : { max: Math.max(total, looked, 1), value: looked })}
      />
      <p data-task-text>{[describeProgress(languageOf(c), task), ...results].join(" ")}</p>
      <p class="muted">{task.state === "paused" ? messages.paused : messages.goesOn}</p>
    </div>
  );
};

const TaskButtons = ({ c, task }: { c: HonoContext; task: Task }) => {
  const { actions } = messagesFor(c, TASK_MESSAGES);
  const possible = possibleActions(task);
  return possible.length === 0 ? null : (
    <form method="post" action={taskPagePath(task.id)} class="row">
      {possible.map((action) => (
        <button
          type="submit"
          name="action"
          value={action}
          {...(action === "do" ? {} : { class: "secondary" })}
        >
          {actions[action]}
        </button>
      ))}
    </form>
  );
};

/** Where its documents go, or how they are named then; null: they stay where they are. */
function targetFact(
  task: Task,
  names: { renamed: string; target: string },
): [name: string, value: Child] | null {
  const { subject } = task;
  if (subject.to === null) return null;
  return isRename(subject)
    ? [names.renamed, <ItemName name={subject.to} />]
    : [names.target, <ItemName name={resultFolder(task)} />];
}

/** `shown`: the task that this one takes back, or else the task itself. */
const TaskFacts = ({ c, task, shown }: { c: HonoContext; task: Task; shown: Task }) => {
  const { facts, states, morePaths } = messagesFor(c, TASK_MESSAGES);
  const { spec } = shown;
  const paths = pathsOf(spec);
  const more = paths.length - MAX_LISTED_PATHS;
  return (
    <Facts
      facts={[
        task === shown
          ? null
          : [facts.undone, <a href={taskPagePath(shown.id)}>{taskTitle(c, shown)}</a>],
        [
          facts.paths,
          <ul class="plain">
            {paths.slice(0, MAX_LISTED_PATHS).map((path) => (
              <li>
                <ItemName name={path} />
              </li>
            ))}
            {more > 0 ? <li>{morePaths(String(more))}</li> : null}
          </ul>,
        ],
        targetFact(shown, facts),
        spec.kind === "go-back" ? [facts.moment, <ExactTime c={c} at={spec.at} />] : null,
        [facts.state, states[task.state]],
        [facts.started, <DateTime c={c} at={task.startedAt} />],
        task.endedAt === null ? null : [facts.ended, <DateTime c={c} at={task.endedAt} />],
        [facts.bytes, formatBytes(languageOf(c), task.bytes)],
      ]}
    />
  );
};

/** The log of a task: what became of each document. */

import type { HonoContext } from "../../http/context";
import type { Task, TaskEntry } from "../../storage/tasks/task";
import { formatBytes, formatCount } from "../../ui/format";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { NextPageLink } from "../../ui/paging";
import { TASK_MESSAGES } from "../messages";
import { taskPagePath } from "../task-paths";

/** A page of a task's log. */
export interface LogPage {
  /** The outcome that is shown. */
  filter: LogFilter;
  entries: TaskEntry[];
  /** The position of the next page; null: this is the last one. */
  next: number | null;
}

/** What the log can be restricted to: one outcome, or all documents that were not changed. */
export type LogFilter = "all" | "problems" | "created" | "replaced" | "deleted" | "moved";

interface LogSectionProps {
  c: HonoContext;
  task: Task;
  log: LogPage;
}

/** A page of the log as a table, and links to the parts of it. */
export const TaskLogSection = ({ c, task, log }: LogSectionProps) => {
  const messages = messagesFor(c, TASK_MESSAGES).log;
  const { entries, filter, next } = log;
  const outcomes = task.isPreview ? messages.wouldBe : messages.outcomes;
  return (
    <section>
      <h2>{messages.title}</h2>
      <FilterLinks c={c} task={task} current={filter} />
      {entries.length === 0 ? (
        <p>{messages.none}</p>
      ) : (
        <table class="log">
          <thead>
            <tr>
              <th scope="col">{messages.path}</th>
              <th scope="col">{messages.outcome}</th>
              <th scope="col" class="wide-only">
                {messages.size}
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr>
                <td>
                  <ItemName name={entry.path} />
                </td>
                <td>
                  {outcomes[entry.outcome]}
                  <Reason c={c} entry={entry} />
                </td>
                <td class="wide-only">
                  {isUnchanged(entry) ? null : formatBytes(languageOf(c), entry.bytes)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <NextPageLink
        c={c}
        next={next === null ? null : `${logPath(task, filter)}&after=${next}#log`}
      />
    </section>
  );
};

const logPath = ({ id }: Task, filter: LogFilter): string => `${taskPagePath(id)}?show=${filter}`;

/** Links to the entries with each outcome that there is. */
const FilterLinks = ({ c, task, current }: { c: HonoContext; task: Task; current: LogFilter }) => {
  const { log } = messagesFor(c, TASK_MESSAGES);
  const { counts } = task;
  const outcomes = task.isPreview ? log.wouldBe : log.outcomes;
  const parts: [filter: LogFilter, text: string, count: number][] = [
    ["all", log.all, task.entries],
    ["problems", log.problems, counts.conflicts + counts.failed],
    ["created", outcomes.created, counts.created],
    ["replaced", outcomes.replaced, counts.replaced],
    ["deleted", outcomes.deleted, counts.deleted],
    ["moved", outcomes.moved, counts.moved],
  ];
  return (
    <nav id="log" aria-label={log.title}>
      {parts
        .filter(([, , count]) => count > 0)
        .map(([filter, text, count]) => (
          <a
            href={`${logPath(task, filter)}#log`}
            {...(filter === current ? { "aria-current": "page" } : {})}
          >
            {text} ({formatCount(languageOf(c), count)})
          </a>
        ))}
    </nav>
  );
};

const isUnchanged = ({ outcome }: TaskEntry): boolean =>
  outcome === "conflict" || outcome === "failed";

/** Why a document was not changed; nothing for one that was. */
const Reason = ({ c, entry }: { c: HonoContext; entry: TaskEntry }) => {
  if (!isUnchanged(entry)) return null;
  const { code = "precondition-failed" } = entry;
  const { reasons, otherReason } = messagesFor(c, TASK_MESSAGES);
  return <small>{reasons[code] ?? otherReason(code)}</small>;
};

/** What a task has done, or would do, in sentences. */

import type { TaskState } from "../storage/tasks/task";
import { formatBytes, formatCount } from "../ui/format";
import type { Language } from "../ui/language";
import { TASK_MESSAGES } from "./messages";
import { countChanges } from "./task-actions";

/** What has changed, or would change, one sentence for each count that is not zero. */
export function describeResult(language: Language, task: TaskState): string[] {
  const { did, would } = TASK_MESSAGES[language];
  const { counts, isPreview } = task;
  const isFree = task.subject.kind === "free";
  const bytes = formatBytes(language, task.bytes);
  type Sentence = (count: number, formatted: string, bytes: string) => string;
  const sentences: [count: number, sentence: Sentence][] = isPreview
    ? [
        [counts.created, would.created],
        [counts.replaced, would.replaced],
        [counts.deleted, isFree ? would.freed : would.deleted],
        [counts.conflicts, would.conflicts],
      ]
    : [
        [counts.moved, did.moved],
        [counts.created, did.restored],
        [counts.replaced, did.reverted],
        [counts.deleted, isFree ? did.freed : did.deleted],
        [counts.conflicts, did.conflicts],
        [counts.failed, did.failed],
      ];
  const nothing = isPreview ? would.nothing : isFree ? did.nothingFreed : did.nothing;
  return [
    ...(countChanges(task) === 0 && task.endedAt !== null ? [nothing] : []),
    ...sentences
      .filter(([count]) => count > 0)
      .map(([count, sentence]) => sentence(count, formatCount(language, count), bytes)),
  ];
}

/** How far a task has come. */
export function describeProgress(language: Language, { looked, total }: TaskState): string {
  const messages = TASK_MESSAGES[language];
  const formatted = formatCount(language, looked);
  if (looked === 0) return messages.waiting;
  return total === null
    ? messages.looked(looked, formatted)
    : messages.lookedOf(formatted, formatCount(language, total));
}

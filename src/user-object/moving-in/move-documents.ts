/** Copies the documents of a folder of the old storage, for moving in. */

import { type CopyTask, copyFromServer, pathHere } from "../../copying/copy-document";
import type { CopyResult } from "../../copying/copy-result";
import type { ListedDocument, MoveEntry, MoveIn } from "../../copying/move-in";
import { documentFromPath } from "../../core/path";
import { settings } from "../../env";
import { loadDocumentRows } from "../../storage/documents";
import {
  isCurrent,
  maxAttempts,
  requireAnswer,
  type StepContext,
  type StepOutcome,
  waitBefore,
} from "./move-step";
import type { FoundDocuments } from "./move-store";

/** Documents that are copied at once. Each has two connections, and an invocation may have six. */
const PARALLEL = 3;

/** What copying a document may take, but for retries. */
const CALLS_PER_DOCUMENT = 8;

/** Documents in a row that do not fit, before the move is paused. */
const MAX_OVER_QUOTA = 25;

/** Copies some of the documents that are left of a folder. */
export async function copyOldDocuments(
  context: StepContext,
  move: MoveIn,
  key: string,
  { folder, documents }: FoundDocuments,
): Promise<StepOutcome> {
  const tasks = await Promise.all(
    documents.map(async (listed): Promise<CopyTask> => {
      const path = folder + listed.name;
      return { path, listed, known: await context.store.copied(move.copies, path) };
    }),
  );
  const together = tasks.filter(({ listed }) => !listed.isAlone);
  const isAlone = together.length === 0;
  const calls = isAlone
    ? settings(context.env).SUBREQUESTS / 2 + CALLS_PER_DOCUMENT
    : CALLS_PER_DOCUMENT;
  if (!context.canMake(calls)) return "later";
  const chosen = isAlone ? tasks.slice(0, 1) : together;
  const results = await copyAll(context, move, chosen);
  const isSilent = [...results.values()].every((one) => one.kind === "again" && one.busy);
  if (isSilent && results.size > 0) await requireAnswer(context);
  if (context.store.load()?.id !== move.id) return "more";
  return finish(context, key, folder, tasks, results);
}

/** Copies documents, some at a time, as long as there are calls left and the server answers. */
async function copyAll(
  context: StepContext,
  move: MoveIn,
  tasks: CopyTask[],
): Promise<Map<CopyTask, CopyResult>> {
  const { env, store, canMake } = context;
  const { account, user, onConflict, copies } = move;
  const writer = { account, user, grant: null };
  const rows = await loadDocumentRows(env.DB, account, tasks.map(pathHere).map(documentFromPath));
  const results = new Map<CopyTask, CopyResult>();
  const queue = [...tasks];
  let running = 0;
  let isStopped = false;
  const next = (): CopyTask | undefined => {
    const hasCalls = canMake(CALLS_PER_DOCUMENT * (running + 1)) || results.size + running === 0;
    return isStopped || !hasCalls || !isCurrent(context, move) ? undefined : queue.shift();
  };
  const copyNext = async () => {
    for (let task = next(); task; task = next()) {
      running++;
      const result = await copyFromServer({ ...context, writer, onConflict }, task, rows);
      running--;
      if (store.load()?.id !== move.id) return;
      if (result.kind === "done" && result.copied) {
        await store.putCopied(copies, task.path, result.copied);
      }
      results.set(task, result);
      isStopped ||= endsStep(result);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, copyNext));
  return results;
}

/** Whether the other documents would fare no better. */
const endsStep = (result: CopyResult): boolean =>
  result.kind === "again" &&
  (result.busy?.isWholeServer || ["unauthorized", "suspended", "stopped"].includes(result.code));

/** Adds up what has become of documents. */
function finish(
  context: StepContext,
  key: string,
  folder: string,
  tasks: CopyTask[],
  results: Map<CopyTask, CopyResult>,
): StepOutcome {
  const { store } = context;
  const { counts: before, looked, bytes, failures, overQuota, state } = store.load() as MoveIn;
  const changes = { counts: { ...before }, looked: { ...looked }, bytes, failures, overQuota };
  const left: LeftDocument[] = [];
  const entries: MoveEntry[] = [];
  for (const task of tasks) {
    const result = resultAfterAttempts(task, results.get(task));
    if (result.kind === "again") {
      left.push(result);
      continue;
    }
    const { outcome, code, as } = result;
    changes.counts[outcome]++;
    changes.looked.documents++;
    changes.bytes += result.bytes;
    changes.failures = 0;
    changes.overQuota = code === "over-quota" ? changes.overQuota + 1 : 0;
    if (outcome === "kept" || outcome === "both" || outcome === "failed") {
      entries.push({ path: task.path, outcome, ...(as && { as }), ...(code && { code }) });
    }
  }
  const documents = left.map(({ listed }) => listed);
  store.finishDocuments(key, { folder, documents }, changes, entries);
  if (state !== "running") return "more";
  return outcomeOf(context, left, changes.overQuota);
}

/** A document that is left to copy, and what has become of the attempt; null: there was none. */
interface LeftDocument {
  kind: "again";
  listed: ListedDocument;
  result: Extract<CopyResult, { kind: "again" }> | null;
}

/** What to do with a document that was not copied: it is tried again, but not for ever. */
function resultAfterAttempts(
  { listed }: CopyTask,
  result: CopyResult | null = null,
): LeftDocument | Extract<CopyResult, { kind: "done" }> {
  if (result === null) return { kind: "again", listed, result };
  if (result.kind === "done") return result;
  const { code, busy, isAlone } = result;
  if (isAlone) return { kind: "again", listed: { ...listed, isAlone }, result };
  if (busy?.isWholeServer || code === "suspended" || code === "stopped") {
    return { kind: "again", listed, result };
  }
  const attempts = (listed.attempts ?? 0) + 1;
  if (attempts < maxAttempts(code))
    return { kind: "again", listed: { ...listed, attempts }, result };
  return { kind: "done", outcome: "failed", bytes: 0, copied: null, code };
}

function outcomeOf(context: StepContext, left: LeftDocument[], overQuota: number): StepOutcome {
  const tried = left.filter(({ result }) => result !== null);
  const busy = tried.find(({ result }) => result?.busy?.isWholeServer)?.result?.busy;
  if (busy) throw busy;
  for (const code of ["unauthorized", "suspended"] as const) {
    if (tried.some(({ result }) => result?.code === code)) return code;
  }
  if (overQuota >= MAX_OVER_QUOTA) return "over-quota";
  const attempts = Math.max(0, ...tried.map(({ listed }) => listed.attempts ?? 0));
  if (attempts > 0) waitBefore(context, attempts);
  return "more";
}

/**
 * The steps of moving in:
 *
 *   documents of a folder are left: copy some of them, a few at a time (`copying/copy-document.ts`)
 *     as soon as one is copied: store its ETag there and its version here
 *     in ONE write: add them to the counts and the report; the others are left
 *   otherwise: list the folder that was found last
 *     in ONE write: its folders and documents are left to do; the folder is done
 *
 * If the object dies, the step is taken again, and finds what it has done already.
 */

import { TransferError } from "../../transfer/requests.js";
import {
  type CopyContext,
  type CopyResult,
  type CopyTask,
  copyFromServer,
  pathHere,
} from "../copying/copy-document";
import { BusyServerError } from "../copying/guarded-fetch";
import type { ListedDocument, MoveEntry, MoveIn } from "../copying/move-in";
import { documentFromPath, parseDecodedPath } from "../core/path";
import { settings } from "../env";
import { loadDocumentRows } from "../storage/documents";
import type { FoundDocuments, FoundFolder, MoveStore } from "./move-store";

/** Documents that are copied at once. Each has two connections, and an invocation may have six. */
const PARALLEL = 3;

/** What copying a document may take, but for retries. */
const CALLS_PER_DOCUMENT = 8;

/** What listing a folder may take: a server that lists names percent-encoded is asked which exist. */
const CALLS_PER_FOLDER = 6;

/** Attempts at a document or folder that the server, though it answers, does not give. */
const MAX_ATTEMPTS = 4;

/** Before such an attempt, times the number of those before. */
const RETRY_AFTER_MS = 10_000;

/** Attempts that the old server has refused as unauthorized, with different tokens. */
const MAX_UNAUTHORIZED = 2;

/** Documents in a row that do not fit, before the move is paused. */
const MAX_OVER_QUOTA = 25;

const MAX_FOLDERS = 100_000;

/** The user has paused or cancelled the move. */
export class StoppedError extends Error {
  override message = "The move was stopped.";
}

/** What a step needs. */
export interface StepContext extends Omit<CopyContext, "writer" | "onConflict"> {
  store: MoveStore;
  /** Whether so many more calls may be made in this invocation. */
  canMake: (calls: number) => boolean;
}

/**
 * How a step has ended: there are more; the next one needs an invocation of its own; all is done; or why the
 * move cannot go on.
 */
export type StepOutcome =
  | "more"
  | "later"
  | "done"
  | "unauthorized"
  | "suspended"
  | "over-quota"
  | "not-public"
  | "too-many";

/** Takes the next step of a move. Rejects if the server, or the platform, does not answer. */
export async function takeStep(context: StepContext, move: MoveIn): Promise<StepOutcome> {
  const documents = context.store.nextDocuments();
  if (documents) return copyDocuments(context, move, ...documents);
  const folder = context.store.nextFolder();
  if (!folder) return "done";
  return context.canMake(CALLS_PER_FOLDER) ? listFolder(context, move, ...folder) : "later";
}

async function listFolder(
  context: StepContext,
  move: MoveIn,
  key: string,
  folder: FoundFolder,
): Promise<StepOutcome> {
  const { store, server, env } = context;
  const { path } = folder;
  const parsed = parseDecodedPath(path);
  if (!parsed.ok) return failFolder(context, key, path, parsed.refusal.code);
  try {
    const items = await server.list(path);
    if (!isCurrent(context, move)) return "more";
    const folders = items.filter(({ isFolder }) => isFolder).map(({ name }) => name);
    const documents = items
      .filter(({ isFolder }) => !isFolder)
      .map(({ name, etag, type, length }) => ({ name, etag, type, length }));
    store.finishFolder(key, path, folders, documents);
  } catch (error) {
    if (!isCurrent(context, move)) return "more";
    return folderNotListed(context, key, folder, error);
  }
  const { found } = store.load() as MoveIn;
  const isTooMuch = found.folders > MAX_FOLDERS || found.documents > settings(env).MAX_DOCUMENTS;
  return isTooMuch ? "too-many" : "more";
}

function folderNotListed(
  context: StepContext,
  key: string,
  { path, attempts }: FoundFolder,
  error: unknown,
): StepOutcome {
  if (error instanceof BusyServerError && error.isWholeServer) throw error;
  const code = error instanceof TransferError ? error.code : "damaged";
  const isFinal =
    !(error instanceof BusyServerError) && code !== "unauthorized" && code !== "damaged";
  if (isFinal && path === "/" && code === "not-public") return code;
  const maxAttempts = code === "unauthorized" ? MAX_UNAUTHORIZED + 1 : MAX_ATTEMPTS;
  if (isFinal || attempts + 1 >= maxAttempts) return failFolder(context, key, path, code);
  context.store.putFolder(key, { path, attempts: attempts + 1 });
  if (code === "unauthorized") return code;
  waitBefore(context, attempts + 1);
  return "more";
}

function failFolder({ store }: StepContext, key: string, path: string, code: string): StepOutcome {
  store.failFolder(key, { path, outcome: "failed", code });
  return "more";
}

/** Sets the time of the next step. */
function waitBefore({ store, clock }: StepContext, attempts: number): void {
  store.update({ retryAt: clock() + RETRY_AFTER_MS * attempts });
}

async function copyDocuments(
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
  (result.busy?.isWholeServer || ["unauthorized", "suspended"].includes(result.code));

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
  const maxAttempts = code === "unauthorized" ? MAX_UNAUTHORIZED + 1 : MAX_ATTEMPTS;
  if (attempts < maxAttempts) return { kind: "again", listed: { ...listed, attempts }, result };
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

/** Whether the move that a step belongs to goes on. */
function isCurrent({ store }: StepContext, { id }: MoveIn): boolean {
  const current = store.load();
  return current?.id === id && current.state === "running";
}

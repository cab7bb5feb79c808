/** Lists the folders of the old storage, for moving in. */

import type { FolderItem } from "../../../transfer/listing.js";
import { TransferError } from "../../../transfer/requests.js";
import { BusyServerError } from "../../copying/guarded-fetch";
import type { MoveIn } from "../../copying/move-in";
import { MAX_PATH_BYTES, parseDecodedPath } from "../../core/path";
import { settings } from "../../env";
import {
  isCurrent,
  maxAttempts,
  requireAnswer,
  type StepContext,
  type StepOutcome,
  waitBefore,
} from "./move-step";
import { type FoundFolder, pathsLength } from "./move-store";

/** What listing a folder may take: a server that lists names percent-encoded is asked which exist. */
export const CALLS_PER_FOLDER = 6;

const MAX_FOLDERS = 100_000;

/** Of the paths of all folders, in characters: those that wait to be listed count towards no quota. */
const MAX_FOLDER_PATHS_LENGTH = 32_000_000;

/** Lists a folder; what is in it is left to do. */
export async function listOldFolder(
  context: StepContext,
  move: MoveIn,
  key: string,
  folder: FoundFolder,
): Promise<StepOutcome> {
  const { store, server } = context;
  const { path } = folder;
  const parsed = parseDecodedPath(path);
  if (!parsed.ok) return failFolder(context, key, path, parsed.refusal.code);
  try {
    const items = await server.list(path);
    if (!isCurrent(context, move)) return "more";
    const [named, unusable] = splitByName(items);
    const folders = named.filter(({ isFolder }) => isFolder).map(({ name }) => name);
    const documents = named
      .filter(({ isFolder }) => !isFolder)
      .map(({ name, etag, length, modified }) => ({ name, etag, length, modified }));
    const tooLong = unusable.map(({ name }) => path + name.slice(0, SHOWN_NAME_LENGTH));
    if (isTooMuch(context, move, { path, folders, documents })) return "too-many";
    store.finishFolder(key, path, { folders, documents, tooLong });
  } catch (error) {
    // A move that was paused may have been resumed by now: then the folder is listed again.
    if (context.signal.aborted || !isCurrent(context, move)) return "more";
    return folderNotListed(context, key, folder, error);
  }
  return "more";
}

/** Whether the old storage has more than any account may have, with what a folder of it has. Nothing of the folder is stored then. */
function isTooMuch(
  { env }: StepContext,
  { found }: MoveIn,
  { path, folders, documents }: { path: string; folders: string[]; documents: unknown[] },
): boolean {
  return (
    found.folders + folders.length > MAX_FOLDERS ||
    found.documents + documents.length > settings(env).MAX_DOCUMENTS ||
    (found.pathsLength ?? 0) + pathsLength(path, folders) > MAX_FOLDER_PATHS_LENGTH
  );
}

/** What may be different with the next attempt, or the next token. */
const PASSING_CODES = ["unauthorized", "damaged", "malformed"];

async function folderNotListed(
  context: StepContext,
  key: string,
  { path, attempts }: FoundFolder,
  error: unknown,
): Promise<StepOutcome> {
  if (error instanceof BusyServerError) {
    if (error.isWholeServer || path === "/") throw error;
    await requireAnswer(context);
  }
  const code = error instanceof TransferError ? error.code : "damaged";
  const isFinal = !(error instanceof BusyServerError) && !PASSING_CODES.includes(code);
  if (isFinal && path === "/" && code === "not-public") return code;
  if (isFinal || attempts + 1 >= maxAttempts(code)) return failFolder(context, key, path, code);
  context.store.putFolder(key, { path, attempts: attempts + 1 });
  if (code === "unauthorized") return code;
  waitBefore(context, attempts + 1);
  return "more";
}

/** Of a name that no document can have. */
const SHOWN_NAME_LENGTH = 100;

/** The items whose names may be those of documents, and the others: these could have any length. */
const splitByName = (items: FolderItem[]): [named: FolderItem[], unusable: FolderItem[]] => [
  items.filter(({ name }) => name.length <= MAX_PATH_BYTES),
  items.filter(({ name }) => name.length > MAX_PATH_BYTES),
];

function failFolder({ store }: StepContext, key: string, path: string, code: string): StepOutcome {
  store.failFolder(key, { path, outcome: "failed", code });
  return "more";
}

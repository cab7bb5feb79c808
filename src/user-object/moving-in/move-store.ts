/** A move from another server as it is stored in the user's object: what is left to copy, and the report. */

import type {
  CopiedDocument,
  ListedDocument,
  MoveEntry,
  MoveIn,
  PendingSignIn,
} from "../../copying/move-in";
import { documentFromPath } from "../../core/path";
import { documentId } from "../../storage/bodies";

const MOVE_KEY = "move-in";
const SIGN_IN_KEY = "move-sign-in";
const TOKEN_KEY = "move-token";
const FOLDER_PREFIX = "move-folder:";
const DOCUMENTS_PREFIX = "move-documents:";
const REPORT_PREFIX = "move-report:";
const COPIED_PREFIX = "move-copied:";

/** Documents in one row: their names have at most 4 KiB each, a row of an object 2 MB. */
const DOCUMENTS_PER_ROW = 50;

const ENTRIES_PER_ROW = 100;

/** A report with more entries says only how many there are: nobody reads so many, and its rows count towards no quota. */
const MAX_ENTRIES = 10_000;

/** Rows that are held in memory at once: they may be large. */
const MAX_ROWS_IN_MEMORY = 50;

/** Rows that one call deletes. */
const MAX_DELETED_ROWS = 5000;

/** A folder that has to be listed. It is stored under these names. */
export interface FoundFolder {
  path: string;
  /** Attempts that have failed. */
  attempts: number;
}

/** Documents of a folder that have to be copied. They are stored under these names. */
export interface FoundDocuments {
  folder: string;
  documents: ListedDocument[];
}

/** What a folder has. */
interface ListedFolder {
  /** Names of its folders. */
  folders: string[];
  documents: ListedDocument[];
  /** Paths of what no path can name, shortened. */
  tooLong: string[];
}

/** Stores the move of one user. */
export class MoveStore {
  readonly #storage: DurableObjectStorage;
  readonly #kv: DurableObjectStorage["kv"];

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#kv = storage.kv;
  }

  /** The move, or the last one; null: there was none, or it is no longer remembered. */
  load(): MoveIn | null {
    return this.#kv.get<MoveIn>(MOVE_KEY) ?? null;
  }

  /** Whether a move is the one that is stored, and has not ended. */
  isUnfinished({ id }: MoveIn): boolean {
    const current = this.load();
    return current?.id === id && current.endedAt === null;
  }

  put(move: MoveIn): void {
    this.#kv.put<MoveIn>(MOVE_KEY, move);
  }

  /** Changes the move that is stored now. */
  update(changes: Partial<MoveIn>): void {
    this.put({ ...(this.load() as MoveIn), ...changes });
  }

  signIn(): PendingSignIn | undefined {
    return this.#kv.get<PendingSignIn>(SIGN_IN_KEY);
  }

  putSignIn(pending: PendingSignIn | null): void {
    if (pending) this.#kv.put<PendingSignIn>(SIGN_IN_KEY, pending);
    else this.#kv.delete(SIGN_IN_KEY);
  }

  /** The encrypted credential. */
  token(): string | undefined {
    return this.#kv.get<string>(TOKEN_KEY);
  }

  putToken(sealed: string | null): void {
    if (sealed) this.#kv.put<string>(TOKEN_KEY, sealed);
    else this.#kv.delete(TOKEN_KEY);
  }

  /** The folder to list next: the one that was found last, so that few are waiting. */
  nextFolder(): [key: string, folder: FoundFolder] | undefined {
    return this.#first<FoundFolder>(FOLDER_PREFIX, true);
  }

  putFolder(key: string, folder: FoundFolder): void {
    this.#kv.put<FoundFolder>(key, folder);
  }

  /** The documents to copy next. */
  nextDocuments(): [key: string, found: FoundDocuments] | undefined {
    return this.#first<FoundDocuments>(DOCUMENTS_PREFIX, false);
  }

  /** Begins a pass: at the root folder, with an empty report. What was left of the last one is deleted. */
  begin(move: MoveIn): void {
    this.#storage.transactionSync(() => {
      this.clear();
      this.put({ ...move, found: { ...move.found, folders: 1 } });
      this.putFolder(folderKey(0), { path: "/", attempts: 0 });
    });
  }

  /** Deletes what is left to do, and the report. */
  clear(): void {
    for (const prefix of [FOLDER_PREFIX, DOCUMENTS_PREFIX, REPORT_PREFIX]) {
      // Not all at once: a server that lists very long names may have filled many large rows.
      for (let rows = this.#some(prefix); rows.length > 0; rows = this.#some(prefix)) {
        for (const [key] of rows) this.#kv.delete(key);
      }
    }
  }

  /** In one write: a folder is listed, and its folders and documents are left to do. */
  finishFolder(key: string, path: string, { folders, documents, tooLong }: ListedFolder): void {
    this.#storage.transactionSync(() => {
      const { found, looked, counts } = this.load() as MoveIn;
      this.#kv.delete(key);
      folders.forEach((folder, index) => {
        const row = { path: `${path}${folder}/`, attempts: 0 };
        this.putFolder(folderKey(found.folders + index), row);
      });
      for (let start = 0; start < documents.length; start += DOCUMENTS_PER_ROW) {
        const row = { folder: path, documents: documents.slice(start, start + DOCUMENTS_PER_ROW) };
        this.#kv.put<FoundDocuments>(documentsKey(found.documents + start), row);
      }
      this.update({
        found: {
          folders: found.folders + folders.length,
          documents: found.documents + documents.length,
          pathsLength: (found.pathsLength ?? 0) + pathsLength(path, folders),
        },
        looked: { ...looked, folders: looked.folders + 1 },
        counts: { ...counts, failed: counts.failed + tooLong.length },
      });
      this.report(tooLong.map((one) => ({ path: one, outcome: "failed", code: "path-too-long" })));
    });
  }

  /** In one write: some of the documents of a row are done, the others are left to do. */
  finishDocuments(
    key: string,
    row: FoundDocuments,
    changes: Partial<MoveIn>,
    entries: MoveEntry[],
  ): void {
    this.#storage.transactionSync(() => {
      if (row.documents.length === 0) this.#kv.delete(key);
      else this.#kv.put<FoundDocuments>(key, row);
      this.update(changes);
      this.report(entries);
    });
  }

  /** Gives up a folder that cannot be listed. */
  failFolder(key: string, entry: MoveEntry): void {
    this.#storage.transactionSync(() => {
      this.#kv.delete(key);
      const { counts, looked } = this.load() as MoveIn;
      this.update({
        counts: { ...counts, failed: counts.failed + 1 },
        looked: { ...looked, folders: looked.folders + 1 },
      });
      this.report([entry]);
    });
  }

  /** Adds entries to the report. */
  report(entries: MoveEntry[]): void {
    if (entries.length === 0) return;
    let { entries: length } = this.load() as MoveIn;
    let row = this.#reportRow(Math.floor(length / ENTRIES_PER_ROW));
    for (const entry of entries) {
      if (length >= MAX_ENTRIES) break;
      row.push(entry);
      length++;
      const number = Math.floor((length - 1) / ENTRIES_PER_ROW);
      const isFull = length % ENTRIES_PER_ROW === 0;
      if (isFull || entry === entries.at(-1)) this.#kv.put(reportKey(number), row);
      if (isFull) row = [];
    }
    this.update({ entries: length });
  }

  /** At most `limit` entries of the report after the first `skip`. */
  reportPage(skip: number, limit: number): MoveEntry[] {
    const entries: MoveEntry[] = [];
    const first = Math.floor(skip / ENTRIES_PER_ROW);
    const last = Math.floor((skip + limit - 1) / ENTRIES_PER_ROW);
    for (let number = first; number <= last; number++) entries.push(...this.#reportRow(number));
    const start = skip - first * ENTRIES_PER_ROW;
    return entries.slice(start, start + limit);
  }

  /** What was copied to, or from, a path of the old storage; null: nothing. */
  async copied(copies: string, path: string): Promise<CopiedDocument | null> {
    return this.#kv.get<CopiedDocument>(await copiedKey(copies, path)) ?? null;
  }

  async putCopied(copies: string, path: string, copied: CopiedDocument): Promise<void> {
    this.#kv.put<CopiedDocument>(await copiedKey(copies, path), copied);
  }

  /**
   * Deletes what was copied from other storage roots than this one; null: from all. Returns whether there
   * is more to delete.
   */
  forgetCopied(except: string | null): boolean {
    const kept = except === null ? null : `${COPIED_PREFIX}${except}:`;
    // The one that is kept is in the middle of the others.
    const before = this.#kv.list({
      prefix: COPIED_PREFIX,
      limit: MAX_DELETED_ROWS,
      ...(kept ? { end: kept } : {}),
    });
    const keys = [...before].map(([key]) => key);
    if (kept && keys.length < MAX_DELETED_ROWS) {
      const after = { prefix: COPIED_PREFIX, start: `${kept.slice(0, -1)};` };
      const rest = this.#kv.list({ ...after, limit: MAX_DELETED_ROWS - keys.length });
      keys.push(...[...rest].map(([key]) => key));
    }
    for (const key of keys) this.#kv.delete(key);
    return keys.length === MAX_DELETED_ROWS;
  }

  /** Forgets the move and all that belongs to it. Returns whether there is more to delete. */
  forget(): boolean {
    if (this.forgetCopied(null)) return true;
    this.clear();
    for (const key of [MOVE_KEY, SIGN_IN_KEY, TOKEN_KEY]) this.#kv.delete(key);
    return false;
  }

  #some(prefix: string): [string, unknown][] {
    return [...this.#kv.list({ prefix, limit: MAX_ROWS_IN_MEMORY })];
  }

  #first<Row>(prefix: string, reverse: boolean): [string, Row] | undefined {
    return [...this.#kv.list<Row>({ prefix, reverse, limit: 1 })][0];
  }

  #reportRow(number: number): MoveEntry[] {
    return this.#kv.get<MoveEntry[]>(reportKey(number)) ?? [];
  }
}

/** Characters of the paths of folders in a folder. */
export const pathsLength = (folder: string, names: string[]): number =>
  names.reduce((sum, name) => sum + folder.length + name.length + 1, 0);

const padded = (number: number): string => String(number).padStart(10, "0");

const folderKey = (number: number): string => FOLDER_PREFIX + padded(number);

const documentsKey = (number: number): string => DOCUMENTS_PREFIX + padded(number);

const reportKey = (number: number): string => REPORT_PREFIX + padded(number);

const copiedKey = async (copies: string, path: string): Promise<string> =>
  `${COPIED_PREFIX}${copies}:${await documentId(documentFromPath(path))}`;

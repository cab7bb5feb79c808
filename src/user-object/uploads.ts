/** The list of an account's multipart uploads that are in progress, so that none is left behind. */

import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { abortUpload } from "../storage/bodies";

const UPLOAD_KEY_PREFIX = "upload:";

/** An upload that takes longer is taken for abandoned. */
const MAX_UPLOAD_AGE_MS = DAY_MS;

/** After this time R2 itself has aborted an upload. */
const R2_ABORTS_AFTER_MS = 8 * DAY_MS;

/** Uploads that one alarm aborts, so that its calls stay few. */
const MAX_ABORTED = 10;

/** An upload under way. It is stored under these names. */
interface Upload {
  /** The R2 key of the body. */
  key: string;
  uploadId: string;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** Remembers multipart uploads, so that an abandoned one can be aborted. */
export class MultipartUploads {
  readonly #kv: DurableObjectStorage["kv"];
  readonly #env: Env;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#kv = storage.kv;
    this.#env = env;
  }

  /** Records an upload; to be called before its first part. */
  record(key: string, uploadId: string, now: number): void {
    const version = key.slice(key.lastIndexOf("/") + 1);
    this.#kv.put<Upload>(UPLOAD_KEY_PREFIX + version, { key, uploadId, startedAt: now });
  }

  /** Forgets the upload of a version that is committed, so complete; does nothing if it had none. */
  forget(version: string): void {
    const key = UPLOAD_KEY_PREFIX + version;
    if (this.#kv.get(key) !== undefined) this.#kv.delete(key);
  }

  /** Aborts some of the abandoned uploads. Returns when the next is abandoned; null: there are none. */
  async abortAbandoned(now: number): Promise<number | null> {
    const uploads = [...this.#kv.list<Upload>({ prefix: UPLOAD_KEY_PREFIX })];
    const abandoned = uploads.filter(([, { startedAt }]) => startedAt + MAX_UPLOAD_AGE_MS <= now);
    for (const [storageKey, upload] of abandoned.slice(0, MAX_ABORTED)) {
      const isAborted = upload.startedAt + R2_ABORTS_AFTER_MS <= now;
      if (isAborted || (await this.#abort(upload))) this.#kv.delete(storageKey);
    }
    const rest = [...this.#kv.list<Upload>({ prefix: UPLOAD_KEY_PREFIX })];
    const abandonedAt = rest.map(([, { startedAt }]) => startedAt + MAX_UPLOAD_AGE_MS);
    return abandonedAt.length > 0 ? Math.min(...abandonedAt) : null;
  }

  /** Aborts some of all uploads. Rejects if one cannot be aborted. Returns whether there are more. */
  async abortPage(now: number): Promise<boolean> {
    const uploads = [
      ...this.#kv.list<Upload>({ prefix: UPLOAD_KEY_PREFIX, limit: MAX_ABORTED + 1 }),
    ];
    for (const [storageKey, { key, uploadId, startedAt }] of uploads.slice(0, MAX_ABORTED)) {
      if (startedAt + R2_ABORTS_AFTER_MS > now) await abortUpload(this.#env.BODIES, key, uploadId);
      this.#kv.delete(storageKey);
    }
    return uploads.length > MAX_ABORTED;
  }

  async #abort({ key, uploadId }: Upload): Promise<boolean> {
    try {
      await abortUpload(this.#env.BODIES, key, uploadId);
      return true;
    } catch (error) {
      logWarning("An abandoned multipart upload could not be aborted.", error);
      return false;
    }
  }
}

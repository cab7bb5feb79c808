/** The list of an account's multipart uploads that are in progress, so that none is left behind. */

import { DAY_MS, earliest } from "../core/time";
import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { abortUpload } from "../storage/bodies";

const UPLOAD_KEY_PREFIX = "upload:";

/** An upload that takes longer is taken for abandoned. */
const MAX_UPLOAD_AGE_MS = DAY_MS;

/** After this time R2 itself has aborted an upload. */
const R2_ABORTS_AFTER_MS = 8 * DAY_MS;

/** Uploads that one alarm checks, so that its calls stay few. */
const UPLOADS_PER_PAGE = 10;

/** An upload under way. It is stored under these names. */
interface Upload {
  /** The R2 key of the body. */
  key: string;
  uploadId: string;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** Uploads that have been checked. */
interface CheckedUploads {
  /** The last of them; null: there are no more. */
  after: string | null;
  /** When the first of those that remain is abandoned, or was; null: none remains. */
  nextAt: number | null;
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

  /**
   * Checks a page of the uploads after `after` (null: from the first), and aborts those that were
   * abandoned. One that cannot be aborted is passed over until the next walk.
   */
  async abortAbandoned(after: string | null, now: number): Promise<CheckedUploads> {
    const uploads = this.#list(after === null ? {} : { startAfter: after });
    let nextAt: number | null = null;
    for (const [storageKey, upload] of uploads) {
      const abandonedAt = upload.startedAt + MAX_UPLOAD_AGE_MS;
      const isGone = upload.startedAt + R2_ABORTS_AFTER_MS <= now;
      if (abandonedAt <= now && (isGone || (await this.#abort(upload)))) {
        this.#kv.delete(storageKey);
      } else nextAt = earliest([nextAt, abandonedAt]);
    }
    return {
      after: uploads.length === UPLOADS_PER_PAGE ? (uploads.at(-1)?.[0] as string) : null,
      nextAt,
    };
  }

  /** Aborts some of all uploads. Rejects if one cannot be aborted. Returns whether there are more. */
  async abortPage(now: number): Promise<boolean> {
    const uploads = this.#list({});
    for (const [storageKey, { key, uploadId, startedAt }] of uploads) {
      if (startedAt + R2_ABORTS_AFTER_MS > now) await abortUpload(this.#env.BODIES, key, uploadId);
      this.#kv.delete(storageKey);
    }
    return uploads.length === UPLOADS_PER_PAGE;
  }

  #list(options: { startAfter?: string }): [string, Upload][] {
    const page = { prefix: UPLOAD_KEY_PREFIX, limit: UPLOADS_PER_PAGE, ...options };
    return [...this.#kv.list<Upload>(page)];
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

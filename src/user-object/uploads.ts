/** The uploads in parts of one account that are under way, in the storage of its user's object. */

import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { abortUpload } from "../storage/bodies";

const UPLOAD = "upload:";

/** One that takes longer is taken for given up. */
const MAX_UPLOAD_MS = DAY_MS;

/** R2 itself ends what is older. */
const FORGET_AFTER_MS = 8 * DAY_MS;

/** In one alarm, so that its calls stay few. */
const MAX_ENDED = 10;

interface Upload {
  key: string;
  uploadId: string;
  startedAt: number;
}

/** Remembers uploads, so that one can be ended if nobody else does. */
export class Uploads {
  readonly #kv: DurableObjectStorage["kv"];
  readonly #env: Env;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#kv = storage.kv;
    this.#env = env;
  }

  /** Before its first part. */
  note(key: string, uploadId: string, now: number): void {
    const version = key.slice(key.lastIndexOf("/") + 1);
    this.#kv.put<Upload>(UPLOAD + version, { key, uploadId, startedAt: now });
  }

  /** Once its version is committed, it is whole. Nothing happens if it was not in parts. */
  forget(version: string): void {
    if (this.#kv.get(UPLOAD + version) !== undefined) this.#kv.delete(UPLOAD + version);
  }

  /** Ends some of those that have taken too long. Returns when the next are; null: there are none. */
  async endOld(now: number): Promise<number | null> {
    const uploads = [...this.#kv.list<Upload>({ prefix: UPLOAD })];
    const old = uploads.filter(([, { startedAt }]) => startedAt + MAX_UPLOAD_MS <= now);
    for (const [name, upload] of old.slice(0, MAX_ENDED)) {
      const isForgotten = upload.startedAt + FORGET_AFTER_MS <= now;
      if (isForgotten || (await this.#end(upload))) this.#kv.delete(name);
    }
    const rest = [...this.#kv.list<Upload>({ prefix: UPLOAD })];
    const ends = rest.map(([, { startedAt }]) => startedAt + MAX_UPLOAD_MS);
    return ends.length > 0 ? Math.min(...ends) : null;
  }

  /** Ends some of all there are. Rejects if one cannot be ended. Returns whether there are more. */
  async endSome(now: number): Promise<boolean> {
    const uploads = [...this.#kv.list<Upload>({ prefix: UPLOAD, limit: MAX_ENDED + 1 })];
    for (const [name, { key, uploadId, startedAt }] of uploads.slice(0, MAX_ENDED)) {
      if (startedAt + FORGET_AFTER_MS > now) await abortUpload(this.#env.BODIES, key, uploadId);
      this.#kv.delete(name);
    }
    return uploads.length > MAX_ENDED;
  }

  async #end({ key, uploadId }: Upload): Promise<boolean> {
    try {
      await abortUpload(this.#env.BODIES, key, uploadId);
      return true;
    } catch (error) {
      logWarning("An upload in parts could not be ended.", error);
      return false;
    }
  }
}

/** The bytes of attachments: in SQLite, or in R2 if they are large. */

import { Buffer } from "node:buffer";
import { randomId } from "../../core/secrets";
import type { Env } from "../../env";
import {
  databasesPrefix,
  deleteBodies,
  deletePageByPrefix,
  MAX_KEYS_PER_DELETE,
  maxUploadMs,
} from "../../storage/bodies";
import { getObject, putObject } from "../bodies";
import {
  type AttachmentRow,
  deleteOrphans,
  findOldestOrphan,
  isOrphanSince,
  loadOrphans,
  recordOrphan,
} from "../tables/attachments";
import { AttachmentData } from "./attachment-data";

/** Larger attachments go to R2. */
const MAX_SQLITE_BYTES = 1_000_000;

/**
 * How long an orphan is kept: a write may be about to refer to it, or a client may be reading it. It does
 * not count towards the quota.
 */
const ORPHAN_RETENTION_MS = 10 * 60 * 1000;

/** Uploads, reads and deletes the attachments of one module. */
export class AttachmentStore {
  readonly #sql: SqlStorage;
  readonly #bucket: R2Bucket;
  readonly #prefix: string;

  constructor(sql: SqlStorage, env: Env, moduleId: { account: string; module: string }) {
    this.#sql = sql;
    this.#bucket = env.BODIES;
    this.#prefix = prefixOf(moduleId);
  }

  /** Whether any of these has to be uploaded to R2 before it can be written. */
  needsUpload(attachments: { data: AttachmentData }[]): boolean {
    return attachments.some(({ data }) => isToBeUploaded(data));
  }

  /**
   * Uploads the large ones among these to R2, before the transaction that refers to them. They are
   * orphans until then, so those of a write that fails are deleted later.
   */
  async upload(attachments: { data: AttachmentData }[], now: number): Promise<void> {
    for (const { data } of attachments) {
      if (!isToBeUploaded(data)) continue;
      const r2Key = this.#prefix + randomId();
      recordOrphan(this.#sql, r2Key, now);
      await putObject(this.#bucket, r2Key, data.bytes);
      data.r2Key = r2Key;
    }
  }

  /**
   * Begins an upload of so many bytes that comes before the write which refers to it: an orphan until then. Returns
   * its id, which says the length, and the key in R2 to which its bytes go.
   */
  startUpload(length: number, now: number): { upload: string; r2Key: string } {
    const upload = `${randomId()}-${length}`;
    const r2Key = this.#prefix + upload;
    // From when the slowest client has sent it: what arrived after its deletion would stay for ever.
    recordOrphan(this.#sql, r2Key, now + Math.ceil(maxUploadMs(length)));
    return { upload, r2Key };
  }

  /** Finds an upload by its id; null if there is none, or it is so old that it might be deleted soon. */
  findUpload(upload: string, now: number): AttachmentData | null {
    const [, length] = /^[\w-]{22}-(\d{1,15})$/.exec(upload) ?? [];
    const r2Key = this.#prefix + upload;
    const since = now - ORPHAN_RETENTION_MS / 2;
    const isUsable = length !== undefined && isOrphanSince(this.#sql, r2Key, since);
    return isUsable ? AttachmentData.uploaded(r2Key, Number(length)) : null;
  }

  /** Returns the attachment in base64, null if R2 does not have it. */
  async read({ data, r2Key }: Pick<AttachmentRow, "data" | "r2Key">): Promise<string | null> {
    const bytes = data ?? (r2Key === null ? null : await getObject(this.#bucket, r2Key));
    return bytes && Buffer.from(bytes).toString("base64");
  }

  /** Deletes a batch of expired orphans. Returns when the next one expires, null if there is none. */
  async deleteOrphans(now: number): Promise<number | null> {
    const keys = loadOrphans(this.#sql, now - ORPHAN_RETENTION_MS, MAX_KEYS_PER_DELETE);
    if (keys.length > 0) await deleteBodies(this.#bucket, keys);
    deleteOrphans(this.#sql, keys);
    const since = findOldestOrphan(this.#sql);
    return since === null ? null : since + ORPHAN_RETENTION_MS;
  }

  /** Deletes a batch of all the module's bodies in R2. Returns whether there are more. */
  deleteSome(): Promise<boolean> {
    return deletePageByPrefix(this.#bucket, this.#prefix);
  }
}

const isToBeUploaded = ({ size, r2Key }: AttachmentData): boolean =>
  size > MAX_SQLITE_BYTES && r2Key === null;

/** First part of the keys in R2: apart from those of documents, which have a sweep of their own. */
const prefixOf = ({ account, module }: { account: string; module: string }): string =>
  `${databasesPrefix(account)}${module}/`;

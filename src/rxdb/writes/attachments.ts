/** Attachments: base64 on the wire, bytes in SQLite, or in R2 where they are large. */

import { Buffer } from "node:buffer";
import { randomId } from "../../core/secrets";
import type { Env } from "../../env";
import { databasesPrefix } from "../../storage/bodies";
import { dropBodies, dropSomeBelow, readWhole, writeWhole } from "../bodies";
import { isObject } from "../sockets/frames";
import {
  type AttachmentRow,
  forgetLoose,
  hasLoose,
  letLoose,
  loadLoose,
} from "../tables/attachments";

/** Larger ones go to R2. */
const MAX_IN_SQLITE = 1_000_000;

/** A body that nothing names may be one that is about to be named, or is just being read. */
const LOOSE_MS = 60 * 60 * 1000;

/** What R2 deletes in one call. */
const MAX_DROPPED = 1000;

/** Stands for the data of an attachment in a write, where RxDB's helpers expect a Blob. */
export class AttachmentData {
  readonly bytes: Uint8Array;
  /** Where the bytes are in R2; null: they are not. */
  r2Key: string | null = null;

  constructor(base64: string) {
    this.bytes = Buffer.from(base64, "base64");
  }

  get size(): number {
    return this.bytes.byteLength;
  }

  /** As it came, where its row is told back to the client. */
  toJSON(): string {
    return Buffer.from(this.bytes).toString("base64");
  }
}

/** Decodes the attachments of the rows of a write, in place. False: one is not base64. */
export function decodeAttachments(rows: { document: Record<string, unknown> }[]): boolean {
  for (const { document } of rows) {
    if (!isObject(document._attachments)) continue;
    for (const attachment of Object.values(document._attachments)) {
      if (!isObject(attachment) || typeof attachment.data !== "string") continue;
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(attachment.data)) return false;
      attachment.data = new AttachmentData(attachment.data);
    }
  }
  return true;
}

/** The large attachments of a module. */
export class LargeBodies {
  readonly #sql: SqlStorage;
  readonly #bucket: R2Bucket;
  readonly #prefix: string;

  constructor(sql: SqlStorage, env: Env, owner: { account: string; module: string }) {
    this.#sql = sql;
    this.#bucket = env.BODIES;
    this.#prefix = prefixOf(owner);
  }

  /** Whether any of these has to go to R2 first. */
  hasLarge(attachments: { data: AttachmentData }[]): boolean {
    return attachments.some(({ data }) => isToBeStored(data));
  }

  /**
   * Puts the large ones among these into R2, before the transaction that names them. What comes of a
   * write that fails is deleted later.
   */
  async store(attachments: { data: AttachmentData }[], now: number): Promise<void> {
    for (const { data } of attachments) {
      if (!isToBeStored(data)) continue;
      const r2Key = this.#prefix + randomId();
      letLoose(this.#sql, r2Key, now);
      await writeWhole(this.#bucket, r2Key, data.bytes);
      data.r2Key = r2Key;
    }
  }

  /** The attachment in base64; null if R2 does not have it. */
  async read({ data, r2Key }: Pick<AttachmentRow, "data" | "r2Key">): Promise<string | null> {
    const bytes = data ?? (r2Key === null ? null : await readWhole(this.#bucket, r2Key));
    return bytes && Buffer.from(bytes).toString("base64");
  }

  /** Deletes some of those that have been loose for long enough. Returns when to do so again. */
  async dropLoose(now: number): Promise<number | null> {
    const keys = loadLoose(this.#sql, now - LOOSE_MS, MAX_DROPPED);
    if (keys.length > 0) await dropBodies(this.#bucket, keys);
    forgetLoose(this.#sql, keys);
    return hasLoose(this.#sql) ? now + LOOSE_MS : null;
  }

  /** Deletes some of all there are, of this module. Returns whether there are more. */
  dropSome(): Promise<boolean> {
    return dropSomeBelow(this.#bucket, this.#prefix);
  }
}

const isToBeStored = ({ size, r2Key }: AttachmentData): boolean =>
  size > MAX_IN_SQLITE && r2Key === null;

/** First part of the keys in R2: apart from the documents, whose sweep is none of ours. */
const prefixOf = ({ account, module }: { account: string; module: string }): string =>
  `${databasesPrefix(account)}${module}/`;

/** The data of an attachment in a write: base64 on the wire, bytes in memory, or in R2 already. */

import { Buffer } from "node:buffer";
import { isObject } from "../sockets/frames";

/** Takes the place of the data of an attachment in a write, where RxDB's helpers expect a Blob. */
export class AttachmentData {
  /** Empty if they were uploaded before the write. */
  readonly bytes: Uint8Array;
  /** In bytes. */
  readonly size: number;
  /** Key of the bytes in R2, null if they are not there. */
  r2Key: string | null;

  private constructor(bytes: Uint8Array, size: number, r2Key: string | null) {
    this.bytes = bytes;
    this.size = size;
    this.r2Key = r2Key;
  }

  /** Decodes what came with the write. */
  static decode(base64: string): AttachmentData {
    const bytes = Buffer.from(base64, "base64");
    return new AttachmentData(bytes, bytes.byteLength, null);
  }

  /** What is in R2 already. */
  static uploaded(r2Key: string, size: number): AttachmentData {
    return new AttachmentData(new Uint8Array(), size, r2Key);
  }

  /** Not in a row that goes back to the client: RxDB does not use it, and it may take much memory. */
  toJSON(): undefined {}
}

/** Decodes the attachments of the rows of a write, in place. Returns false if one is not base64. */
export function decodeAttachments(rows: { document: Record<string, unknown> }[]): boolean {
  for (const { document } of rows) {
    if (!isObject(document._attachments)) continue;
    for (const attachment of Object.values(document._attachments)) {
      if (!isObject(attachment) || typeof attachment.data !== "string") continue;
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(attachment.data)) return false;
      attachment.data = AttachmentData.decode(attachment.data);
    }
  }
  return true;
}

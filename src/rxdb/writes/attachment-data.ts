/** The data of an attachment in a write: base64 on the wire, bytes in memory. */

import { Buffer } from "node:buffer";
import { isObject } from "../sockets/frames";

/** Takes the place of the data of an attachment in a write, where RxDB's helpers expect a Blob. */
export class AttachmentData {
  readonly bytes: Uint8Array;
  /** Key of the bytes in R2, null if they are not there. */
  r2Key: string | null = null;

  constructor(base64: string) {
    this.bytes = Buffer.from(base64, "base64");
  }

  /** In bytes. */
  get size(): number {
    return this.bytes.byteLength;
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
      attachment.data = new AttachmentData(attachment.data);
    }
  }
  return true;
}

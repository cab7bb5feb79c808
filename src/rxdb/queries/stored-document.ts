/** A document as RxDB sends it to its storage. Pure. */

import type { RxJsonSchema } from "rxdb/plugins/core";

/** A document in RxDB's storage format. All other fields are the app's. */
export interface StoredDocument {
  _deleted: boolean;
  _rev: string;
  /** `lwt` is RxDB's "last write time": milliseconds since 1970, by the client's clock. */
  _meta: { lwt: number };
  _attachments: Record<string, AttachmentStub>;
  [field: string]: unknown;
}

interface AttachmentStub {
  digest: string;
  length: number;
  type: string;
}

/** The JSON schema of a collection. */
export type RxSchema = RxJsonSchema<StoredDocument>;

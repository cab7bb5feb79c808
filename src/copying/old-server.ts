/** A client of the storage from which documents are copied. */

import { bareETag, type FolderItem, parseTime } from "../../transfer/listing.js";
import { TransferError } from "../../transfer/requests.js";
import { StorageClient } from "../../transfer/storage.js";
import { listFolder } from "../../transfer/walk.js";
import type { GuardedFetch } from "./guarded-fetch";
import { limitJson } from "./limit-length";
import type { MoveRequest } from "./move-in";

/** A listing is held in memory as a whole: this is one of about fifty thousand documents. */
const MAX_LISTING_BYTES = 8 * 1024 * 1024;
const MAX_LISTING_VALUES = 250_000;

/**
 * Longer ETags are not remembered, for what a move stores counts towards no quota: that a document has not changed is found
 * out by its bytes then.
 */
const MAX_ETAG_LENGTH = 200;

/** A listing that takes longer has failed. */
const LISTING_MS = 2 * 60 * 1000;

/** A document whose body is being received. */
export interface OpenedDocument {
  /** Without quotes; "": the server says none. */
  etag: string;
  /** Null: the server does not say. */
  type: string | null;
  /** Bytes; null: the server does not say. */
  length: number | null;
  /** When it was last modified, milliseconds since 1970; null: the server does not say. */
  modified: number | null;
  body: ReadableStream<Uint8Array>;
}

/** The old storage, read with the user's token. Paths are decoded and start with a slash. */
export class OldServer {
  readonly #client: StorageClient;
  readonly #fetch: GuardedFetch;
  readonly #headers: Record<string, string>;

  /** `signal`: ends listings, as it does what `fetch` requests. */
  constructor(
    { root, clientId }: MoveRequest,
    token: string,
    fetch: GuardedFetch,
    signal: AbortSignal,
  ) {
    this.#fetch = fetch;
    this.#headers = { Authorization: `Bearer ${token}`, Origin: clientId };
    const listing: GuardedFetch = async (url, init) => {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(LISTING_MS) });
      if (response.body === null) return response;
      return new Response(
        limitJson(response.body, MAX_LISTING_BYTES, MAX_LISTING_VALUES),
        response,
      );
    };
    this.#client = new StorageClient({
      root,
      token,
      origin: clientId,
      // Each request counts, and a folder is tried again by a later step.
      network: { fetch: listing, signal, maxReads: 1 },
    });
  }

  /** The items of a folder; none if it does not exist. Rejects with a TransferError. */
  async list(folder: string): Promise<FolderItem[]> {
    const { items } = await listFolder(this.#client, folder);
    return items.map((item) => ({ ...item, etag: usableETag(item.etag) }));
  }

  /**
   * Opens a document; `known`: the ETag that it had when it was copied. Rejects with a TransferError, such
   * as `unauthorized` or `forbidden`.
   */
  async open(
    path: string,
    known: string | null,
    signal: AbortSignal,
  ): Promise<OpenedDocument | "not-modified" | "missing"> {
    const url = this.#client.url(path);
    const condition = known ? { "If-None-Match": `"${known}"` } : {};
    const response = await this.#fetch(url, {
      headers: { ...this.#headers, ...condition },
      signal,
    });
    const { status, headers, body } = response;
    const etag = usableETag(bareETag(headers.get("ETag")));
    if (status === 200 && !(known && etag === known)) {
      const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
      return {
        etag,
        type: headers.get("Content-Type"),
        length: length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null,
        modified: parseTime(headers.get("Last-Modified")),
        body: body ?? new Blob([]).stream(),
      };
    }
    await body?.cancel();
    if (status === 304 || status === 200) return "not-modified";
    if (status === 404 || status === 410) return "missing";
    const code = status === 401 ? "unauthorized" : status === 403 ? "forbidden" : "refused";
    throw new TransferError(code, `${path}: status ${status}.`, { status });
  }
}

const usableETag = (etag: string | null): string =>
  etag === null || etag.length > MAX_ETAG_LENGTH ? "" : etag;

/**
 * Asks R2 for the body of a document at the same time as the index, where the version that will be current
 * is known from a listing: the client waits for one call instead of two. A version's body never changes,
 * so it does not matter when it was read; and nothing of it is sent before the index has named the version
 * and the token's grant.
 */

import type { FolderItem } from "../core/folder";
import type { NodePath } from "../core/path";
import type { ByteRange } from "../core/range";
import type { Env } from "../env";
import { bodyKey, readBody } from "./bodies";
import { forgetListing } from "./listed-versions";

/** A body that is being read, although the index has not answered yet. */
export class EarlyBody {
  readonly #account: string;
  readonly #node: NodePath;
  readonly #version: string;
  #body: Promise<ReadableStream | null> | null;

  /** `listed`: the document as `findListed` has found it. */
  constructor(
    env: Env,
    account: string,
    node: NodePath,
    listed: FolderItem,
    range: ByteRange | null,
  ) {
    this.#account = account;
    this.#node = node;
    this.#version = listed.version;
    this.#body = bodyKey(account, node, listed.version).then((key) =>
      readBody(env.BODIES, key, range),
    );
    // If nobody takes it, nobody has to know that it could not be read.
    this.#body.catch(() => {});
  }

  /** The body, as `openDocument` returns it; undefined: it is that of another version, or was taken. */
  take(version: string): Promise<ReadableStream | null> | undefined {
    if (version !== this.#version) return undefined;
    const body = this.#body;
    this.#body = null;
    return body ?? undefined;
  }

  /** Cancels the body if it was not taken: then the listing is no longer true, and costs no more reads. */
  async discard(): Promise<void> {
    if (this.#body === null) return;
    forgetListing(this.#account, this.#node);
    const body = await this.#body.catch(() => null);
    await body?.cancel();
  }
}

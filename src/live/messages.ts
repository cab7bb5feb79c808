/** The messages of a live socket: `docs/live.md`. */

import * as v from "valibot";
import { type NodePath, parseDecodedPath } from "../core/path";
import { type Outcome, type Refusal, refused } from "../core/refusals";

/** Bytes of a message from a client, in UTF-8. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** A folder to watch. */
export interface WatchedFolder {
  /** Decoded. */
  path: string;
  /** Whether the documents below it that change are named, too. */
  documents: boolean;
}

/** A folder to watch, and the version that the client has; null: none. */
export interface WatchRequest extends WatchedFolder {
  ETag: string | null;
}

const WatchMessage = v.object({
  type: v.literal("watch"),
  folders: v.array(
    v.object({
      path: v.string(),
      ETag: v.optional(v.nullable(v.string()), null),
      documents: v.optional(v.boolean(), false),
    }),
  ),
});

const UnwatchMessage = v.object({ type: v.literal("unwatch"), paths: v.array(v.string()) });

const ClientMessage = v.variant("type", [WatchMessage, UnwatchMessage]);

/** A message of a client. */
export type ClientMessage = v.InferOutput<typeof ClientMessage>;

/** Parses a message; null if it is none. */
export function parseMessage(text: string): ClientMessage | null {
  try {
    const parsed = v.safeParse(ClientMessage, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** A message of the server. ETags are versions: without quotes, as in a folder description. */
export type ServerMessage =
  /** These folders are watched. They are as `folders` says: those that differ from what the client has. */
  | { type: "watching"; paths: string[]; folders: { path: string; ETag: string }[] }
  /** Folders, and documents below those that were watched for them, have changed; null: deleted. */
  | {
      type: "changed";
      folders: { path: string; ETag: string }[];
      documents?: { path: string; ETag: string | null }[];
      /** Whether documents are missing, because they were too many: list the folders. */
      incomplete?: true;
    }
  /** A folder is not watched, or not any longer; without a path, the socket will be closed. */
  | { type: "refused"; path?: string; code: string; message: string; retryAfterSeconds?: number };

/** The refusal as a message. */
export const refusedMessage = (refusal: Refusal, path?: string): ServerMessage => ({
  type: "refused",
  ...(path === undefined ? {} : { path }),
  code: refusal.code,
  message: refusal.message,
  ...("retryAfterSeconds" in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
});

/** Checks the decoded path of a folder. Refuses with `malformed` or `path-too-long`. */
export function parseFolderPath(path: string): Outcome<NodePath> {
  // A lone surrogate is in no name.
  const node = path.isWellFormed() ? parseDecodedPath(path) : refused(NO_FOLDER);
  return node.ok && node.value.kind !== "folder" ? refused(NO_FOLDER) : node;
}

const NO_FOLDER: Refusal = {
  code: "malformed",
  message: "Only folders can be watched: a path begins and ends with a slash.",
};

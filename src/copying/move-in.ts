/** Moving in from another server: what is to be copied, and how far it has come. */

/** What to do with a document of the old server where another one is here already. */
export const CONFLICT_CHOICES = ["keep", "replace", "both"] as const;

/** One of CONFLICT_CHOICES. */
export type ConflictChoice = (typeof CONFLICT_CHOICES)[number];

/** The account into which documents are copied. */
export interface MoveOwner {
  /** Id of the account. */
  account: string;
  /** Name of the account. */
  user: string;
}

/** The storage from which documents are copied. */
export interface OldStorage {
  /** As the user typed it: alice@old.example. */
  address: string;
  /** Its storage root, without a slash at its end. */
  root: string;
}

/** What the user asks for. */
export interface MoveRequest extends OldStorage {
  onConflict: ConflictChoice;
  /** Our own origin, under which the token was granted: some servers demand it with each request. */
  clientId: string;
}

/** A sign-in at the old server that was begun. It is stored under these names. */
export interface PendingSignIn extends MoveRequest {
  /** The `state` of the authorization request: random. */
  state: string;
  /** The hash of the session that has begun it. */
  session: string;
  redirectUri: string;
  /** Of the code grant with PKCE; null: the implicit grant. */
  code: { verifier: string; tokenEndpoint: string } | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Access to the old storage. */
export interface OldCredential {
  token: string;
  /** Milliseconds since 1970; null: not known. */
  expiresAt: number | null;
  /** With which the token is renewed; null: it cannot be. */
  refresh: { token: string; endpoint: string } | null;
}

/**
 * Why a move has stopped by itself. `sign-in-needed`: the token is refused, or forgotten; `not-public`: the
 * storage is at an address that may not be asked; `too-many`: it lists more than any account may have.
 */
export type StopReason =
  | "sign-in-needed"
  | "over-quota"
  | "suspended"
  | "unreachable"
  | "not-public"
  | "too-many";

/** The state of a move. It is stored under these names. */
export interface MoveIn extends MoveOwner, MoveRequest {
  id: string;
  state: "running" | "paused" | "done" | "cancelled" | "failed";
  /** Null: the user has paused or cancelled it, or nothing has stopped it. */
  reason: StopReason | null;
  /** 1: the first; later ones copy only what has changed since. */
  pass: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number | null;
  /** When the token is forgotten at the latest. */
  tokenUntil: number;
  /** When the next request is due; after failures, later. */
  retryAt: number;
  /** Attempts in a row to which the server has not answered. */
  failures: number;
  /** Documents in a row that did not fit. */
  overQuota: number;
  /** Folders and documents that have been found, characters in the paths of the folders, and what has been looked at. */
  found: { folders: number; documents: number; pathsLength?: number };
  looked: { folders: number; documents: number };
  counts: MoveCounts;
  /** Bytes of the documents that were written. */
  bytes: number;
  /** Entries of the report. */
  entries: number;
  /** The name under which is stored what was copied from this storage root. */
  copies: string;
  /** Whether what was copied from another one before has still to be forgotten. */
  hasOtherCopies: boolean;
}

/** How many documents a move has copied, or why not. */
export interface MoveCounts {
  created: number;
  replaced: number;
  /** Copied beside another document that is here. */
  both: number;
  /** Here already, with the same bytes and type, or not changed since they were copied. */
  equal: number;
  /** Another document is here, and was kept. */
  kept: number;
  failed: number;
}

/** A document, or a folder, of which the report has something to say. */
export interface MoveEntry {
  path: string;
  outcome: "both" | "kept" | "failed";
  /** The path of the document that was written, if it is another. */
  as?: string;
  /** Why it could not be copied. */
  code?: string;
}

/** A document as the old server lists it. It is stored under these names. */
export interface ListedDocument {
  name: string;
  /** "": the server says none. */
  etag: string;
  /** Bytes; null: the server does not say. */
  length: number | null;
  /** When it was last modified, milliseconds since 1970; null or missing: the server does not say. */
  modified?: number | null;
  /** Attempts that have failed. */
  attempts?: number;
  /** Whether it takes so many calls that nothing else is copied at the same time. */
  isAlone?: boolean;
}

/** A document that was copied. It is stored under these names. */
export interface CopiedDocument {
  /** The ETag in the listing of its folder, and that of the document. */
  listed: string;
  etag: string;
  /** The version that it has here. */
  version: string;
  /** The path that it has here, if it is another. */
  as?: string;
}

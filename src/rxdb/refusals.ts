/** The refusals of RxDB requests, as plain values, and as the errors and close codes that clients see. */

import type { Refusal } from "../core/refusals";

/** A refusal of the storage, or one that exists only on sockets. */
export type SocketRefusal =
  | Refusal
  | { code: "unknown-connection"; message: string }
  | { code: "events-lost"; message: string }
  | { code: "removed"; message: string }
  | { code: "internal"; message: string };

/** The outcome of a call on a socket. */
export type CallOutcome<T> = { ok: true; value: T } | { ok: false; refusal: SocketRefusal };

/** The outcome of a call that is refused. */
export const refuseCall = (refusal: SocketRefusal): { ok: false; refusal: SocketRefusal } => ({
  ok: false,
  refusal,
});

/** The outcome of a call that cannot be understood. */
export const refuseMalformed = (message: string): { ok: false; refusal: SocketRefusal } =>
  refuseCall({ code: "malformed", message });

/** The client calls a method before `create`, or was away for so long that its connection is deleted. */
export const UNKNOWN_CONNECTION: SocketRefusal = {
  code: "unknown-connection",
  message: "This connection is not open. Call create first.",
};

/** Too many connections are open, in the module or by the app. */
export const TOO_MANY_CONNECTIONS: Refusal = {
  code: "too-many-requests",
  message: "There are too many open connections. Close some of them, or try again later.",
  retryAfterSeconds: 60,
};

/** The connection is stale. */
export const EVENTS_LOST: SocketRefusal = {
  code: "events-lost",
  message:
    "The connection was lost for too long and has missed changes that are no longer kept. Close the database and open it again.",
};

/** Somebody else has removed the collection, or the user has deleted the database. */
export const COLLECTION_REMOVED: SocketRefusal = {
  code: "removed",
  message: "The collection was removed.",
};

/** A write with a token that only allows to read. */
export const READ_ONLY: Refusal = {
  code: "insufficient-scope",
  message: "The access token is read-only.",
};

/** The refusal as the error of an answer. RxDB throws an error whose message contains it as JSON. */
export const toRxdbError = (refusal: SocketRefusal): Record<string, unknown> => ({
  name: "SatchelError",
  code: refusal.code,
  message: refusal.message,
  ...("retryAfterSeconds" in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
});

/**
 * The end of a sentence: the message of an error that was thrown on purpose, to be read by people; just
 * a full stop for any other, such as a TypeError.
 */
export const reasonSuffix = (error: unknown): string =>
  error instanceof Error && ["Error", "MingoError", "SyntaxError"].includes(error.name)
    ? `: ${error.message}`
    : ".";

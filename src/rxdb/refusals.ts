/** What the RxDB door refuses, as plain values, and how a client gets it: in an answer of the wire. */

import type { Refusal } from "../core/refusals";

/** Those of the storage, and what only makes sense on a socket. */
export type SocketRefusal =
  | Refusal
  | { code: "unknown-connection"; message: string }
  | { code: "events-lost"; message: string }
  | { code: "removed"; message: string }
  | { code: "internal"; message: string };

export type Reply<T> = { ok: true; value: T } | { ok: false; refusal: SocketRefusal };

export const refuse = (refusal: SocketRefusal): { ok: false; refusal: SocketRefusal } => ({
  ok: false,
  refusal,
});

export const malformed = (message: string): { ok: false; refusal: SocketRefusal } =>
  refuse({ code: "malformed", message });

export const UNKNOWN_CONNECTION: SocketRefusal = {
  code: "unknown-connection",
  message: "This connection is not open. The first call has to be create.",
};

export const EVENTS_LOST: SocketRefusal = {
  code: "events-lost",
  message:
    "The connection was away for too long and has missed changes that are not kept any more. Close the database and open it again.",
};

export const REMOVED: SocketRefusal = {
  code: "removed",
  message: "The collection was removed.",
};

export const READ_ONLY: Refusal = {
  code: "insufficient-scope",
  message: "The access token allows to read here, not to write.",
};

/** The code that a socket is closed with after it was refused (RFC 6455 §7.4.2: private use). */
export function closeCodeOf({ code }: SocketRefusal): number {
  switch (code) {
    case "unauthorized":
      return 4401;
    case "insufficient-scope":
    case "suspended":
      return 4403;
    case "too-many-requests":
      return 4429;
    default:
      return 4500;
  }
}

/** The refusal as RxDB shows it to the app: it stands in the message of the error that is thrown. */
export const errorOf = (refusal: SocketRefusal): Record<string, unknown> => ({
  name: "SatchelError",
  code: refusal.code,
  message: refusal.message,
  ...("retryAfterSeconds" in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
});

/** The end of a sentence that says why: what was thrown for people to read, not what just broke. */
export const reasonIn = (error: unknown): string =>
  error instanceof Error && ["Error", "MingoError", "SyntaxError"].includes(error.name)
    ? `: ${error.message}`
    : ".";

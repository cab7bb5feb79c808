/** The state of each socket: its attachment, which survives hibernation. */

import type { Scope } from "../../core/scope";
import { closeCode } from "../../http/close-codes";
import type { SocketRefusal } from "../refusals";
import type { Work } from "../work";

/** The attachment of a socket. It is serialized: its properties keep their names. */
export interface SocketState {
  /** Hash of the secret in the socket's URL. */
  session: string;
  /** Id of the grant. */
  grant: string;
  /** The socket's URL as the client sees it, without its query. */
  endpoint: string;
  /** When the session expires, in milliseconds since 1970; null if it ends only with its grant. */
  expiresAt: number | null;
  /** Ids of the connections that are attached to the socket; null if they did not fit in. */
  connections: string[] | null;
}

/** The caller of a storage method: a socket, and what its grant allows. */
export interface Caller {
  socket: WebSocket;
  state: SocketState;
  level: Scope["level"];
  /** What its request makes the server do. */
  work: Work;
  /** Whether the grant still allows writes, as far as is known; to be checked after an `await`. */
  canStillWrite(): boolean;
}

/** The sockets of one module. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  /** The deserialized attachments. */
  readonly #states = new WeakMap<WebSocket, SocketState>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** The sockets that the runtime holds for this object, with their states. */
  list(): { socket: WebSocket; state: SocketState }[] {
    return this.#ctx.getWebSockets().map((socket) => ({ socket, state: this.stateOf(socket) }));
  }

  /** The state of a socket. */
  stateOf(socket: WebSocket): SocketState {
    const state = this.#states.get(socket) ?? (socket.deserializeAttachment() as SocketState);
    this.#states.set(socket, state);
    return state;
  }

  /** Replaces the state of a socket. */
  setState(socket: WebSocket, state: SocketState): void {
    this.#states.set(socket, state);
    socket.serializeAttachment(state);
  }

  /** Updates when a session expires, on all its sockets. */
  setExpiry(session: string, expiresAt: number | null): void {
    for (const { socket, state } of this.list()) {
      const isChanged = state.session === session && state.expiresAt !== expiresAt;
      if (isChanged) this.setState(socket, { ...state, expiresAt });
    }
  }
}

/** Whether the session of a socket has expired. */
export const isExpired = ({ expiresAt }: SocketState, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

/** Whether a socket is open: not closing, and not closed. */
export const isSocketOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN;

/** Sends a frame, unless the socket is closing: the client is told again when it reconnects. */
export function sendIfOpen(socket: WebSocket, text: string): void {
  if (isSocketOpen(socket)) socket.send(text);
}

/** Closes a socket at once, with the close code of a refusal. */
export function closeNow(socket: WebSocket, refusal: SocketRefusal): void {
  if (isSocketOpen(socket)) socket.close(closeCode(refusal), refusal.code);
}

/**
 * Closes a socket whose client sends what is no message of RxDB, so that there is no request to answer:
 * 1008 and 1009 of RFC 6455 §7.4.1.
 */
export function closeInvalid(socket: WebSocket, isTooLarge = false): void {
  if (!isSocketOpen(socket)) return;
  if (isTooLarge) socket.close(1009, "The message is too large.");
  else socket.close(1008, "This is not a message of RxDB.");
}

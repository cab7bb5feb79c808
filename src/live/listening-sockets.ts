/**
 * The sockets that listen in a user's object: whose each is, and which folders it watches. All of it is in the
 * attachments of the sockets, which outlive the object's hibernation.
 */

import type { NodePath } from "../core/path";
import { type Outcome, type Refusal, refused } from "../core/refusals";
import { isAllowed, type Scope } from "../core/scope";
import { OUT_OF_SCOPE } from "../storage/refusals";
import type { Listener } from "./handshake";
import { parseFolderPath, type WatchedFolder, type WatchRequest } from "./messages";

/** Sockets of one account. An app gets half of those that others leave, so that none shuts others out. */
const MAX_SOCKETS = 2000;

/** Bytes of the folders that a socket watches, as JSON: its attachment has at most 16 KiB. */
const MAX_FOLDERS_BYTES = 8 * 1024;

/** A socket that has not sent a heartbeat for so long is taken for dead. */
const MAX_SILENCE_MS = 150_000;

/** The attachment of a socket. It is serialized: its properties keep their names. */
export interface ListenerState extends Listener {
  folders: WatchedFolder[];
  openedAt: number;
}

/** The open sockets of one user. */
export class ListeningSockets {
  readonly #ctx: DurableObjectState;
  readonly #states = new WeakMap<WebSocket, ListenerState>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Accepts a socket, which watches nothing yet. */
  add(socket: WebSocket, listener: Listener, now: number): void {
    this.#ctx.acceptWebSocket(socket);
    this.#setState(socket, { ...listener, folders: [], openedAt: now });
  }

  list(): WebSocket[] {
    return this.#ctx.getWebSockets();
  }

  hasAny(): boolean {
    return this.list().length > 0;
  }

  stateOf(socket: WebSocket): ListenerState {
    const state = this.#states.get(socket) ?? (socket.deserializeAttachment() as ListenerState);
    this.#states.set(socket, state);
    return state;
  }

  /** Why an app, or the pages, may have no other socket; null: they may. */
  refuseMore({ grant }: Listener): Refusal | null {
    const sockets = this.list();
    const own = sockets.filter((socket) => this.stateOf(socket).grant === grant).length;
    const left = MAX_SOCKETS - (sockets.length - own);
    return 2 * (own + 1) > left ? TOO_MANY_SOCKETS : null;
  }

  isDead(socket: WebSocket, now: number): boolean {
    const heartbeat = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return now - Math.max(heartbeat, this.stateOf(socket).openedAt) > MAX_SILENCE_MS;
  }

  /** Adds a folder to those that a socket watches. Refuses what the scopes do not cover, and too many. */
  addFolder(
    socket: WebSocket,
    { path, documents }: WatchRequest,
    scopes: Scope[],
  ): Outcome<NodePath> {
    const node = parseFolderPath(path);
    if (!node.ok) return node;
    if (!isAllowed(scopes, "read", node.value)) return refused(OUT_OF_SCOPE);
    const state = this.stateOf(socket);
    const folders = [
      ...state.folders.filter((folder) => folder.path !== path),
      { path, documents },
    ];
    if (byteLength(JSON.stringify(folders)) > MAX_FOLDERS_BYTES) return refused(TOO_MANY_FOLDERS);
    this.#setState(socket, { ...state, folders });
    return node;
  }

  removeFolders(socket: WebSocket, paths: string[]): void {
    const state = this.stateOf(socket);
    const folders = state.folders.filter(({ path }) => !paths.includes(path));
    this.#setState(socket, { ...state, folders });
  }

  /** Stops watching what the scopes do not cover. Returns these folders. */
  narrow(socket: WebSocket, scopes: Scope[]): WatchedFolder[] {
    const lost = this.stateOf(socket).folders.filter(({ path }) => {
      const node = parseFolderPath(path);
      return !node.ok || !isAllowed(scopes, "read", node.value);
    });
    if (lost.length > 0)
      this.removeFolders(
        socket,
        lost.map(({ path }) => path),
      );
    return lost;
  }

  #setState(socket: WebSocket, state: ListenerState): void {
    this.#states.set(socket, state);
    socket.serializeAttachment(state);
  }
}

const TOO_MANY_SOCKETS: Refusal = {
  code: "too-many-requests",
  message: "There are too many open sockets. Close some of them, or try again later.",
  retryAfterSeconds: 60,
};

const TOO_MANY_FOLDERS: Refusal = {
  code: "too-large",
  message: `A socket watches at most as many folders as fit into ${MAX_FOLDERS_BYTES} bytes. Watch a folder above them.`,
};

const byteLength = (text: string): number => new TextEncoder().encode(text).byteLength;

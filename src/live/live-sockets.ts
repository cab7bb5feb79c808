/**
 * The live sockets of one user, in the user's object: tell apps at once which of the folders that they
 * watch have changed. `docs/live.md` specifies the messages.
 *
 * Nothing is logged: on each connection an app names the versions that it has, and is told what differs.
 * All that a socket needs is in its attachment, so the object hibernates while nothing changes.
 */

import { formatPath, listAncestors, type NodePath } from "../core/path";
import { type Outcome, ok, type Refusal, refused, UNAVAILABLE } from "../core/refusals";
import { isAllowed, type Scope } from "../core/scope";
import type { Env } from "../env";
import { limitApp, limitOwnDocuments } from "../http/rate-limits";
import { logWarning } from "../platform/log";
import { BAD_TOKEN, OUT_OF_SCOPE } from "../storage/refusals";
import type { Listener, LiveHandshake } from "./handshake";
import {
  type ClientMessage,
  MAX_MESSAGE_BYTES,
  parseFolderPath,
  parseMessage,
  refusedMessage,
  type WatchedFolder,
  type WatchRequest,
} from "./messages";
import { type ChangeNotice, folderVersions, noticeOf } from "./notices";
import { ListenerPermissions } from "./permissions";
import { closeMalformed, closeSocket, refuseSocket, sendMessage } from "./replies";
import { LiveSessions } from "./sessions";
import { VersionReadings } from "./version-readings";

/** Sockets of one account. An app gets half of those that others leave, so that none shuts others out. */
const MAX_SOCKETS = 2000;

/** Bytes of the folders that a socket watches, as JSON: its attachment has at most 16 KiB. */
const MAX_FOLDERS_BYTES = 8 * 1024;

/** Changes within this time are told in one message. */
const COALESCE_MS = 25;

/** A socket that has not sent a heartbeat for so long is taken for dead. */
const MAX_SILENCE_MS = 150_000;

/** A second after an unknown outcome, the index says what has become of it. */
const CHECK_AFTER_MS = 1000;

/** The attachment of a socket. It is serialized: its properties keep their names. */
interface SocketState extends Listener {
  folders: WatchedFolder[];
  openedAt: number;
}

/** The live sockets of one user. */
export class LiveSockets {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #clock: () => number;
  readonly #sessions: LiveSessions;
  readonly #states = new WeakMap<WebSocket, SocketState>();
  readonly #permissions: ListenerPermissions;
  #changes: ChangeNotice[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #readings = new VersionReadings();
  #isRechecking = false;

  constructor(ctx: DurableObjectState, env: Env, clock: () => number) {
    this.#ctx = ctx;
    this.#env = env;
    this.#clock = clock;
    this.#sessions = new LiveSessions(ctx.storage);
    this.#permissions = new ListenerPermissions(env, clock);
  }

  /** Opens a socket. A refusal is told on the socket, which is then closed: browsers see nothing else. */
  async accept(handshake: LiveHandshake): Promise<Response> {
    const [client, socket] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const listener =
      handshake.listener ?? (await this.#sessions.redeem(handshake.secret, this.#clock()));
    const allowed =
      listener === null
        ? refused(BAD_TOKEN)
        : await this.#permissions.admit(listener, handshake.scopes);
    const refusal = allowed.ok ? this.#shareRefusal(listener as Listener) : allowed.refusal;
    if (refusal === null) {
      this.#ctx.acceptWebSocket(socket);
      this.#setState(socket, { ...(listener as Listener), folders: [], openedAt: this.#clock() });
    } else {
      socket.accept();
      refuseSocket(socket, refusal);
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Opens a one-time URL. Refuses what the grant no longer allows. `scopes`: of the token; null: a page asks. */
  async openSession(
    listener: Listener,
    scopes: Scope[] | null,
  ): Promise<Outcome<{ secret: string; usableUntil: number }>> {
    const allowed = await this.#permissions.admit(listener, scopes);
    return allowed.ok ? ok(await this.#sessions.open(listener, this.#clock())) : allowed;
  }

  /** Answers a message. If that fails, closes the socket: its client would wait for an answer that never comes. */
  async receive(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    try {
      await this.#handle(socket, data);
    } catch (error) {
      logWarning("A message of a listener could not be answered.", error);
      refuseSocket(socket, UNAVAILABLE);
    }
  }

  async #handle(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const state = this.#stateOf(socket);
    if (typeof data !== "string") return closeMalformed(socket);
    // A character has at most three bytes.
    if (data.length > MAX_MESSAGE_BYTES)
      return closeSocket(socket, 1009, "The message is too large.");
    const message = parseMessage(data);
    if (message === null) return closeMalformed(socket);
    const limit = this.#limit(state);
    if (limit) return sendMessage(socket, refusedMessage(limit));
    if (this.#permissions.hasExpired(state)) return refuseSocket(socket, BAD_TOKEN);
    await this.#answer(socket, message);
  }

  /** Tells the listeners of a change that was made. Never throws, and costs nothing if nobody listens. */
  notify(node: NodePath, version: string, isDeleted: boolean): void {
    if (!this.#hasListeners()) return;
    this.#changes.push({ path: formatPath(node), version, isDeleted });
    this.#timer ??= setTimeout(() => this.#flush(), COALESCE_MS);
  }

  /** Finds out, and tells the listeners, what has become of a change whose outcome is unknown. */
  notifyUnknown(account: string, node: NodePath): void {
    if (!this.#hasListeners()) return;
    setTimeout(() => {
      this.#tellVersions(account, listAncestors(node)).catch((error) =>
        logWarning("Listeners could not be told of a change.", error),
      );
    }, CHECK_AFTER_MS);
  }

  /**
   * Checks the grants of all sockets again: closes those of grants that have ended, and stops watching what is no longer
   * covered. Pages have to show their sessions again.
   */
  async recheck(): Promise<void> {
    this.#permissions.forget();
    for (const socket of this.#ctx.getWebSockets()) {
      if (this.#stateOf(socket).grant === null) refuseSocket(socket, BAD_TOKEN);
    }
    await this.#recheckApps();
  }

  /** Closes all sockets, of an account that was deleted. */
  closeAll(): void {
    for (const socket of this.#ctx.getWebSockets()) refuseSocket(socket, BAD_TOKEN);
  }

  async #answer(socket: WebSocket, message: ClientMessage): Promise<void> {
    if (message.type === "watch") return this.#watch(socket, message.folders);
    const state = this.#stateOf(socket);
    const folders = state.folders.filter(({ path }) => !message.paths.includes(path));
    this.#setState(socket, { ...state, folders });
  }

  async #watch(socket: WebSocket, requests: WatchRequest[]): Promise<void> {
    const { account, grant, expiresAt, user } = this.#stateOf(socket);
    const allowed = await this.#permissions.check({ account, user, grant, expiresAt });
    if (!allowed.ok) return refuseSocket(socket, allowed.refusal);
    const accepted: { node: NodePath; request: WatchRequest }[] = [];
    for (const request of requests) {
      const node = this.#addFolder(socket, request, allowed.value);
      if (node.ok) accepted.push({ node: node.value, request });
      else sendMessage(socket, refusedMessage(node.refusal, request.path));
    }
    const nodes = accepted.map(({ node }) => node);
    const versions = await this.#readings.read(this.#env, account, nodes);
    const folders = accepted
      .map(({ request }) => ({ path: request.path, ETag: versions.get(request.path) as string }))
      .filter(({ ETag }, index) => ETag !== accepted[index]?.request.ETag);
    sendMessage(socket, {
      type: "watching",
      paths: accepted.map(({ request }) => request.path),
      folders,
    });
  }

  /** Adds a folder to those that a socket watches. */
  #addFolder(socket: WebSocket, request: WatchRequest, scopes: Scope[]): Outcome<NodePath> {
    const node = parseFolderPath(request.path);
    if (!node.ok) return node;
    if (!isAllowed(scopes, "read", node.value)) return refused(OUT_OF_SCOPE);
    const state = this.#stateOf(socket);
    const { path, documents } = request;
    const folders = [
      ...state.folders.filter((folder) => folder.path !== path),
      { path, documents },
    ];
    if (byteLength(JSON.stringify(folders)) > MAX_FOLDERS_BYTES) return refused(TOO_MANY_FOLDERS);
    this.#setState(socket, { ...state, folders });
    return node;
  }

  #flush(): void {
    this.#timer = undefined;
    const changes = this.#changes;
    this.#changes = [];
    this.#tell(folderVersions(changes), changes);
    if (!this.#isAnyStale() || this.#isRechecking) return;
    this.#isRechecking = true;
    this.#recheckApps()
      .catch((error) => logWarning("The grants of listeners were not checked.", error))
      .finally(() => {
        this.#isRechecking = false;
      });
  }

  /** Tells the present versions of folders to all who watch them. */
  async #tellVersions(account: string, nodes: NodePath[]): Promise<void> {
    this.#tell(await this.#readings.read(this.#env, account, nodes), null);
  }

  /** Tells listeners. Closes the sockets of tokens that have expired, and dead ones. */
  #tell(versions: Map<string, string>, changes: ChangeNotice[] | null): void {
    this.#readings.noteTold(versions);
    for (const socket of this.#ctx.getWebSockets()) {
      const state = this.#stateOf(socket);
      if (this.#permissions.hasExpired(state)) refuseSocket(socket, BAD_TOKEN);
      else if (this.#isDead(socket, state)) closeSocket(socket, 4408, "There was no heartbeat.");
      else {
        const notice = noticeOf(state.folders, versions, changes);
        if (notice) sendMessage(socket, notice);
      }
    }
  }

  #isAnyStale(): boolean {
    return this.#ctx
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.OPEN)
      .some((socket) => this.#permissions.isStale(this.#stateOf(socket)));
  }

  async #recheckApps(): Promise<void> {
    const apps = this.#ctx.getWebSockets().flatMap((socket) => {
      const { account, grant } = this.#stateOf(socket);
      return grant === null ? [] : [{ socket, account, grant }];
    });
    for (const [account, own] of Map.groupBy(apps, (app) => app.account)) {
      const grants = new Set(own.map(({ grant }) => grant));
      const allowed = await this.#permissions.checkGrants(account, [...grants]);
      for (const { socket, grant } of own) {
        const scopes = allowed.get(grant) as Outcome<Scope[]>;
        if (scopes.ok) this.#narrow(socket, scopes.value);
        else refuseSocket(socket, scopes.refusal);
      }
    }
  }

  #narrow(socket: WebSocket, scopes: Scope[]): void {
    const state = this.#stateOf(socket);
    const isCovered = ({ path }: WatchedFolder) => {
      const node = parseFolderPath(path);
      return node.ok && isAllowed(scopes, "read", node.value);
    };
    const lost = state.folders.filter((folder) => !isCovered(folder));
    if (lost.length === 0) return;
    this.#setState(socket, { ...state, folders: state.folders.filter(isCovered) });
    for (const { path } of lost) sendMessage(socket, refusedMessage(OUT_OF_SCOPE, path));
  }

  #hasListeners(): boolean {
    return this.#ctx.getWebSockets().length > 0;
  }

  #limit({ account, grant }: SocketState): Refusal | null {
    const now = this.#clock();
    return grant === null
      ? limitOwnDocuments(this.#env, account, now)
      : limitApp(this.#env, { account, grant }, now);
  }

  #shareRefusal({ grant }: Listener): Refusal | null {
    const sockets = this.#ctx.getWebSockets();
    const own = sockets.filter((socket) => this.#stateOf(socket).grant === grant).length;
    const left = MAX_SOCKETS - (sockets.length - own);
    return 2 * (own + 1) > left ? TOO_MANY_SOCKETS : null;
  }

  #isDead(socket: WebSocket, { openedAt }: SocketState): boolean {
    const heartbeat = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return this.#clock() - Math.max(heartbeat, openedAt) > MAX_SILENCE_MS;
  }

  #stateOf(socket: WebSocket): SocketState {
    const state = this.#states.get(socket) ?? (socket.deserializeAttachment() as SocketState);
    this.#states.set(socket, state);
    return state;
  }

  #setState(socket: WebSocket, state: SocketState): void {
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

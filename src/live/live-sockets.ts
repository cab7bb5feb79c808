/**
 * The live sockets of one user, in the user's object: tell apps at once which of the folders that they
 * watch have changed. `docs/live.md` specifies the messages.
 *
 * Nothing is logged: on each connection an app names the versions that it has, and is told what differs.
 * All that a socket needs is in its attachment (`listening-sockets.ts`), so the object hibernates while nothing changes.
 */

import { formatPath, listAncestors, type NodePath } from "../core/path";
import { type Outcome, ok, type Refusal, refused, UNAVAILABLE } from "../core/refusals";
import type { Scope } from "../core/scope";
import type { Env } from "../env";
import { limitApp, limitOwnDocuments } from "../http/rate-limits";
import { logWarning } from "../platform/log";
import { BAD_TOKEN, OUT_OF_SCOPE } from "../storage/refusals";
import type { Listener, LiveHandshake } from "./handshake";
import { type ListenerState, ListeningSockets } from "./listening-sockets";
import {
  type ClientMessage,
  MAX_MESSAGE_BYTES,
  parseMessage,
  refusedMessage,
  type WatchRequest,
} from "./messages";
import { type ChangeNotice, folderVersions, noticeOf } from "./notices";
import { ListenerPermissions } from "./permissions";
import { closeMalformed, closeSocket, refuseSocket, sendMessage } from "./replies";
import { LiveSessions } from "./sessions";
import { VersionReadings } from "./version-readings";

/** Changes within this time are told in one message. */
const COALESCE_MS = 25;

/** A second after an unknown outcome, the index says what has become of it. */
const CHECK_AFTER_MS = 1000;

/** The live sockets of one user. */
export class LiveSockets {
  readonly #sockets: ListeningSockets;
  readonly #env: Env;
  readonly #clock: () => number;
  readonly #sessions: LiveSessions;
  readonly #permissions: ListenerPermissions;
  #changes: ChangeNotice[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #readings = new VersionReadings();
  #isRechecking = false;

  constructor(ctx: DurableObjectState, env: Env, clock: () => number) {
    this.#sockets = new ListeningSockets(ctx);
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
    const refusal = allowed.ok ? this.#sockets.refuseMore(listener as Listener) : allowed.refusal;
    if (refusal === null) {
      this.#sockets.add(socket, listener as Listener, this.#clock());
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
    const state = this.#sockets.stateOf(socket);
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
    if (!this.#sockets.hasAny()) return;
    this.#changes.push({ path: formatPath(node), version, isDeleted });
    this.#timer ??= setTimeout(() => this.#flush(), COALESCE_MS);
  }

  /** Finds out, and tells the listeners, what has become of a change whose outcome is unknown. */
  notifyUnknown(account: string, node: NodePath): void {
    if (!this.#sockets.hasAny()) return;
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
    for (const socket of this.#sockets.list()) {
      if (this.#sockets.stateOf(socket).grant === null) refuseSocket(socket, BAD_TOKEN);
    }
    await this.#recheckApps();
  }

  /** Closes all sockets, of an account that was deleted. */
  closeAll(): void {
    for (const socket of this.#sockets.list()) refuseSocket(socket, BAD_TOKEN);
  }

  async #answer(socket: WebSocket, message: ClientMessage): Promise<void> {
    if (message.type === "watch") return this.#watch(socket, message.folders);
    this.#sockets.removeFolders(socket, message.paths);
  }

  async #watch(socket: WebSocket, requests: WatchRequest[]): Promise<void> {
    const { account, grant, expiresAt, user } = this.#sockets.stateOf(socket);
    const allowed = await this.#permissions.check({ account, user, grant, expiresAt });
    if (!allowed.ok) return refuseSocket(socket, allowed.refusal);
    const accepted: { node: NodePath; request: WatchRequest }[] = [];
    for (const request of requests) {
      const node = this.#sockets.addFolder(socket, request, allowed.value);
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
    for (const socket of this.#sockets.list()) {
      const state = this.#sockets.stateOf(socket);
      if (this.#permissions.hasExpired(state)) refuseSocket(socket, BAD_TOKEN);
      else if (this.#sockets.isDead(socket, this.#clock()))
        closeSocket(socket, 4408, "There was no heartbeat.");
      else {
        const notice = noticeOf(state.folders, versions, changes);
        if (notice) sendMessage(socket, notice);
      }
    }
  }

  #isAnyStale(): boolean {
    return this.#sockets
      .list()
      .filter(({ readyState }) => readyState === WebSocket.OPEN)
      .some((socket) => this.#permissions.isStale(this.#sockets.stateOf(socket)));
  }

  async #recheckApps(): Promise<void> {
    const apps = this.#sockets.list().flatMap((socket) => {
      const { account, grant } = this.#sockets.stateOf(socket);
      return grant === null ? [] : [{ socket, account, grant }];
    });
    for (const [account, own] of Map.groupBy(apps, (app) => app.account)) {
      const grants = new Set(own.map(({ grant }) => grant));
      const allowed = await this.#permissions.checkGrants(account, [...grants]);
      for (const { socket, grant } of own) {
        const scopes = allowed.get(grant) as Outcome<Scope[]>;
        if (!scopes.ok) refuseSocket(socket, scopes.refusal);
        else {
          for (const { path } of this.#sockets.narrow(socket, scopes.value))
            sendMessage(socket, refusedMessage(OUT_OF_SCOPE, path));
        }
      }
    }
  }

  #limit({ account, grant }: ListenerState): Refusal | null {
    const now = this.#clock();
    return grant === null
      ? limitOwnDocuments(this.#env, account, now)
      : limitApp(this.#env, { account, grant }, now);
  }
}

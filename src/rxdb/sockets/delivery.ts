/**
 * Delivers events to the sockets of a connection, and replays those that were missed.
 *
 * A connection is a client's storage instance. It outlives its socket, because clients open a new
 * socket and carry on as if nothing had happened. The session, which is the secret in the socket's URL,
 * says which connections a new socket adopts:
 *
 *   a connection calls a method on a socket:    it is attached to that socket alone; it is not lost
 *   a socket closes:                            its connections are lost, since now
 *   a socket of the same session is accepted:   replay what the lost ones have missed; attach them to it
 *
 * A lost connection can be attached to more than one socket, until it calls a method, or for as long
 * as events are kept: clients with the same URL may come back one after the other, and each ignores
 * frames for connections that it does not have. Sockets survive hibernation, while the object's memory
 * does not: a socket's attachment lists the connections that are attached to it.
 *
 * The platform buffers what a client does not read, and does not say how much that is. So the bytes sent
 * to an app are limited over time. When they exceed the limit, the socket is closed as if it had been
 * lost: the log keeps what it has missed, or the connection is stale when it comes back.
 */

import type { Env } from "../../env";
import { limitBytes, recordBytes } from "../../http/rate-limits";
import { BAD_TOKEN } from "../../storage/refusals";
import { COLLECTION_REMOVED, type SocketRefusal } from "../refusals";
import type { ConnectionRow } from "../tables/connections";
import {
  EVENT_RETENTION_MS,
  type EventLog,
  type LogPosition,
  REPLAY_MARGIN_MS,
} from "../writes/event-log";
import type { Connection, ConnectionRegistry } from "./connection-registry";
import { byteLength } from "./frame-limits";
import { eventFrame, removalFrame } from "./frames";
import { closeNow, isExpired, type SocketState, type Sockets, sendIfOpen } from "./socket-state";

/** From the first refusal on a socket until it is closed. */
const CLOSE_GRACE_MS = 3000;

/** Delivers the events of one module to its sockets. */
export class Delivery {
  readonly #sockets: Sockets;
  readonly #connections: ConnectionRegistry;
  readonly #log: EventLog;
  /** When a socket was accepted, or last called a method. */
  readonly #lastHeardAt = new WeakMap<WebSocket, number>();
  /** Id of the last event bulk that the client had received when it opened a socket, as it said. */
  readonly #lastBulkIds = new WeakMap<WebSocket, string>();
  readonly #env: Env;
  readonly #account: string;

  /** `account`: the id of the account that the module belongs to. */
  constructor(
    env: Env,
    account: string,
    sockets: Sockets,
    connections: ConnectionRegistry,
    log: EventLog,
    now: number,
  ) {
    this.#env = env;
    this.#account = account;
    this.#sockets = sockets;
    this.#connections = connections;
    this.#log = log;
    // A connection without a socket that nobody marked as lost has lost its socket together with the
    // object's memory: after the last change, or, if that one is no longer kept, long after it.
    const unmarked = [...connections.all()].filter(
      ({ sockets, lostAt }) => sockets.size === 0 && lostAt === null,
    );
    if (unmarked.length === 0) return;
    const lostAt = log.hasExpired(now) ? log.lastChangeAt + 1 : log.lastChangeAt - REPLAY_MARGIN_MS;
    for (const connection of unmarked) connections.setPresence(connection, { lostAt });
  }

  /**
   * Adopts the lost connections of a session on a new socket, after a replay. `after` is the id of the
   * last event bulk that the client has received, or null: see `EventLog.positionOf`.
   */
  accept(socket: WebSocket, state: SocketState, after: string | null, now: number): void {
    this.#lastHeardAt.set(socket, now);
    if (after !== null) this.#lastBulkIds.set(socket, after);
    const position = this.#positionOnOpening(socket);
    this.#sockets.setState(socket, state);
    const lost = [...this.#connections.all()].filter(
      ({ session, lostAt, sockets }) =>
        session === state.session &&
        lostAt !== null &&
        (sockets.size === 0 || isWithinRetention(lostAt, now)),
    );
    this.#replay(
      socket,
      lost,
      (connection) => position ?? this.#log.positionAt(connection.lostAt ?? 0),
      now,
    );
    for (const connection of lost) connection.sockets.add(socket);
    this.#connections.saveAttached(socket);
  }

  /** Detaches all connections from a socket: it has closed, or gets no more events. */
  detach(socket: WebSocket, now: number): void {
    for (const connection of this.#connections.all()) {
      if (!connection.sockets.delete(socket) || connection.sockets.size > 0) continue;
      // A socket of another client may have adopted it: then it stays lost since before.
      const isLostAlready = connection.lostAt !== null && isWithinRetention(connection.lostAt, now);
      if (!isLostAlready) {
        this.#connections.setPresence(connection, { lostAt: now - REPLAY_MARGIN_MS });
      }
    }
    this.#connections.saveAttached(socket);
  }

  /**
   * Finds the connection that calls a method on a socket, and attaches it to that socket alone, after a
   * replay if it comes from another one. Returns undefined if there is none.
   */
  attach(socket: WebSocket, session: string, id: string, now: number): Connection | undefined {
    const connection = this.#connections.find(session, id);
    const lastHeardAt = this.#lastHeardAt.get(socket);
    this.#lastHeardAt.set(socket, now);
    if (!connection || connection.isStale) return connection;
    const others = [...connection.sockets].filter((other) => other !== socket);
    const isAttached = connection.sockets.has(socket);
    if (isAttached && others.length === 0 && connection.lostAt === null) return connection;
    connection.sockets = new Set([socket]);
    for (const other of others) this.#connections.saveAttached(other);
    this.#connections.saveAttached(socket);
    if (!isAttached) {
      // Its other socket was never closed: nobody knows since when nothing gets through there.
      const heard = others.map((other) => this.#lastHeardAt.get(other) ?? 0);
      const since = connection.lostAt ?? Math.min(...heard, lastHeardAt ?? now) - REPLAY_MARGIN_MS;
      const position = this.#positionOnOpening(socket);
      this.#replay(socket, [connection], () => position ?? this.#log.positionAt(since), now);
    }
    this.#connections.setPresence(connection, { lostAt: null });
    return connection;
  }

  /**
   * Opens a connection on a socket. `hadBefore`: the client has had it, but it is no longer known here.
   * Then what it has missed is replayed, and it is stale if that is no longer kept. Returns undefined
   * if its schema cannot be used.
   */
  open(
    socket: WebSocket,
    row: Pick<ConnectionRow, "session" | "id" | "collection" | "schema">,
    hadBefore: boolean,
    now: number,
  ): Connection | undefined {
    const connection = this.#connections.open(socket, row);
    if (!connection) return undefined;
    const position = this.#positionOnOpening(socket);
    if (hadBefore && position) this.#replay(socket, [connection], () => position, now);
    return connection;
  }

  /**
   * Closes a socket whose client would only be refused from now on. Not at once: what the client has
   * sent must be answered, or it waits forever.
   */
  closeAfterGrace(socket: WebSocket, refusal: SocketRefusal, now: number): void {
    this.detach(socket, now);
    setTimeout(() => closeNow(socket, refusal), CLOSE_GRACE_MS);
  }

  /**
   * Sends an event bulk (JSON) to all connections of a collection, in any case to the one that made the
   * change: its answer follows. Closes the sockets of apps that have got as many bytes as they may, and
   * those whose sessions have expired: a client that only listens would never notice.
   */
  broadcast(
    { id, collection, session }: Pick<Connection, "id" | "collection" | "session">,
    json: string,
    now: number,
  ): void {
    const bytes = byteLength(json);
    const refused = new Map<WebSocket, SocketRefusal>();
    for (const connection of this.#connections.all()) {
      if (connection.collection !== collection || connection.isStale) continue;
      const isWriter = connection.id === id && connection.session === session;
      for (const socket of connection.sockets) {
        if (refused.has(socket)) continue;
        const refusal = this.#checkListener(socket, bytes, isWriter, now);
        if (refusal) refused.set(socket, refusal);
        else sendIfOpen(socket, eventFrame(connection.id, json));
      }
    }
    for (const [socket, refusal] of refused) this.closeAfterGrace(socket, refusal, now);
  }

  /** Counts the bytes of an event bulk. Null, or why a socket must not get it. */
  #checkListener(
    socket: WebSocket,
    bytes: number,
    isWriter: boolean,
    now: number,
  ): SocketRefusal | null {
    const state = this.#sockets.stateOf(socket);
    if (isExpired(state, now)) return BAD_TOKEN;
    const claims = { account: this.#account, grant: state.grant };
    if (!isWriter) return limitBytes(this.#env, claims, bytes, now);
    recordBytes(this.#env, claims, bytes, now);
    return null;
  }

  /** Tells the connections of a collection that it was removed. */
  broadcastRemoval(collection: number): void {
    for (const { id, sockets, ...connection } of this.#connections.all()) {
      if (connection.collection !== collection) continue;
      for (const socket of sockets) sendIfOpen(socket, removalFrame(id, COLLECTION_REMOVED));
    }
  }

  /**
   * Where in the log the client was when it opened the socket; null if it did not say. Computed each
   * time, because events after that position may have been deleted since.
   */
  #positionOnOpening(socket: WebSocket): LogPosition | null {
    const bulkId = this.#lastBulkIds.get(socket);
    return bulkId === undefined ? null : this.#log.positionOf(bulkId);
  }

  /**
   * Sends the events after each connection's position. Marks as stale those that can't catch up, because
   * the events are no longer kept or are more than the app may get at once.
   */
  #replay(
    socket: WebSocket,
    connections: Connection[],
    positionOf: (connection: Connection) => LogPosition,
    now: number,
  ): void {
    const behind = connections.map((connection) => {
      const position = connection.isStale ? "lost" : positionOf(connection);
      this.#connections.setPresence(connection, { isStale: position === "lost" });
      return { connection, seq: position === "lost" ? Number.POSITIVE_INFINITY : position.seq };
    });
    const first = Math.min(...behind.map(({ seq }) => seq));
    if (first === Number.POSITIVE_INFINITY) return;
    for (const bulk of this.#log.bulksAfter(first)) {
      const bytes = byteLength(bulk.json);
      for (const { connection, seq } of behind) {
        const isMissed = seq < bulk.seq && connection.collection === bulk.collection;
        if (!isMissed || connection.isStale) continue;
        if (this.#checkListener(socket, bytes, false, now)) {
          this.#connections.setPresence(connection, { isStale: true });
        } else {
          sendIfOpen(socket, eventFrame(connection.id, bulk.json));
        }
      }
    }
  }
}

/** Whether all events since then are kept, unless there were too many. */
const isWithinRetention = (at: number, now: number): boolean => now - at < EVENT_RETENTION_MS;

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
 *   and no method is called on it at first:     likewise all others, whose socket may have died unnoticed
 *
 * A lost connection can be attached to more than one socket, until it calls a method, or for as long
 * as events are kept: clients with the same URL may come back one after the other, and each ignores
 * frames for connections that it does not have. A client that has just started calls a method at once;
 * one that has come back, and only listens, does not: its old socket may never be closed. Sockets survive
 * hibernation, while the object's memory does not: a socket's attachment lists the connections that are
 * attached to it.
 *
 * The platform buffers what a client does not read, and does not say how much that is. So the bytes sent
 * to an app are limited over time. When they exceed the limit, the socket is closed as if it had been
 * lost: the log keeps what it has missed, or the connection is stale when it comes back.
 */

import type { Env } from "../../env";
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
import { ListenerLimits } from "./listener-limits";
import { closeNow, isSocketOpen, type SocketState, type Sockets, sendIfOpen } from "./socket-state";

/** From the first refusal on a socket until it is closed. */
const CLOSE_GRACE_MS = 3000;

/** After that, a new socket on which no method was called is taken for that of a client that listens. */
const SILENCE_MS = 2000;

/** Delivers the events of one module to its sockets. */
export class Delivery {
  readonly #sockets: Sockets;
  readonly #connections: ConnectionRegistry;
  readonly #log: EventLog;
  readonly #acceptedAt = new WeakMap<WebSocket, number>();
  /** When a socket was accepted, or last called a method. */
  readonly #lastHeardAt = new WeakMap<WebSocket, number>();
  /** Id of the last event bulk that the client had received when it opened a socket, as it said. */
  readonly #lastBulkIds = new WeakMap<WebSocket, string>();
  /** Sockets on which no method was called so far. */
  readonly #silent = new WeakSet<WebSocket>();
  readonly #limits: ListenerLimits;

  /** `account`: the id of the account that the module belongs to. */
  constructor(
    env: Env,
    account: string,
    sockets: Sockets,
    connections: ConnectionRegistry,
    log: EventLog,
    now: number,
  ) {
    this.#limits = new ListenerLimits(env, account);
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
    this.#acceptedAt.set(socket, now);
    this.#lastHeardAt.set(socket, now);
    if (after !== null) this.#lastBulkIds.set(socket, after);
    this.#sockets.setState(socket, state);
    const lost = this.#connectionsOf(state.session).filter(
      ({ lostAt, sockets }) =>
        lostAt !== null && (sockets.size === 0 || isWithinRetention(lostAt, now)),
    );
    this.#catchUp(socket, lost, ({ lostAt }) => lostAt ?? 0, now);
    for (const connection of lost) connection.sockets.add(socket);
    this.#connections.saveAttached(socket);
    // A client that says where it was attaches all its connections itself.
    if (after !== null) return;
    this.#silent.add(socket);
    setTimeout(() => this.#adoptIfSilent(socket, now + SILENCE_MS), SILENCE_MS);
  }

  /** Adopts on a silent socket the connections of its session whose own socket was never closed. */
  #adoptIfSilent(socket: WebSocket, now: number): void {
    if (!isSocketOpen(socket) || !this.#silent.has(socket)) return;
    const others = this.#connectionsOf(this.#sockets.stateOf(socket).session).filter(
      ({ lostAt, isStale, sockets }) => lostAt === null && !isStale && !sockets.has(socket),
    );
    const sinceOf = (one: Connection) => this.#unreachedSince([...one.sockets], socket, now);
    const behind = this.#replay(socket, others, sinceOf, now);
    // One that can't catch up may still be alive where it is. Here it is told when it calls a method.
    for (const connection of others) if (!behind.has(connection)) connection.sockets.add(socket);
    this.#connections.saveAttached(socket);
  }

  #connectionsOf(session: string): Connection[] {
    return [...this.#connections.all()].filter((connection) => connection.session === session);
  }

  /** Detaches all connections from a socket: it has closed, or gets no more events. */
  detach(socket: WebSocket, now: number): void {
    for (const connection of this.#connections.all()) {
      if (!connection.sockets.delete(socket)) continue;
      const { lostAt, sockets } = connection;
      // If others are left, nobody knows which one its client has: see `#adoptIfSilent`.
      const isLostNow = lostAt === null || sockets.size === 0;
      // A socket of another client may have adopted it: then it stays lost since before.
      const isLostAlready = lostAt !== null && isWithinRetention(lostAt, now);
      if (isLostNow && !isLostAlready) {
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
    this.#recordCall(socket, now);
    if (!connection || connection.isStale) return connection;
    const others = [...connection.sockets].filter((other) => other !== socket);
    const isAttached = connection.sockets.has(socket);
    if (isAttached && others.length === 0 && connection.lostAt === null) return connection;
    connection.sockets = new Set([socket]);
    for (const other of others) this.#connections.saveAttached(other);
    this.#connections.saveAttached(socket);
    if (!isAttached) {
      const since = connection.lostAt ?? this.#unreachedSince(others, socket, now);
      this.#catchUp(socket, [connection], () => since, now);
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
    this.#recordCall(socket, now);
    const connection = this.#connections.open(socket, row);
    if (!connection) return undefined;
    const hasPosition = this.#positionOnOpening(socket) !== null;
    if (hadBefore && hasPosition) this.#catchUp(socket, [connection], () => now, now);
    return connection;
  }

  #recordCall(socket: WebSocket, now: number): void {
    this.#lastHeardAt.set(socket, now);
    this.#silent.delete(socket);
  }

  /**
   * Since when nothing may get through to sockets that were never closed, when their client has come back on
   * another one. At worst since a method was last called there, but TCP gives up sooner than events are
   * deleted. If that is too long ago for a replay, the client is taken to have come back soon.
   */
  #unreachedSince(sockets: WebSocket[], next: WebSocket, now: number): number {
    const heard = sockets.map((socket) => this.#lastHeardAt.get(socket) ?? 0);
    const lastHeard = Math.min(now, ...heard) - REPLAY_MARGIN_MS;
    const since = Math.max(lastHeard, now - EVENT_RETENTION_MS);
    const acceptedAt = this.#acceptedAt.get(next);
    return acceptedAt === undefined || this.#log.isRecognizable(since)
      ? since
      : Math.max(since, acceptedAt - REPLAY_MARGIN_MS);
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
        const refusal = this.#limits.check(this.#sockets.stateOf(socket), bytes, isWriter, now);
        if (refusal) refused.set(socket, refusal);
        else sendIfOpen(socket, eventFrame(connection.id, json));
      }
    }
    for (const [socket, refusal] of refused) this.closeAfterGrace(socket, refusal, now);
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

  /** Replays what connections have missed. Marks as stale those that can't catch up. */
  #catchUp(
    socket: WebSocket,
    connections: Connection[],
    sinceOf: (connection: Connection) => number,
    now: number,
  ): void {
    const current = connections.filter(({ isStale }) => !isStale);
    const behind = this.#replay(socket, current, sinceOf, now);
    for (const connection of behind) this.#connections.setPresence(connection, { isStale: true });
  }

  /**
   * Sends the events that connections may have missed: those after the position that the client has
   * named, otherwise those since a time. Returns the connections that can't catch up, because the
   * events are no longer kept, or are more than the app may get at once.
   */
  #replay(
    socket: WebSocket,
    connections: Connection[],
    sinceOf: (connection: Connection) => number,
    now: number,
  ): Set<Connection> {
    const named = this.#positionOnOpening(socket);
    const behind = new Set<Connection>();
    const missed = connections.flatMap((connection) => {
      const position = named ?? this.#log.positionAt(sinceOf(connection));
      if (position !== "lost") return [{ connection, seq: position.seq }];
      behind.add(connection);
      return [];
    });
    if (missed.length === 0) return behind;
    for (const bulk of this.#log.bulksAfter(Math.min(...missed.map(({ seq }) => seq)))) {
      const bytes = byteLength(bulk.json);
      for (const { connection, seq } of missed) {
        const isMissed = seq < bulk.seq && connection.collection === bulk.collection;
        if (!isMissed || behind.has(connection)) continue;
        if (this.#limits.check(this.#sockets.stateOf(socket), bytes, false, now))
          behind.add(connection);
        else sendIfOpen(socket, eventFrame(connection.id, bulk.json));
      }
    }
    return behind;
  }
}

/** Whether all events since then are kept, unless there were too many. */
const isWithinRetention = (at: number, now: number): boolean => now - at < EVENT_RETENTION_MS;

/**
 * Who is connected: sockets, and the connections that speak on them. A client's storage instance is a
 * connection, which outlives its socket, since clients open a new socket and go on as if nothing had
 * been. A session, the secret in the socket's URL, tells which connections those of a new socket are:
 *
 *   a connection speaks on a socket        it is heard there, and nowhere else
 *   a socket is gone                       its connections are lost, since when is noted
 *   a socket of the same session comes     the lost ones are heard on it, after what they have missed
 *
 * More than one socket may adopt a lost connection, until it speaks, or for as long as changes are kept:
 * clients with the same URL may come back one after the other, and each ignores what is for a
 * connection that it does not have. Sockets outlive the object's memory, too (hibernation): which
 * connections are heard on one stands in its attachment.
 */

import { DAY_MS, earliest } from "../../core/time";
import { BAD_TOKEN } from "../../storage/refusals";
import { type CollectionSchema, parseSchema } from "../queries/schema";
import { closeCodeOf, REMOVED, type SocketRefusal } from "../refusals";
import {
  type ConnectionRow,
  dropConnection,
  loadConnections,
  putConnection,
  setPresence,
} from "../tables/connections";
import { type EventLog, KEPT_MS, MARGIN_MS, type Position } from "../writes/event-log";
import { eventFrame, removalFrame } from "./frames";

/** What a socket remembers over hibernation. */
export interface Seat {
  /** Hash of the secret in its URL. */
  session: string;
  grant: string;
  /** Its URL as the client sees it, without query. */
  endpoint: string;
  /** Milliseconds since 1970; null: with its grant. */
  expiresAt: number | null;
  /** Ids of those that are heard on it; null: they did not fit in. */
  connections: string[] | null;
}

/** A storage instance of a client. */
export interface Connection extends ConnectionRow {
  client: CollectionSchema;
  sockets: Set<WebSocket>;
}

/** Connections of one session, and of all: a client has one per collection. */
const MAX_OF_SESSION = 300;
const MAX_CONNECTIONS = 2000;

/** Characters of all their schemas: they are read whenever the object wakes. */
const MAX_SCHEMAS_LENGTH = 8_000_000;

/** Until then a client that comes back is told that it has missed changes. */
export const FORGET_LOST_MS = DAY_MS;

/** From the first refusal to the end of a socket. */
const PARTING_MS = 3000;

/** What an attachment can hold, less what surrounds the ids. */
const MAX_ATTACHED_LENGTH = 12_000;

/** The sockets and connections of one module. */
export class Roster {
  readonly #ctx: DurableObjectState;
  readonly #log: EventLog;
  readonly #connections = new Map<string, Connection>();
  /** When something was last heard on a socket. */
  readonly #heardAt = new WeakMap<WebSocket, number>();
  /** Id of the last event bulk that the client had which came on a socket, as it has said itself. */
  readonly #cameAfter = new WeakMap<WebSocket, string>();
  /** What their attachments say. */
  readonly #seats = new WeakMap<WebSocket, Seat>();

  constructor(ctx: DurableObjectState, log: EventLog) {
    this.#ctx = ctx;
    this.#log = log;
    for (const row of loadConnections(ctx.storage.sql)) this.#remember(row);
    for (const socket of ctx.getWebSockets()) this.#recall(socket);
    // Who has no socket and was not seen to lose it lost it with the memory of this object, after
    // the last change that it made; and long after it, if that has been forgotten already.
    const gone = [...this.#connections.values()].filter(
      ({ sockets, lostAt }) => sockets.size === 0 && lostAt === null,
    );
    if (gone.length === 0) return;
    const lostAt = log.hasForgotten ? log.changedAt + 1 : log.changedAt - MARGIN_MS;
    for (const connection of gone) this.#setPresence(connection, { lostAt });
  }

  /** Lets a socket in, with the lost connections of its session. `after`: see `EventLog.positionOf`. */
  join(socket: WebSocket, seat: Seat, after: string | null, now: number): void {
    this.#heardAt.set(socket, now);
    if (after !== null) this.#cameAfter.set(socket, after);
    const known = this.#cameAt(socket);
    this.#reseat(socket, seat);
    const lost = [...this.#connections.values()].filter(
      ({ session, lostAt, sockets }) =>
        session === seat.session &&
        lostAt !== null &&
        (sockets.size === 0 || isRecent(lostAt, now)),
    );
    this.#tellMissed(
      socket,
      lost,
      (connection) => known ?? this.#log.positionAt(connection.lostAt ?? 0),
    );
    for (const connection of lost) connection.sockets.add(socket);
    this.#attach(socket);
  }

  /** Sets anew until when a session is good, on all its sockets. */
  prolong(session: string, expiresAt: number | null): void {
    for (const { socket, seat } of this.seats()) {
      const isNews = seat.session === session && seat.expiresAt !== expiresAt;
      if (isNews) this.#reseat(socket, { ...seat, expiresAt });
    }
  }

  /** Notes that a socket is gone, or that nothing more is told on it. */
  leave(socket: WebSocket, now: number): void {
    for (const connection of this.#connections.values()) {
      if (!connection.sockets.delete(socket) || connection.sockets.size > 0) continue;
      // Whose it is may still be away, if it was another's socket.
      const isAway = connection.lostAt !== null && isRecent(connection.lostAt, now);
      if (!isAway) this.#setPresence(connection, { lostAt: now - MARGIN_MS });
    }
    this.#attach(socket);
  }

  /**
   * Ends a socket whose client would only be refused from now on. But not at once: what it has sent
   * has to be answered, or it waits for ever.
   */
  letGo(socket: WebSocket, refusal: SocketRefusal, now: number): void {
    this.leave(socket, now);
    setTimeout(() => dismiss(socket, refusal), PARTING_MS);
  }

  seatOf(socket: WebSocket): Seat {
    const known = this.#seats.get(socket) ?? (socket.deserializeAttachment() as Seat);
    this.#seats.set(socket, known);
    return known;
  }

  #reseat(socket: WebSocket, seat: Seat): void {
    this.#seats.set(socket, seat);
    socket.serializeAttachment(seat);
  }

  /** Sockets that are open, by what they remember. */
  seats(): { socket: WebSocket; seat: Seat }[] {
    return this.#ctx.getWebSockets().map((socket) => ({ socket, seat: this.seatOf(socket) }));
  }

  /** The connection that speaks on a socket, and is heard there from now on. Undefined: there is none. */
  speaking(socket: WebSocket, session: string, id: string, now: number): Connection | undefined {
    const connection = this.#connections.get(keyOf(session, id));
    const heardAt = this.#heardAt.get(socket);
    this.#heardAt.set(socket, now);
    if (!connection || connection.isStale) return connection;
    const others = [...connection.sockets].filter((other) => other !== socket);
    const isHere = connection.sockets.has(socket);
    if (isHere && others.length === 0 && connection.lostAt === null) return connection;
    connection.sockets = new Set([socket]);
    for (const other of others) this.#attach(other);
    this.#attach(socket);
    if (!isHere) {
      // It has left another socket that was not closed: who knows since when nothing gets through.
      const heard = others.map((other) => this.#heardAt.get(other) ?? 0);
      const since = connection.lostAt ?? Math.min(...heard, heardAt ?? now) - MARGIN_MS;
      const came = this.#cameAt(socket);
      this.#tellMissed(socket, [connection], () => came ?? this.#log.positionAt(since));
    }
    this.#setPresence(connection, { lostAt: null });
    return connection;
  }

  /**
   * Makes room for one more connection, of a client with a schema of this length: those that were lost
   * and have not spoken since go, the longest lost first. False: there are too many others.
   */
  makeRoom(session: string, schemaLength: number): boolean {
    for (;;) {
      const all = [...this.#connections.values()];
      const own = all.filter((connection) => connection.session === session);
      const length = all.reduce((sum, { schema }) => sum + schema.length, schemaLength);
      const isFull = all.length >= MAX_CONNECTIONS || length > MAX_SCHEMAS_LENGTH;
      if (!isFull && own.length < MAX_OF_SESSION) return true;
      const lost = (isFull ? all : own).filter(({ lostAt }) => lostAt !== null);
      const [longest] = lost.sort((a, b) => (a.lostAt ?? 0) - (b.lostAt ?? 0));
      if (!longest) return false;
      this.close(longest);
    }
  }

  find(session: string, id: string): Connection | undefined {
    return this.#connections.get(keyOf(session, id));
  }

  /**
   * Opens a connection on a socket. One that the client had before and that is not known any more is
   * told what it has missed, and is stale if that is not kept.
   */
  open(
    socket: WebSocket,
    row: Pick<ConnectionRow, "session" | "id" | "collection" | "schema">,
    hadBefore: boolean,
  ): Connection | undefined {
    putConnection(this.#ctx.storage.sql, row);
    const connection = this.#remember({ ...row, lostAt: null, isStale: false });
    if (!connection) return undefined;
    connection.sockets.add(socket);
    this.#attach(socket);
    const came = this.#cameAt(socket);
    if (hadBefore && came) this.#tellMissed(socket, [connection], () => came);
    return connection;
  }

  close({ session, id, sockets }: Connection): void {
    dropConnection(this.#ctx.storage.sql, session, id);
    this.#connections.delete(keyOf(session, id));
    for (const socket of sockets) this.#attach(socket);
  }

  /** Forgets the connections of which this is true. */
  forget(isGone: (connection: Connection) => boolean): void {
    for (const connection of [...this.#connections.values()].filter(isGone)) this.close(connection);
  }

  /**
   * Forgets those that have been lost for so long that nobody will come back for them. Returns when
   * the next are; null: none is lost.
   */
  forgetLost(now: number): number | null {
    const isGone = ({ lostAt, sockets }: Connection) =>
      lostAt !== null && sockets.size === 0 && lostAt + FORGET_LOST_MS <= now;
    this.forget(isGone);
    // One that another socket has adopted stays lost until it speaks: perhaps its client is still away.
    const lost = [...this.#connections.values()].filter(({ sockets }) => sockets.size === 0);
    return earliest(lost.map(({ lostAt }) => lostAt && lostAt + FORGET_LOST_MS));
  }

  /**
   * Sends an event bulk to all connections of a collection. Clients whose sessions are over are let go:
   * who only listens would never notice.
   */
  tell(collection: number, json: string, now: number): void {
    const over = new Set<WebSocket>();
    for (const connection of this.#connections.values()) {
      if (connection.collection !== collection || connection.isStale) continue;
      for (const socket of connection.sockets) {
        if (isOver(this.seatOf(socket), now)) over.add(socket);
        else send(socket, eventFrame(connection.id, json));
      }
    }
    for (const socket of over) this.letGo(socket, BAD_TOKEN, now);
  }

  /** Tells the connections of a collection that it was removed. */
  tellRemoved(collection: number): void {
    for (const { id, sockets, ...connection } of this.#connections.values()) {
      if (connection.collection !== collection) continue;
      for (const socket of sockets) send(socket, removalFrame(id, REMOVED));
    }
  }

  /** The schemas that clients of a collection have. */
  schemasOf(collection: number): CollectionSchema[] {
    return [...this.#connections.values()]
      .filter((connection) => connection.collection === collection)
      .map(({ client }) => client);
  }

  #remember(row: ConnectionRow): Connection | undefined {
    const client = parseSchema(JSON.parse(row.schema));
    if (!client.ok) return undefined;
    const connection = { ...row, client: client.value, sockets: new Set<WebSocket>() };
    this.#connections.set(keyOf(row.session, row.id), connection);
    return connection;
  }

  #recall(socket: WebSocket): void {
    const { session, connections } = this.seatOf(socket);
    for (const connection of this.#connections.values()) {
      if (connection.session !== session) continue;
      const isHere = connections?.includes(connection.id) ?? connection.lostAt === null;
      if (isHere) connection.sockets.add(socket);
    }
  }

  #attach(socket: WebSocket): void {
    if (!isOpen(socket)) return;
    const ids = [...this.#connections.values()]
      .filter(({ sockets }) => sockets.has(socket))
      .map(({ id }) => id);
    const fits = JSON.stringify(ids).length <= MAX_ATTACHED_LENGTH;
    this.#reseat(socket, { ...this.seatOf(socket), connections: fits ? ids : null });
  }

  /** Where the client stood; weighed anew each time, as what has come since may be forgotten by now. */
  #cameAt(socket: WebSocket): Position | null {
    const after = this.#cameAfter.get(socket);
    return after === undefined ? null : this.#log.positionOf(after);
  }

  #tellMissed(
    socket: WebSocket,
    connections: Connection[],
    positionOf: (connection: Connection) => Position,
  ): void {
    const behind = connections.map((connection) => {
      const position = connection.isStale ? "lost" : positionOf(connection);
      this.#setPresence(connection, { isStale: position === "lost" });
      return { connection, seq: position === "lost" ? Number.POSITIVE_INFINITY : position.seq };
    });
    const first = Math.min(...behind.map(({ seq }) => seq));
    if (first === Number.POSITIVE_INFINITY) return;
    for (const bulk of this.#log.after(first)) {
      for (const { connection, seq } of behind) {
        const isMissed = seq < bulk.seq && connection.collection === bulk.collection;
        if (isMissed) send(socket, eventFrame(connection.id, bulk.json));
      }
    }
  }

  #setPresence(
    connection: Connection,
    presence: Partial<Pick<Connection, "lostAt" | "isStale">>,
  ): void {
    const isSame = (Object.keys(presence) as (keyof typeof presence)[]).every(
      (key) => connection[key] === presence[key],
    );
    if (isSame) return;
    Object.assign(connection, presence);
    setPresence(this.#ctx.storage.sql, connection);
  }
}

/** Whether all changes since then are kept, if they are not too many. */
const isRecent = (at: number, now: number): boolean => now - at < KEPT_MS;

/** Whether the session of a socket is over. */
export const isOver = ({ expiresAt }: Seat, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

const keyOf = (session: string, id: string): string => `${session} ${id}`;

export const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN;

/** A socket that is closing has lost what it was to be told; it is told when it comes back. */
export function send(socket: WebSocket, text: string): void {
  if (isOpen(socket)) socket.send(text);
}

/** Ends a socket at once, with the code of a refusal. */
export function dismiss(socket: WebSocket, refusal: SocketRefusal): void {
  if (isOpen(socket)) socket.close(closeCodeOf(refusal), refusal.code);
}

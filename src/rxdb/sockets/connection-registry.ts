/** The connections of one module: RxDB storage instances of clients, in memory and in SQLite. */

import { DAY_MS, earliest } from "../../core/time";
import { type CollectionSchema, parseSchema } from "../queries/schema";
import {
  type ConnectionRow,
  deleteConnection,
  loadConnections,
  updatePresence,
  upsertConnection,
} from "../tables/connections";
import { isSocketOpen, type SocketState, type Sockets } from "./socket-state";

/** A storage instance of a client. */
export interface Connection extends ConnectionRow {
  /** The client's schema. */
  client: CollectionSchema;
  /** The sockets that it is attached to. Several only while it is lost: see `delivery.ts`. */
  sockets: Set<WebSocket>;
}

/** A client has one connection per collection. */
const MAX_CONNECTIONS_PER_SESSION = 300;
const MAX_CONNECTIONS = 2000;

/** Characters of the schemas of all connections: they are read whenever the object wakes. */
const MAX_SCHEMAS_LENGTH = 8_000_000;

/** Characters of them when the quota has no room: then they are not reserved. */
const MAX_UNRESERVED_SCHEMAS_LENGTH = 300_000;

/** How long a lost connection is kept, so that its client learns that it has missed changes. */
export const LOST_CONNECTION_TTL_MS = DAY_MS;

/** Of the connections and schemas that other grants leave free, one grant may have this share. */
const GRANT_SHARE = 0.5;

/** Bytes of connection ids that fit into an attachment, which has 16,384, beside its other properties. */
const MAX_ATTACHED_IDS_BYTES = 12_000;

/** Bytes that a string takes in an attachment beside its characters. */
const STRING_OVERHEAD_BYTES = 4;

/** All connections of a module. The map in memory always holds what the table holds. */
export class ConnectionRegistry {
  readonly #sql: SqlStorage;
  readonly #sockets: Sockets;
  readonly #connections = new Map<string, Connection>();

  constructor(sql: SqlStorage, sockets: Sockets) {
    this.#sql = sql;
    this.#sockets = sockets;
    for (const row of loadConnections(sql)) {
      // An older version took some schemas that are refused now.
      if (!this.#add(row)) deleteConnection(sql, row.session, row.id);
    }
    for (const { socket, state } of sockets.list()) this.#restore(socket, state);
  }

  /** All connections, lost ones too. */
  all(): IterableIterator<Connection> {
    return this.#connections.values();
  }

  /** Returns undefined if the session has no connection with this id. */
  find(session: string, id: string): Connection | undefined {
    return this.#connections.get(keyOf(session, id));
  }

  /** Inserts a connection, attached to a socket. Returns undefined if its schema cannot be used. */
  open(
    socket: WebSocket,
    row: Pick<ConnectionRow, "session" | "id" | "collection" | "schema">,
  ): Connection | undefined {
    const connection = this.#add({ ...row, lostAt: null, isStale: false });
    if (!connection) return undefined;
    connection.sockets.add(socket);
    // Before the row: should it fail, nothing is left.
    this.saveAttached(socket);
    upsertConnection(this.#sql, row);
    return connection;
  }

  /** Deletes a connection. */
  close({ session, id, sockets }: Connection): void {
    deleteConnection(this.#sql, session, id);
    this.#connections.delete(keyOf(session, id));
    for (const socket of sockets) this.saveAttached(socket);
  }

  /** Deletes the connections of a session. */
  closeSession(session: string): void {
    this.#closeWhere((connection) => connection.session === session);
  }

  /**
   * Whether a grant may have one more connection, whose schema has this many characters. It may use a
   * part of what others leave free, so that no app can take what another one needs.
   */
  isWithinShare(grant: string, schemaLength: number): boolean {
    const own = { count: 1, length: schemaLength };
    const others = { count: 0, length: 0 };
    for (const connection of this.#connections.values()) {
      if (connection.lostAt !== null) continue;
      const sum = this.#isOfGrant(connection, grant) ? own : others;
      sum.count++;
      sum.length += connection.schema.length;
    }
    return (
      own.count <= (MAX_CONNECTIONS - others.count) * GRANT_SHARE &&
      own.length <= (MAX_SCHEMAS_LENGTH - others.length) * GRANT_SHARE
    );
  }

  #isOfGrant({ sockets }: Connection, grant: string): boolean {
    return [...sockets].some((socket) => this.#sockets.stateOf(socket).grant === grant);
  }

  /**
   * Evicts lost connections, the longest lost first, until one more fits whose schema has this many
   * characters. `isReserved`: whether quota is reserved for it. Returns false if it cannot fit, because too
   * many others are in use.
   */
  evictFor(session: string, schemaLength: number, isReserved: boolean): boolean {
    const maxLength = isReserved ? MAX_SCHEMAS_LENGTH : MAX_UNRESERVED_SCHEMAS_LENGTH;
    for (;;) {
      const all = [...this.#connections.values()];
      const own = all.filter((connection) => connection.session === session);
      const length = all.reduce((sum, { schema }) => sum + schema.length, schemaLength);
      const isFull = all.length >= MAX_CONNECTIONS || length > maxLength;
      if (!isFull && own.length < MAX_CONNECTIONS_PER_SESSION) return true;
      const lost = (isFull ? all : own).filter(({ lostAt }) => lostAt !== null);
      const [longest] = lost.sort((a, b) => (a.lostAt ?? 0) - (b.lostAt ?? 0));
      if (!longest) return false;
      this.close(longest);
    }
  }

  /**
   * Deletes the connections that have been lost for `LOST_CONNECTION_TTL_MS`. Returns when the next
   * ones expire; null if none is lost.
   */
  deleteExpired(now: number): number | null {
    this.#closeWhere(
      ({ lostAt, sockets }) =>
        lostAt !== null && sockets.size === 0 && lostAt + LOST_CONNECTION_TTL_MS <= now,
    );
    // One that a socket has adopted stays lost until its first call: its client may still be away.
    const lost = [...this.#connections.values()].filter(({ sockets }) => sockets.size === 0);
    return earliest(lost.map(({ lostAt }) => lostAt && lostAt + LOST_CONNECTION_TTL_MS));
  }

  /** The schemas of the clients of a collection. */
  schemasOf(collection: number): CollectionSchema[] {
    return [...this.#connections.values()]
      .filter((connection) => connection.collection === collection)
      .map(({ client }) => client);
  }

  /** Updates whether a connection is lost or stale. */
  setPresence(
    connection: Connection,
    presence: Partial<Pick<Connection, "lostAt" | "isStale">>,
  ): void {
    const isSame = (Object.keys(presence) as (keyof typeof presence)[]).every(
      (key) => connection[key] === presence[key],
    );
    if (isSame) return;
    Object.assign(connection, presence);
    updatePresence(this.#sql, connection);
  }

  /** Writes the ids of the connections that are attached to a socket into its attachment. */
  saveAttached(socket: WebSocket): void {
    if (!isSocketOpen(socket)) return;
    const ids = [...this.#connections.values()]
      .filter(({ sockets }) => sockets.has(socket))
      .map(({ id }) => id);
    const bytes = ids.reduce((sum, id) => sum + serializedBytes(id), 0);
    const isFitting = bytes <= MAX_ATTACHED_IDS_BYTES;
    const state = this.#sockets.stateOf(socket);
    this.#sockets.setState(socket, { ...state, connections: isFitting ? ids : null });
  }

  #closeWhere(isClosing: (connection: Connection) => boolean): void {
    for (const connection of [...this.#connections.values()].filter(isClosing)) {
      this.close(connection);
    }
  }

  #add(row: ConnectionRow): Connection | undefined {
    const client = parseSchema(JSON.parse(row.schema));
    if (!client.ok) return undefined;
    const connection = { ...row, client: client.value, sockets: new Set<WebSocket>() };
    this.#connections.set(keyOf(row.session, row.id), connection);
    return connection;
  }

  /** Attaches connections to a socket as its attachment says, after the object has woken. */
  #restore(socket: WebSocket, { session, connections }: SocketState): void {
    for (const connection of this.#connections.values()) {
      if (connection.session !== session) continue;
      const isAttached = connections?.includes(connection.id) ?? connection.lostAt === null;
      if (isAttached) connection.sockets.add(socket);
    }
  }
}

/** The size of a string in an attachment: V8 writes Latin-1 if it can, otherwise UTF-16. */
const serializedBytes = (text: string): number =>
  STRING_OVERHEAD_BYTES + text.length * (/^[\0-\xff]*$/.test(text) ? 1 : 2);

const keyOf = (session: string, id: string): string => `${session} ${id}`;

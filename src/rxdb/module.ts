/** The databases of one module: the methods of RxDB's Remote RxStorage. */

import { UNAVAILABLE } from "../core/refusals";
import { earliest } from "../core/time";
import type { Env } from "../env";
import { OVER_QUOTA } from "../storage/refusals";
import { type Collection, Collections, QuotaNeeded } from "./collections";
import type { ModuleId } from "./handshake";
import { type DatabaseTotals, totalsByDatabase } from "./inventory";
import { changedDocumentsSince } from "./queries/changes";
import { findDocumentsById } from "./queries/find-by-id";
import { runCount, runQuery } from "./queries/query";
import { parseSchema } from "./queries/schema";
import { QuotaReservation } from "./quota-reservation";
import {
  type CallOutcome,
  COLLECTION_REMOVED,
  EVENTS_LOST,
  READ_ONLY,
  refuseCall,
  refuseMalformed,
  TOO_MANY_CONNECTIONS,
  UNKNOWN_CONNECTION,
} from "./refusals";
import { type Connection, ConnectionRegistry } from "./sockets/connection-registry";
import { Delivery } from "./sockets/delivery";
import type { CreateFrame, StorageFrame } from "./sockets/frames";
import { type Caller, isSocketOpen, Sockets } from "./sockets/socket-state";
import { loadAttachment } from "./tables/attachments";
import { loadCollections } from "./tables/collections";
import { connectionBytes } from "./tables/connections";
import { createTables } from "./tables/create-tables";
import { loadAllDocuments } from "./tables/documents";
import { DatabaseTransfer } from "./whole-databases/database-transfer";
import { AttachmentStore } from "./writes/attachment-store";
import { cleanUpDocuments } from "./writes/cleanup";
import { EventLog } from "./writes/event-log";
import { INTERNAL_STORE, removalEvents } from "./writes/removal-events";
import { Writer } from "./writes/writer";

/** What a method returns, as JSON. */
type Answer = CallOutcome<string>;

const OPENED: Answer = { ok: true, value: '"ok"' };

/** Characters of the names of databases and of collections. */
export const MAX_NAME_LENGTH = 256;

/** Characters of a schema, which is kept as long as its client's connection. */
const MAX_SCHEMA_LENGTH = 100_000;

/** The databases of one module. A module's object has one instance at a time. */
export class Module {
  readonly #storage: DurableObjectStorage;
  readonly #collections: Collections;
  readonly #log: EventLog;
  readonly #attachments: AttachmentStore;
  readonly #writer: Writer;
  readonly quota: QuotaReservation;
  readonly sockets: Sockets;
  readonly connections: ConnectionRegistry;
  readonly delivery: Delivery;
  readonly transfer: DatabaseTransfer;
  /** Whether an older version stored it, which counted less: then D1 does not know its bytes yet. */
  readonly hasOldTotals: boolean;

  constructor(ctx: DurableObjectState, env: Env, id: ModuleId, now: number) {
    this.#storage = ctx.storage;
    this.hasOldTotals = createTables(ctx.storage);
    this.#collections = new Collections(ctx.storage);
    this.#log = new EventLog(ctx.storage);
    this.#attachments = new AttachmentStore(ctx.storage.sql, env, id);
    this.quota = new QuotaReservation(ctx.storage, env, id, () => this.#collections.storedBytes);
    if (this.hasOldTotals) this.quota.adoptHeldBytes();
    this.sockets = new Sockets(ctx);
    this.connections = new ConnectionRegistry(ctx.storage.sql, this.sockets);
    this.delivery = new Delivery(env, id.account, this.sockets, this.connections, this.#log, now);
    const parts = {
      collections: this.#collections,
      attachments: this.#attachments,
      quota: this.quota,
    };
    this.#writer = new Writer(ctx.storage, { ...parts, log: this.#log, delivery: this.delivery });
    const { connections } = this;
    this.transfer = new DatabaseTransfer(ctx.storage.sql, {
      ...parts,
      connections,
      writer: this.#writer,
    });
  }

  /** Id of the newest event bulk. */
  get newestEventId(): string {
    return this.#log.newestId;
  }

  /**
   * Opens a connection for a storage instance of a client; synchronously, unless quota must be reserved.
   * `fits`: whether the connection fits into the quota, as far as is known. Refuses with `malformed`
   * a schema that cannot be used, with `too-large` an index of too many documents, with
   * `insufficient-scope` if a read-only token would create a collection
   * or an index, with `over-quota` what does not fit into the quota, with `events-lost` a connection that
   * has missed events, with `too-many-requests` one too many.
   */
  create(caller: Caller, frame: CreateFrame, now: number, fits = true): Answer | Promise<Answer> {
    const { databaseName, collectionName, schema: raw } = frame.params;
    if (!isName(databaseName) || !isName(collectionName)) {
      return refuseMalformed(
        `databaseName and collectionName must be strings of up to ${MAX_NAME_LENGTH} characters.`,
      );
    }
    const text = JSON.stringify(raw) ?? "";
    if (text.length > MAX_SCHEMA_LENGTH) {
      return refuseMalformed(`The schema is longer than ${MAX_SCHEMA_LENGTH} characters.`);
    }
    const schema = parseSchema(raw);
    if (!schema.ok) return schema;
    const connection = this.connections.find(caller.state.session, frame.connectionId);
    if (
      connection &&
      this.#isSameCollection(connection, databaseName, collectionName, schema.value.version)
    ) {
      return this.#createAgain(caller, connection, now);
    }
    const collection = this.#collections.open(
      databaseName,
      collectionName,
      schema.value,
      (id) => this.connections.schemasOf(id),
      { canCreate: caller.level === "rw", fits: () => this.quota.fits(0), work: caller.work },
    );
    const createIfReserved = async (bytes: number, isRequired: boolean) => {
      const isReserved = await this.quota.reserve(bytes);
      if (isRequired && !isReserved) return refuseCall(OVER_QUOTA);
      // A connection that is opened on a closed socket would never be marked as lost.
      if (!isSocketOpen(caller.socket)) return refuseCall(UNAVAILABLE);
      return this.create(caller, frame, now, isReserved);
    };
    if (collection instanceof QuotaNeeded) return createIfReserved(collection.bytes, true);
    if (!collection.ok) return collection;
    const bytes = connectionBytes(text);
    // Reading has to be possible when the quota is exceeded.
    if (fits && !this.quota.fits(bytes)) return createIfReserved(bytes, false);
    return this.#connect(caller, frame, collection.value, text, fits, now);
  }

  #connect(
    { socket, state: { session, grant } }: Caller,
    frame: CreateFrame,
    { id: collection }: Collection,
    schema: string,
    fits: boolean,
    now: number,
  ): Answer {
    const isWithinShare = this.connections.isWithinShare(grant, schema.length);
    if (!isWithinShare) return refuseCall(TOO_MANY_CONNECTIONS);
    if (!this.connections.evictFor(session, schema.length, fits)) {
      return refuseCall(fits ? TOO_MANY_CONNECTIONS : OVER_QUOTA);
    }
    const row = { session, id: frame.connectionId, collection, schema };
    const connection = this.delivery.open(socket, row, frame.isRetry, now);
    return connection?.isStale ? refuseCall(EVENTS_LOST) : OPENED;
  }

  /** Whether a connection is one to this collection; also true if its collection was removed. */
  #isSameCollection(
    connection: Connection,
    database: unknown,
    name: unknown,
    version: number,
  ): boolean {
    const collection = this.#collections.get(connection.collection);
    const isSame = collection?.database === database && collection?.name === name;
    return collection === null || (isSame && collection.version === version);
  }

  /** A client that has reconnected may repeat `create`; its connection is still there. */
  #createAgain({ socket, state }: Caller, { id, collection }: Connection, now: number): Answer {
    const connection = this.delivery.attach(socket, state.session, id, now);
    if (connection?.isStale) return refuseCall(EVENTS_LOST);
    return this.#collections.get(collection) ? OPENED : refuseCall(COLLECTION_REMOVED);
  }

  /**
   * Calls a method of a storage instance; synchronously, unless D1 or R2 is needed. Refuses with
   * `unknown-connection`, `events-lost`, `removed`, and with whatever the method refuses.
   */
  call(caller: Caller, frame: StorageFrame, now: number): Answer | Promise<Answer> {
    const { socket, state, level } = caller;
    const connection = this.delivery.attach(socket, state.session, frame.connectionId, now);
    if (!connection) return refuseCall(UNKNOWN_CONNECTION);
    if (frame.method === "close") {
      this.connections.close(connection);
      return { ok: true, value: "null" };
    }
    if (connection.isStale) return refuseCall(EVENTS_LOST);
    const collection = this.#collections.get(connection.collection);
    if (!collection) return refuseCall(COLLECTION_REMOVED);
    const { sql } = this.#storage;
    const [param] = frame.params;
    switch (frame.method) {
      case "bulkWrite":
        return this.#writer.write(collection, connection, frame, caller, now);
      case "findDocumentsById":
        return findDocumentsById(sql, collection, frame.params);
      case "query":
        return runQuery(sql, collection, connection.client, param, caller.work);
      case "count":
        return runCount(sql, collection, connection.client, param, caller.work);
      case "getAttachmentData":
        return this.#readAttachment(collection, frame.params);
      case "getChangedDocumentsSince":
        return changedDocumentsSince(sql, collection, frame.params);
      case "cleanup":
        if (level === "r") return refuseCall(READ_ONLY);
        if (typeof param !== "number") {
          return refuseMalformed("cleanup: minimumDeletedTime must be a number.");
        }
        return this.#cleanUp(collection, now - param, now);
      case "remove":
        if (level === "r") return refuseCall(READ_ONLY);
        this.connections.close(connection);
        this.#remove(collection.id, now);
        return { ok: true, value: "null" };
    }
  }

  /** The totals of all collections, by database. */
  inventory(): DatabaseTotals[] {
    return totalsByDatabase(loadCollections(this.#storage.sql));
  }

  /** Deletes a database with all its collections, if it exists. Its clients' collections are closed. */
  deleteDatabase(name: string, now: number): void {
    const own = loadCollections(this.#storage.sql).filter(({ database }) => database === name);
    for (const row of own) {
      if (row.name !== INTERNAL_STORE) continue;
      const events = removalEvents(loadAllDocuments(this.#storage.sql, row.id), row.primaryPath);
      if (events !== null) this.#announce(row.id, events, now);
    }
    for (const { id } of own) this.#remove(id, now);
  }

  /** Logs and broadcasts events that no client has caused. */
  #announce(collection: number, list: string, now: number): void {
    const change = { collection, context: "", list, checkpoint: "null", request: "", answer: "" };
    const json = this.#storage.transactionSync(() => this.#log.append(change, now));
    this.#log.recordAppended(json.length, now);
    this.delivery.broadcast({ id: "", collection, session: "" }, json, now);
  }

  /**
   * Deletes what has expired, and gives back quota. Returns when to do it again, in milliseconds since
   * 1970; null if nothing is left to expire.
   */
  async runMaintenance(now: number): Promise<number | null> {
    const next = [this.#log.deleteExpired(now), this.connections.deleteExpired(now)];
    await this.quota.reconcile();
    return earliest([...next, await this.#attachments.deleteOrphans(now)]);
  }

  /** Deletes a page of the module's bodies in R2, in use or not. Returns whether there are more. */
  deleteBodyPage(): Promise<boolean> {
    return this.#attachments.deleteSome();
  }

  #remove(collection: number, now: number): void {
    this.#collections.remove(collection, now);
    this.delivery.broadcastRemoval(collection);
  }

  #cleanUp(collection: Collection, until: number, now: number): Answer {
    const isDone = cleanUpDocuments(this.#storage, collection, until, now);
    this.#collections.recount();
    return { ok: true, value: String(isDone) };
  }

  #readAttachment(collection: Collection, params: unknown[]): Answer | Promise<Answer> {
    const [id, name, digest] = params;
    const missing = refuseCall({ code: "not-found", message: "No such attachment." });
    if (typeof id !== "string" || typeof name !== "string" || typeof digest !== "string") {
      return missing;
    }
    const attachment = loadAttachment(this.#storage.sql, collection.id, id, name, digest);
    if (!attachment) return missing;
    return this.#attachments
      .read(attachment)
      .then((data) => (data === null ? missing : { ok: true, value: JSON.stringify(data) }));
  }
}

const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length <= MAX_NAME_LENGTH;

/** The databases of one module: what the methods of RxDB's Remote RxStorage do. */

import { UNAVAILABLE } from "../core/refusals";
import type { Scope } from "../core/scope";
import { earliest } from "../core/time";
import type { Env } from "../env";
import { OVER_QUOTA } from "../storage/refusals";
import { type Collection, Collections, NeedsRoom } from "./collections";
import type { DatabaseTotals } from "./inventory";
import { changedSince, findDocumentsById, runCount, runQuery } from "./queries/queries";
import { parseSchema } from "./queries/schema";
import { Ledger } from "./quota-reservation";
import {
  EVENTS_LOST,
  malformed,
  READ_ONLY,
  REMOVED,
  type Reply,
  refuse,
  UNKNOWN_CONNECTION,
} from "./refusals";
import { type Connection, isOpen, Roster, type Seat } from "./sockets/connections";
import type { Frame } from "./sockets/frames";
import { loadAttachment } from "./tables/attachments";
import { loadCollections } from "./tables/collections";
import { makeTables } from "./tables/create";
import { LargeBodies } from "./writes/attachments";
import { cleanUp } from "./writes/cleanup";
import { EventLog } from "./writes/event-log";
import { Writer } from "./writes/writer";

/** Whose module it is. */
export interface Owner {
  /** Id of the account. */
  account: string;
  user: string;
  module: string;
}

/** Who calls a method, on which socket. */
export interface Caller {
  socket: WebSocket;
  seat: Seat;
  level: Scope["level"];
  /** Whether that is so still, after something was waited for. */
  mayStillWrite(): boolean;
}

/** JSON of what a method returns. */
type Answer = Reply<string>;

const OPENED: Answer = { ok: true, value: '"ok"' };

/** Of databases and collections. */
const MAX_NAME = 256;

/** Characters of a schema, which is kept as long as its client is known. */
const MAX_SCHEMA_LENGTH = 100_000;

type CreateFrame = Frame & { method: "create" };

export type StorageFrame = Exclude<Frame, { method: "create" | "custom" }>;

/** Everything that a module's object keeps. One instance at a time. */
export class Module {
  readonly #storage: DurableObjectStorage;
  readonly #collections: Collections;
  readonly #log: EventLog;
  readonly #bodies: LargeBodies;
  readonly #writer: Writer;
  readonly ledger: Ledger;
  readonly roster: Roster;

  constructor(ctx: DurableObjectState, env: Env, owner: Owner) {
    this.#storage = ctx.storage;
    makeTables(ctx.storage.sql);
    this.#collections = new Collections(ctx.storage);
    this.#log = new EventLog(ctx.storage);
    this.#bodies = new LargeBodies(ctx.storage.sql, env, owner);
    this.ledger = new Ledger(ctx.storage, env, owner, () => this.#collections.bytes);
    this.roster = new Roster(ctx, this.#log);
    this.#writer = new Writer(ctx.storage, {
      collections: this.#collections,
      log: this.#log,
      bodies: this.#bodies,
      ledger: this.ledger,
      roster: this.roster,
    });
  }

  /** Id of the newest event bulk. */
  get newestEvent(): string {
    return this.#log.newestId;
  }

  /**
   * Opens a connection for a storage instance of a client; at once, unless room has to be made for an
   * index. Refuses with `malformed` a schema that cannot be used, with `insufficient-scope` to make a
   * collection or an index with a token that only reads, with `over-quota` an index for which there is
   * no room, with `events-lost` a connection that has missed changes.
   */
  create(caller: Caller, frame: CreateFrame, now: number): Answer | Promise<Answer> {
    const { databaseName, collectionName, schema: raw } = frame.params;
    if (!isName(databaseName) || !isName(collectionName)) {
      return malformed("The names of database and collection are missing or too long.");
    }
    const text = JSON.stringify(raw) ?? "";
    if (text.length > MAX_SCHEMA_LENGTH) return malformed("The schema is too long.");
    const schema = parseSchema(raw);
    if (!schema.ok) return schema;
    const known = this.roster.find(caller.seat.session, frame.connectionId);
    if (known && this.#isOf(known, databaseName, collectionName, schema.value.version)) {
      return this.#createAgain(caller, known, now);
    }
    const collection = this.#collections.open(
      databaseName,
      collectionName,
      schema.value,
      (id) => this.roster.schemasOf(id),
      { mayMake: caller.level === "rw", holds: (growthBytes) => this.ledger.holds(growthBytes) },
    );
    if (!(collection instanceof NeedsRoom)) {
      return collection.ok ? this.#connect(caller, frame, collection.value, text) : collection;
    }
    return this.#createWithRoom(caller, frame, collection.bytes, now);
  }

  async #createWithRoom(
    caller: Caller,
    frame: CreateFrame,
    growthBytes: number,
    now: number,
  ): Promise<Answer> {
    if (!(await this.ledger.reserve(growthBytes))) return refuse(OVER_QUOTA);
    // A connection on a socket that is gone would be taken for one that is heard.
    return isOpen(caller.socket) ? this.create(caller, frame, now) : refuse(UNAVAILABLE);
  }

  #connect(
    { socket, seat: { session } }: Caller,
    frame: CreateFrame,
    { id: collection }: Collection,
    schema: string,
  ): Answer {
    if (!this.roster.makeRoom(session, schema.length)) {
      return malformed("There are too many open connections.");
    }
    const row = { session, id: frame.connectionId, collection, schema };
    const connection = this.roster.open(socket, row, frame.isRetry);
    return connection?.isStale ? refuse(EVENTS_LOST) : OPENED;
  }

  #isOf(connection: Connection, database: unknown, name: unknown, version: number): boolean {
    const collection = this.#collections.get(connection.collection);
    const isSame = collection?.database === database && collection?.name === name;
    return collection === null || (isSame && collection.version === version);
  }

  /** A client that has come back on another socket may create what it had; it has it still. */
  #createAgain({ socket, seat }: Caller, { id, collection }: Connection, now: number): Answer {
    const connection = this.roster.speaking(socket, seat.session, id, now);
    if (connection?.isStale) return refuse(EVENTS_LOST);
    return this.#collections.get(collection) ? OPENED : refuse(REMOVED);
  }

  /** Calls a method of the storage. The answer is there at once unless D1 or R2 have to be asked. */
  call(caller: Caller, frame: StorageFrame, now: number): Answer | Promise<Answer> {
    const { socket, seat, level } = caller;
    const connection = this.roster.speaking(socket, seat.session, frame.connectionId, now);
    if (!connection) return refuse(UNKNOWN_CONNECTION);
    if (frame.method === "close") {
      this.roster.close(connection);
      return { ok: true, value: "null" };
    }
    if (connection.isStale) return refuse(EVENTS_LOST);
    const collection = this.#collections.get(connection.collection);
    if (!collection) return refuse(REMOVED);
    const { sql } = this.#storage;
    const [param] = frame.params;
    switch (frame.method) {
      case "bulkWrite":
        return this.#writer.write(collection, connection, frame, caller, now);
      case "findDocumentsById":
        return findDocumentsById(sql, collection, frame.params);
      case "query":
        return runQuery(sql, collection, connection.client, param);
      case "count":
        return runCount(sql, collection, connection.client, param);
      case "getAttachmentData":
        return this.#readAttachment(collection, frame.params);
      case "getChangedDocumentsSince":
        return changedSince(sql, collection, frame.params);
      case "cleanup":
        if (level === "r") return refuse(READ_ONLY);
        if (typeof param !== "number") return malformed("This is not a time.");
        return this.#cleanUp(collection, now - param, now);
      case "remove":
        if (level === "r") return refuse(READ_ONLY);
        this.roster.close(connection);
        this.#remove(collection.id, now);
        return { ok: true, value: "null" };
    }
  }

  /** What there is, by database. */
  inventory(): DatabaseTotals[] {
    const rows = loadCollections(this.#storage.sql);
    return [...Map.groupBy(rows, ({ database }) => database)].map(([name, own]) => ({
      name,
      collections: own.map(({ name, version, documents, bytes }) => ({
        name,
        version,
        documents,
        bytes,
      })),
    }));
  }

  /** Deletes a database with all its collections; nothing happens if there is none of that name. */
  deleteDatabase(name: string, now: number): void {
    for (const { id, database } of loadCollections(this.#storage.sql)) {
      if (database === name) this.#remove(id, now);
    }
  }

  /** Does what has to be done now and then. Returns when there is more to do; null: never. */
  async tidyUp(now: number): Promise<number | null> {
    const next = [this.#log.forgetOld(now), this.roster.forgetLost(now)];
    await this.ledger.settle();
    return earliest([...next, await this.#bodies.dropLoose(now)]);
  }

  /** Deletes some of the bodies in R2, whoever names them. Returns whether there are more. */
  dropSomeBodies(): Promise<boolean> {
    return this.#bodies.dropSome();
  }

  #remove(collection: number, now: number): void {
    this.#collections.remove(collection, now);
    this.roster.tellRemoved(collection);
  }

  #cleanUp(collection: Collection, until: number, now: number): Answer {
    const before = collection.bytes;
    const isDone = cleanUp(this.#storage, collection, until, now);
    this.#collections.bytes += collection.bytes - before;
    return { ok: true, value: String(isDone) };
  }

  #readAttachment(collection: Collection, params: unknown[]): Answer | Promise<Answer> {
    const [id, name, digest] = params;
    const missing = refuse({ code: "not-found", message: "There is no such attachment." });
    if (typeof id !== "string" || typeof name !== "string" || typeof digest !== "string") {
      return missing;
    }
    const attachment = loadAttachment(this.#storage.sql, collection.id, id, name, digest);
    if (!attachment) return missing;
    return this.#bodies
      .read(attachment)
      .then((data) => (data === null ? missing : { ok: true, value: JSON.stringify(data) }));
  }
}

const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length <= MAX_NAME;

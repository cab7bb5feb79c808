/** Runs the same random steps on RxDB's memory storage and on another storage, and compares them. */

import { isDeepStrictEqual } from "node:util";
import {
  categorizeBulkWriteRows,
  type EventBulk,
  normalizeMangoQuery,
  prepareQuery,
  type RxStorageInstance,
} from "rxdb/plugins/core";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import {
  type CallResult,
  comparableErrors,
  copy,
  eventWithoutAttachmentData,
  type Row,
  resultOf,
  throughJson,
  toText,
  withBase64,
  withoutAttachmentData,
} from "./comparable";
import { Random } from "./random";
import {
  type RandomDocument,
  type RandomSchema,
  type RandomStoredDocument,
  randomSchema,
} from "./random-documents";
import { randomQuery } from "./random-query";
import { HOUR_MS, randomRow } from "./random-rows";

type Instance = RxStorageInstance<RandomDocument, unknown, unknown, unknown>;
type Bulk = EventBulk<object, unknown>;

/** Opens the storage under test for a collection; each call is a client of its own. */
export type OpenStorage = (database: string, schema: RandomSchema) => Promise<Instance>;

const MEMORY_STORAGE = getRxStorageMemory();
const CONTEXT = "a-context";

interface LastWrite {
  id: string;
  /** The number of the write in which it was. */
  bulk: number;
}

/** One collection in two storages. Throws at the first difference. */
export class DifferentialRun {
  /** How many steps were compared. */
  steps = 0;
  /** The calls so far, for a message. */
  log: string[] = [];
  schema: RandomSchema;
  readonly #random: Random;
  readonly #now = Date.now();
  #database: string;
  #open: OpenStorage;
  #memory!: Instance;
  #tested!: Instance;
  /** Another client of the storage under test, which only listens. */
  #listener!: Instance;
  #expectedBulks: Bulk[] = [];
  #receivedBulks: Bulk[] = [];
  #listenerBulks: Bulk[] = [];
  /** The last write of each document, in order. */
  #lastWrites: LastWrite[] = [];
  #bulkCount = 0;
  #memoryCount = 0;
  /** Checkpoints of events, each with the number of its write. */
  #checkpoints: [bulk: number, checkpoint: unknown][] = [];
  #pastVersions: RandomStoredDocument[] = [];
  #ids: string[] = [];

  constructor(seed: number, database: string, open: OpenStorage) {
    this.#random = new Random(seed);
    this.schema = randomSchema(this.#random);
    this.#database = database;
    this.#open = open;
  }

  /** Runs this many steps. `inspect` is called before the collection is removed. */
  async run(steps: number, inspect: () => Promise<void> = async () => {}): Promise<void> {
    this.#memory = await this.#openMemory();
    this.#tested = await this.#open(this.#database, this.schema);
    this.#listener = await this.#open(this.#database, this.schema);
    collectBulks(this.#memory, this.#expectedBulks);
    collectBulks(this.#tested, this.#receivedBulks);
    collectBulks(this.#listener, this.#listenerBulks);
    for (let step = 0; step < steps; step++) {
      await this.#step();
      this.steps++;
    }
    await this.#compareChanges();
    await this.#compareListener();
    await inspect();
    await this.#tested.remove();
    await this.#memory.remove();
  }

  #openMemory(): Promise<Instance> {
    const params = {
      databaseInstanceToken: "token",
      databaseName: `memory-${this.#database}-${this.#memoryCount++}`,
      collectionName: "things",
      schema: this.schema,
      options: {},
      multiInstance: false,
      devMode: false,
    };
    return MEMORY_STORAGE.createStorageInstance(params) as unknown as Promise<Instance>;
  }

  /** A new release of the app opens the collection with other indexes; the old one keeps listening. */
  async #release(): Promise<void> {
    await this.#compareListener();
    this.schema = randomSchema(this.#random, this.schema);
    this.#logCall("another release", this.schema.indexes);
    const memory = await this.#openMemory();
    const documents = [...(await this.#loadStored(this.#ids)).values()].map(copy);
    for (const document of documents) {
      for (const [name, stub] of Object.entries(
        document._attachments as Record<string, RandomDocument>,
      )) {
        stub.data = await this.#memory.getAttachmentData(
          String(document.id),
          name,
          String(stub.digest),
        );
      }
    }
    await memory.bulkWrite(documents.map((document) => ({ document })) as never, CONTEXT);
    await this.#memory.remove();
    this.#memory = memory;
    await this.#listener.close();
    this.#listener = this.#tested;
    this.#tested = await this.#open(this.#database, this.schema);
    collectBulks(this.#memory, this.#expectedBulks);
    this.#listenerBulks = this.#receivedBulks;
    this.#receivedBulks = [];
    collectBulks(this.#tested, this.#receivedBulks);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const dice = random.next();
    if (this.steps < 3 || dice < 0.4) await this.#write();
    else if (dice < 0.76) await this.#query();
    else if (dice < 0.86) await this.#findByIds();
    else if (dice < 0.91) await this.#compareChanges();
    else if (dice < 0.93) await this.#cleanUp();
    else if (dice < 0.97) await this.#readAttachment();
    else if (dice < 0.98) await this.#compareListener();
    else await this.#release();
  }

  #fail(what: string, expected: unknown, found: unknown): never {
    throw new Error(
      `${what}\nexpected ${toText(expected)}\n   found ${toText(found)}\nafter\n${this.log.slice(-3).join("\n")}`,
    );
  }

  #expectSame(what: string, expected: unknown, found: unknown): void {
    const [memory, tested] = [throughJson(expected), throughJson(found)];
    if (!isDeepStrictEqual(memory, tested)) this.#fail(what, memory, tested);
  }

  #expectSameResult(what: string, expected: CallResult, found: CallResult): void {
    if ("error" in expected && "error" in found) return;
    if ("error" in expected || "error" in found) this.#fail(what, expected, found);
    this.#expectSame(what, expected.value, found.value);
  }

  #logCall(method: string, params: unknown): void {
    this.log.push(`${this.steps}: ${method} ${JSON.stringify(params)}`);
  }

  async #loadStored(ids: string[]): Promise<Map<string, RandomStoredDocument>> {
    const documents = await this.#memory.findDocumentsById(ids, true);
    return new Map(
      documents.map((document) => [String(document.id), document as RandomStoredDocument]),
    );
  }

  async #write(): Promise<void> {
    const random = this.#random;
    const rows: Row[] = [];
    const ids = new Set<string>();
    const count = random.chance(0.05) ? 30 : 1 + random.below(6);
    const source = {
      random,
      schema: this.schema,
      now: this.#now,
      ids: this.#ids,
      pastVersions: this.#pastVersions,
      load: async (id: string) => (await this.#loadStored([id])).get(id),
    };
    for (let i = 0; i < count; i++) {
      const row = await randomRow(source);
      const id = String(row.document.id);
      if (ids.has(id)) continue; // The memory storage does not handle two rows with one id.
      ids.add(id);
      rows.push(row);
    }
    this.#logCall("bulkWrite", await withBase64(rows));
    const bulksBefore = this.#receivedBulks.length;
    const expected = await this.#writeToMemory(rows);
    const { error: found } = await this.#tested.bulkWrite(copy(rows), CONTEXT);
    this.#expectSame("errors of bulkWrite", comparableErrors(expected), comparableErrors(found));
    const failed = new Set(expected.map((error) => String((error as RandomDocument).documentId)));
    this.#bulkCount++;
    for (const { document } of rows) {
      const id = String(document.id);
      if (!this.#ids.includes(id)) this.#ids.push(id);
      if (failed.has(id)) continue;
      this.#lastWrites = [
        ...this.#lastWrites.filter((write) => write.id !== id),
        { id, bulk: this.#bulkCount },
      ];
      this.#pastVersions.push(copy(withoutAttachmentData(document as RandomStoredDocument)));
    }
    if (this.#pastVersions.length > 100) this.#pastVersions.splice(0, 50);
    this.#compareEvents(bulksBefore, failed);
    this.#expectSame(
      "findDocumentsById after bulkWrite",
      await this.#memory.findDocumentsById([...ids], true),
      await this.#tested.findDocumentsById([...ids], true),
    );
  }

  /** Returns the errors of the rows. Memory throws if every row fails and one lacks an attachment. */
  async #writeToMemory(rows: Row[]): Promise<object[]> {
    const stored = await this.#loadStored(rows.map(({ document }) => String(document.id)));
    try {
      return (await this.#memory.bulkWrite(copy(rows), CONTEXT)).error;
    } catch {
      const instance = this.#memory as never;
      return categorizeBulkWriteRows(instance, "id" as never, stored, copy(rows) as never, CONTEXT)
        .errors;
    }
  }

  /** Compares the events of the last write. They have to arrive before its answer. */
  #compareEvents(bulksBefore: number, failed: Set<string>): void {
    const [bulk] = this.#expectedBulks.splice(0);
    const events = (bulk?.events ?? []).map((event) =>
      eventWithoutAttachmentData(event as RandomDocument),
    );
    // RxDB's helper also has events for an INSERT or UPDATE that lacked an attachment.
    const expected = events.filter(({ documentId }) => !failed.has(String(documentId)));
    const found = this.#receivedBulks.slice(bulksBefore);
    if (expected.length === 0) {
      this.#expectSame("no events", [], found);
      return;
    }
    this.#expectSame("event bulks", 1, found.length);
    this.#expectSame("events", expected, found[0]?.events);
    this.#expectSame("context of events", CONTEXT, found[0]?.context);
    this.#checkpoints.push([this.#bulkCount, found[0]?.checkpoint]);
  }

  async #query(): Promise<void> {
    const documents = (await this.#memory.findDocumentsById(this.#ids, true)) as RandomDocument[];
    const query = randomQuery(this.#random, this.schema, documents);
    this.#logCall("query", query);
    const prepare = () => {
      const mango = copy(query) as never;
      return prepareQuery(this.schema as never, normalizeMangoQuery(this.schema as never, mango));
    };
    const prepared = await resultOf(async () => prepare());
    if ("error" in prepared) return;
    const runQuery = async (instance: Instance) =>
      (await instance.query(prepare() as never)).documents;
    this.#expectSameResult(
      "documents of a query",
      await resultOf(() => runQuery(this.#memory)),
      await resultOf(() => runQuery(this.#tested)),
    );
    const count = async (instance: Instance) => (await instance.count(prepare() as never)).count;
    this.#expectSameResult(
      "count",
      await resultOf(() => count(this.#memory)),
      await resultOf(() => count(this.#tested)),
    );
  }

  async #findByIds(): Promise<void> {
    // Each once: here, unlike in memory, a document is returned once.
    const ids = [...new Set([...this.#random.sample(this.#ids, 10), "nobody", "__proto__"])];
    const withDeleted = this.#random.chance(0.5);
    this.#logCall("findDocumentsById", [ids, withDeleted]);
    const expected = await this.#memory.findDocumentsById(ids, withDeleted);
    const found = await this.#tested.findDocumentsById(ids, withDeleted);
    // The order does not matter: RxDB puts them into a map.
    const sorted = (documents: RandomDocument[]) =>
      [...documents].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    this.#expectSame(
      "documents by id",
      sorted(expected as RandomDocument[]),
      sorted(found as RandomDocument[]),
    );
  }

  /** Every document comes once, in the order of the last writes, from any checkpoint. */
  async #compareChanges(): Promise<void> {
    const random = this.#random;
    const limit = random.pick([1, 2, 3, 7, 1000]);
    const isFromStart = this.#checkpoints.length === 0 || random.chance(0.6);
    const [after, from] = isFromStart ? [0, undefined] : random.pick(this.#checkpoints);
    this.#logCall("getChangedDocumentsSince", { limit, from });
    const due = this.#lastWrites.filter(({ bulk }) => bulk > after);
    const bulkOf = new Map(due.map(({ id, bulk }) => [id, bulk]));
    const found: RandomStoredDocument[] = [];
    let checkpoint: unknown = from;
    const loadPage = async () => {
      if (!this.#tested.getChangedDocumentsSince) throw new Error("No getChangedDocumentsSince.");
      return this.#tested.getChangedDocumentsSince(limit, checkpoint as never);
    };
    for (;;) {
      const page = await loadPage();
      if (page.documents.length > limit) this.#fail("a page", limit, page.documents.length);
      found.push(...(page.documents as RandomStoredDocument[]));
      if (page.documents.length === 0) break;
      checkpoint = page.checkpoint;
      if (found.length > due.length + 1000) {
        this.#fail("an end of changes", due.length, found.length);
      }
    }
    const ids = found.map(({ id }) => String(id));
    this.#expectSame("ids of changes", [...bulkOf.keys()].sort(), [...ids].sort());
    const order = ids.map((id) => bulkOf.get(id) as number);
    this.#expectSame(
      "order of changes",
      [...order].sort((a, b) => a - b),
      order,
    );
    const stored = await this.#loadStored(ids);
    this.#expectSame(
      "changed documents",
      ids.map((id) => stored.get(id)),
      found,
    );
  }

  async #cleanUp(): Promise<void> {
    const minimumAgeMs = (this.#random.below(22) - 0.5) * HOUR_MS;
    this.#logCall("cleanup", minimumAgeMs);
    await this.#memory.cleanup(minimumAgeMs);
    let isDone = false;
    for (let tries = 0; !isDone; tries++) {
      isDone = await this.#tested.cleanup(minimumAgeMs);
      if (tries > 100) this.#fail("an end of cleanup", true, isDone);
    }
    const left = await this.#loadStored(this.#ids);
    this.#lastWrites = this.#lastWrites.filter(({ id }) => left.has(id));
    this.#expectSame(
      "documents after cleanup",
      [...left.values()],
      await this.#tested.findDocumentsById(this.#ids, true),
    );
  }

  async #readAttachment(): Promise<void> {
    const stored = [...(await this.#loadStored(this.#ids)).values()];
    const all = stored.flatMap(({ id, _attachments }) =>
      Object.entries(_attachments).map(([name, { digest }]) => [String(id), name, digest] as const),
    );
    if (all.length === 0) return;
    const [id, name, storedDigest] = this.#random.pick(all);
    const digest = this.#random.chance(0.8) ? storedDigest : "sha256-other";
    this.#logCall("getAttachmentData", [id, name, digest]);
    const read = async (instance: Instance) => {
      const data = await instance.getAttachmentData(id, name, digest);
      return Buffer.from(await (data as Blob).arrayBuffer()).toString("base64");
    };
    this.#expectSameResult(
      "bytes of an attachment",
      await resultOf(() => read(this.#memory)),
      await resultOf(() => read(this.#tested)),
    );
  }

  /** Another client has received the same events in the same order. */
  async #compareListener(): Promise<void> {
    // A round trip on its socket: what was sent before it has arrived by then.
    await this.#listener.findDocumentsById(["nobody"], true);
    this.#expectSame("bulks of another client", this.#receivedBulks, this.#listenerBulks);
    this.#receivedBulks.length = 0;
    this.#listenerBulks.length = 0;
  }
}

/** Adds the event bulks of an instance to a list, from now on. */
const collectBulks = (instance: Instance, bulks: Bulk[]): unknown =>
  instance.changeStream().subscribe((bulk) => bulks.push(bulk as Bulk));

/** The same random steps on RxDB's memory storage and on another one; the first difference ends it. */

import { isDeepStrictEqual } from "node:util";
import {
  type BulkWriteRow,
  categorizeBulkWriteRows,
  type EventBulk,
  normalizeMangoQuery,
  prepareQuery,
  type RxStorageInstance,
} from "rxdb/plugins/core";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { withoutBlobs } from "./network";
import {
  type Document,
  Random,
  randomContent,
  randomQuery,
  randomSchema,
  type Schema,
  type Stored,
} from "./random";

type AnyStorageInstance = RxStorageInstance<Document, unknown, unknown, unknown>;
type Bulk = EventBulk<object, unknown>;
type Row = BulkWriteRow<Document>;

/** Opens the storage that is looked at, for this collection; each call is a client of its own. */
export type OpenStorage = (database: string, schema: Schema) => Promise<AnyStorageInstance>;

const HOUR = 3_600_000;
const MEMORY = getRxStorageMemory();
const CONTEXT = "a-context";

/** What went over a wire and came back. */
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? "null");

interface Write {
  id: string;
  /** The number of the bulk in which it was. */
  bulk: number;
}

/** One collection in two storages. `steps` counts what was compared. */
export class DifferentialRun {
  steps = 0;
  log: string[] = [];
  schema: Schema;
  readonly #random: Random;
  readonly #now = Date.now();
  #database: string;
  #open: OpenStorage;
  #memory!: AnyStorageInstance;
  #other!: AnyStorageInstance;
  #onlooker!: AnyStorageInstance;
  #expected: Bulk[] = [];
  #seen: Bulk[] = [];
  #onlookers: Bulk[] = [];
  /** The last write of each document, in order. */
  #writes: Write[] = [];
  #bulks = 0;
  #releases = 0;
  /** Checkpoints of events by the number of their bulk. */
  #checkpoints: [number, unknown][] = [];
  /** Versions of documents from which stale ones are taken. */
  #past: Stored[] = [];
  #ids: string[] = [];

  constructor(seed: number, database: string, open: OpenStorage) {
    this.#random = new Random(seed);
    this.schema = randomSchema(this.#random);
    this.#database = database;
    this.#open = open;
  }

  /** `look` is called before the collection is removed. */
  async run(steps: number, look: () => Promise<void> = async () => {}): Promise<void> {
    this.#memory = await this.#openMemory();
    this.#other = await this.#open(this.#database, this.schema);
    this.#onlooker = await this.#open(this.#database, this.schema);
    this.#memory.changeStream().subscribe((bulk) => this.#expected.push(bulk as Bulk));
    const { seen, onlookers } = { seen: this.#seen, onlookers: this.#onlookers };
    this.#other.changeStream().subscribe((bulk) => seen.push(bulk as Bulk));
    this.#onlooker.changeStream().subscribe((bulk) => onlookers.push(bulk as Bulk));
    for (let step = 0; step < steps; step++) {
      await this.#step();
      this.steps++;
    }
    await this.#walkChanges();
    await this.#compareOnlooker();
    await look();
    await this.#other.remove();
    await this.#memory.remove();
  }

  #openMemory(): Promise<AnyStorageInstance> {
    const params = {
      databaseInstanceToken: "token",
      databaseName: `memory-${this.#database}-${this.#releases++}`,
      collectionName: "things",
      schema: this.schema,
      options: {},
      multiInstance: false,
      devMode: false,
    };
    return MEMORY.createStorageInstance(params) as unknown as Promise<AnyStorageInstance>;
  }

  /** Another release of the app comes with other indexes; who had the old one goes on looking. */
  async #release(): Promise<void> {
    await this.#compareOnlooker();
    this.schema = randomSchema(this.#random, this.schema);
    this.#tell("another release", this.schema.indexes);
    const memory = await this.#openMemory();
    const rows = [...(await this.#stored(this.#ids)).values()].map(copy);
    for (const document of rows) {
      for (const [name, stub] of Object.entries(
        document._attachments as Record<string, Document>,
      )) {
        stub.data = await this.#memory.getAttachmentData(
          String(document.id),
          name,
          String(stub.digest),
        );
      }
    }
    await memory.bulkWrite(rows.map((document) => ({ document })) as never, CONTEXT);
    await this.#memory.remove();
    this.#memory = memory;
    await this.#onlooker.close();
    this.#onlooker = this.#other;
    this.#other = await this.#open(this.#database, this.schema);
    this.#memory.changeStream().subscribe((bulk) => this.#expected.push(bulk as Bulk));
    this.#onlookers = this.#seen;
    this.#seen = [];
    const seen = this.#seen;
    this.#other.changeStream().subscribe((bulk) => seen.push(bulk as Bulk));
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const dice = random.next();
    if (this.steps < 3 || dice < 0.4) await this.#write();
    else if (dice < 0.76) await this.#query();
    else if (dice < 0.86) await this.#find();
    else if (dice < 0.91) await this.#walkChanges();
    else if (dice < 0.93) await this.#cleanUp();
    else if (dice < 0.97) await this.#readAttachment();
    else if (dice < 0.99) await this.#compareOnlooker();
    else await this.#release();
  }

  #differ(what: string, expected: unknown, found: unknown): never {
    throw new Error(
      `${what}\nexpected ${toText(expected)}\n   found ${toText(found)}\nafter\n${this.log.slice(-3).join("\n")}`,
    );
  }

  #same(what: string, expected: unknown, found: unknown): void {
    const [wire, other] = [throughJson(expected), throughJson(found)];
    if (!isDeepStrictEqual(wire, other)) this.#differ(what, wire, other);
  }

  #tell(what: string, value: unknown): void {
    this.log.push(`${this.steps}: ${what} ${JSON.stringify(value)}`);
  }

  async #stored(ids: string[]): Promise<Map<string, Stored>> {
    const documents = await this.#memory.findDocumentsById(ids, true);
    return new Map(documents.map((document) => [String(document.id), document as Stored]));
  }

  async #write(): Promise<void> {
    const random = this.#random;
    const rows: Row[] = [];
    const ids = new Set<string>();
    const count = random.chance(0.05) ? 30 : 1 + random.below(6);
    for (let i = 0; i < count; i++) {
      const row = await this.#row();
      const id = String(row.document.id);
      if (ids.has(id)) continue; // what memory does with two of one id is nothing to go by
      ids.add(id);
      rows.push(row);
    }
    const plain = await withBase64(rows);
    this.#tell("bulkWrite", plain);
    const before = this.#seen.length;
    const expected = await this.#writeToMemory(rows);
    const { error: found } = await this.#other.bulkWrite(copy(rows), CONTEXT);
    this.#same("errors of bulkWrite", comparableErrors(expected), comparableErrors(found));
    const failed = new Set(expected.map((error) => String((error as Document).documentId)));
    this.#bulks++;
    for (const { document } of rows) {
      const id = String(document.id);
      if (!this.#ids.includes(id)) this.#ids.push(id);
      if (failed.has(id)) continue;
      this.#writes = [
        ...this.#writes.filter((write) => write.id !== id),
        { id, bulk: this.#bulks },
      ];
      this.#past.push(copy(withoutAttachmentData(document as Stored)));
    }
    if (this.#past.length > 100) this.#past.splice(0, 50);
    this.#compareEvents(before, failed);
    const kept = [...ids];
    this.#same(
      "findDocumentsById after bulkWrite",
      await this.#memory.findDocumentsById(kept, true),
      await this.#other.findDocumentsById(kept, true),
    );
  }

  /** The errors of the rows. Memory throws if every row fails of which one lacks an attachment. */
  async #writeToMemory(rows: Row[]): Promise<object[]> {
    const stored = await this.#stored(rows.map(({ document }) => String(document.id)));
    try {
      return (await this.#memory.bulkWrite(copy(rows), CONTEXT)).error;
    } catch {
      const instance = this.#memory as never;
      return categorizeBulkWriteRows(instance, "id" as never, stored, copy(rows) as never, CONTEXT)
        .errors;
    }
  }

  /** Those of the last write; they have to be there before its answer. */
  #compareEvents(before: number, failed: Set<string>): void {
    const [bulk] = this.#expected.splice(0);
    const events = (bulk?.events ?? []).map((event) =>
      eventWithoutAttachmentData(event as Document),
    );
    // RxDB's helper tells of an INSERT whose attachment was missing, and of the UPDATE too.
    const expected = events.filter(({ documentId }) => !failed.has(String(documentId)));
    const found = this.#seen.slice(before);
    if (expected.length === 0) {
      this.#same("no events", [], found);
      return;
    }
    this.#same("bulks of events", 1, found.length);
    this.#same("events", expected, found[0]?.events);
    this.#same("context of events", CONTEXT, found[0]?.context);
    this.#checkpoints.push([this.#bulks, found[0]?.checkpoint]);
  }

  /** One row that a client might send; `previous` is what is stored, what was, or something else. */
  async #row(): Promise<Row> {
    const random = this.#random;
    const isKnown = this.#ids.length > 25 ? random.chance(0.9) : random.chance(0.5);
    const known = isKnown && this.#ids.length > 0 ? random.of(this.#ids) : undefined;
    const wanted =
      known === undefined || typeof this.schema.primaryKey === "object" ? undefined : known;
    let content = randomContent(random, this.schema, wanted);
    let id = String(content.id);
    if (known !== undefined && typeof this.schema.primaryKey === "object") {
      // The parts of a composed key have to stay as they are.
      const stored = (await this.#stored([known])).get(known);
      if (stored) {
        const { _rev, _meta, _deleted, _attachments, ...rest } = stored;
        content = { ...content, ...rest, t: content.t ?? "t", any: content.any ?? null };
        id = known;
      }
    }
    const stored = (await this.#stored([id])).get(id);
    const dice = random.next();
    let previous: Stored | undefined = stored;
    if (dice < 0.06) previous = undefined;
    else if (dice < 0.12 && stored) previous = { ...stored, _rev: `9-${random.below(1000)}` };
    else if (dice < 0.16) previous = this.#past.find((past) => past.id === id) ?? stored;
    const isDeleted = random.chance(stored ? 0.2 : 0.08);
    const document = {
      ...content,
      _deleted: isDeleted,
      _rev: `${1 + Number.parseInt(previous?._rev ?? "0", 10)}-${random.below(1e9).toString(36)}`,
      _meta: { lwt: this.#now - random.below(20) * HOUR + random.below(100) / 100 },
      _attachments: isDeleted ? {} : await this.#attachments(stored ?? previous),
    } as unknown as Row["document"];
    return previous ? { previous: copy(previous) as never, document } : { document };
  }

  /** With bytes, as stubs of what is there, and at times as stubs of nothing. */
  async #attachments(stored: Stored | undefined): Promise<object> {
    const random = this.#random;
    if (!this.schema.attachments) return {};
    const attachments: Record<string, object> = {};
    for (const [name, stub] of Object.entries(stored?._attachments ?? {})) {
      if (random.chance(0.7)) attachments[name] = stub as object;
    }
    for (const name of random.some(["a", "b.txt", "ä/ö", "x y"], 2)) {
      if (random.chance(0.5)) continue;
      const size = random.chance(0.02) ? 70_000 : random.below(40);
      const data = new Blob([Uint8Array.from({ length: size }, () => random.below(256))], {
        type: "text/plain",
      });
      const hash = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
      const stub = {
        digest: `sha256-${Buffer.from(hash).toString("hex")}`,
        length: size,
        type: "text/plain",
      };
      attachments[name] = random.chance(0.93)
        ? { ...stub, data }
        : (stored?._attachments[name] ?? stub);
    }
    return attachments;
  }

  async #query(): Promise<void> {
    const documents = (await this.#memory.findDocumentsById(this.#ids, true)) as Document[];
    const query = randomQuery(this.#random, this.schema, documents);
    this.#tell("query", query);
    const prepare = () => {
      const mango = copy(query) as never;
      return prepareQuery(this.schema as never, normalizeMangoQuery(this.schema as never, mango));
    };
    const prepared = await outcomeOf(async () => prepare());
    if ("error" in prepared) return;
    const ask = async (of: AnyStorageInstance) => (await of.query(prepare() as never)).documents;
    const expected = await outcomeOf(() => ask(this.#memory));
    const found = await outcomeOf(() => ask(this.#other));
    this.#sameOutcome("documents of a query", expected, found);
    const sum = async (of: AnyStorageInstance) => (await of.count(prepare() as never)).count;
    const counts = [
      await outcomeOf(() => sum(this.#memory)),
      await outcomeOf(() => sum(this.#other)),
    ];
    this.#sameOutcome("count", counts[0] as Outcome, counts[1] as Outcome);
  }

  #sameOutcome(what: string, expected: Outcome, found: Outcome): void {
    if ("error" in expected && "error" in found) return;
    if ("error" in expected || "error" in found) this.#differ(what, expected, found);
    this.#same(what, expected.value, found.value);
  }

  async #find(): Promise<void> {
    const ids = [...this.#random.some(this.#ids, 10), "nobody", "__proto__"];
    const withDeleted = this.#random.chance(0.5);
    this.#tell("findDocumentsById", [ids, withDeleted]);
    const expected = await this.#memory.findDocumentsById(ids, withDeleted);
    const found = await this.#other.findDocumentsById(ids, withDeleted);
    // The order is nobody's business: RxDB takes them into a map.
    const sorted = (documents: Document[]) =>
      [...documents].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    this.#same("documents by id", sorted(expected as Document[]), sorted(found as Document[]));
  }

  /** Every document once, in the order of the last writes, and again from any checkpoint. */
  async #walkChanges(): Promise<void> {
    const random = this.#random;
    const limit = random.of([1, 2, 3, 7, 1000]);
    const isFromStart = this.#checkpoints.length === 0 || random.chance(0.6);
    const [after, from] = isFromStart ? [0, undefined] : random.of(this.#checkpoints);
    this.#tell("getChangedDocumentsSince", { limit, from });
    const due = this.#writes.filter(({ bulk }) => bulk > after);
    const bulkOf = new Map(due.map(({ id, bulk }) => [id, bulk]));
    const found: Stored[] = [];
    let checkpoint: unknown = from;
    const changes = async () => {
      if (!this.#other.getChangedDocumentsSince) throw new Error("No getChangedDocumentsSince.");
      return this.#other.getChangedDocumentsSince(limit, checkpoint as never);
    };
    for (;;) {
      const page = await changes();
      if (page.documents.length > limit) this.#differ("a page", limit, page.documents.length);
      found.push(...(page.documents as Stored[]));
      if (page.documents.length === 0) break;
      checkpoint = page.checkpoint;
      if (found.length > due.length + 1000)
        this.#differ("an end of changes", due.length, found.length);
    }
    const ids = found.map(({ id }) => String(id));
    this.#same("ids of changes", [...bulkOf.keys()].sort(), [...ids].sort());
    const order = ids.map((id) => bulkOf.get(id) as number);
    this.#same(
      "order of changes",
      [...order].sort((a, b) => a - b),
      order,
    );
    const stored = await this.#stored(ids);
    this.#same(
      "changed documents",
      ids.map((id) => stored.get(id)),
      found,
    );
  }

  async #cleanUp(): Promise<void> {
    const minimum = (this.#random.below(22) - 0.5) * HOUR;
    this.#tell("cleanup", minimum);
    await this.#memory.cleanup(minimum);
    let isDone = false;
    for (let tries = 0; !isDone; tries++) {
      isDone = await this.#other.cleanup(minimum);
      if (tries > 100) this.#differ("an end of cleanup", true, isDone);
    }
    const left = await this.#stored(this.#ids);
    this.#writes = this.#writes.filter(({ id }) => left.has(id));
    this.#same(
      "documents after cleanup",
      [...left.values()],
      await this.#other.findDocumentsById(this.#ids, true),
    );
  }

  async #readAttachment(): Promise<void> {
    const stored = [...(await this.#stored(this.#ids)).values()];
    const all = stored.flatMap(({ id, _attachments }) =>
      Object.entries(_attachments).map(([name, { digest }]) => [String(id), name, digest] as const),
    );
    if (all.length === 0) return;
    const [id, name, digest] = this.#random.of(all);
    const asked = this.#random.chance(0.8) ? digest : "sha256-other";
    this.#tell("getAttachmentData", [id, name, asked]);
    const read = async (of: AnyStorageInstance) => {
      const data = await of.getAttachmentData(id, name, asked);
      return Buffer.from(await (data as Blob).arrayBuffer()).toString("base64");
    };
    const expected = await outcomeOf(() => read(this.#memory));
    this.#sameOutcome("bytes of an attachment", expected, await outcomeOf(() => read(this.#other)));
  }

  /** Another client has had the same events in the same order. */
  async #compareOnlooker(): Promise<void> {
    // A round trip on its socket: what was sent before it has come by then.
    await this.#onlooker.findDocumentsById(["nobody"], true);
    this.#same("bulks that another client got", this.#seen, this.#onlookers);
    this.#seen.length = 0;
    this.#onlookers.length = 0;
  }
}

type Outcome = { value: unknown } | { error: string };

const outcomeOf = async (act: () => Promise<unknown>): Promise<Outcome> => {
  try {
    return { value: await act() };
  } catch (error) {
    return { error: String(error) };
  }
};

const toText = (value: unknown): string => JSON.stringify(value)?.slice(0, 4000);

/** A copy that shares nothing but Blobs, which nobody can change. */
function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== "object" || value === null || value instanceof Blob) return value;
  const made = {};
  for (const [name, item] of Object.entries(value)) {
    Object.defineProperty(made, name, {
      value: copy(item),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return made as T;
}

async function withBase64(value: unknown): Promise<unknown> {
  const blobs: Promise<void>[] = [];
  const plain = withoutBlobs(value, blobs);
  await Promise.all(blobs);
  return plain;
}

/** Without the bytes of attachments. */
function withoutAttachmentData<T extends { _attachments?: object }>(document: T): T {
  if (!document?._attachments) return document;
  const stubs = Object.entries(document._attachments).map(([name, attachment]) => {
    const { data: _, ...stub } = attachment as Document;
    return [name, stub];
  });
  return { ...document, _attachments: Object.fromEntries(stubs) };
}

const eventWithoutAttachmentData = (event: Document): Document => ({
  ...event,
  documentData: withoutAttachmentData(event.documentData as Stored),
  previousDocumentData: withoutAttachmentData(event.previousDocumentData as Stored),
});

/** An error of a row without the bytes that the client has sent itself. */
const comparableErrors = (errors: object[]): object[] =>
  errors.map((error) => {
    const { writeRow, ...rest } = error as { writeRow: Row };
    return {
      ...rest,
      id: writeRow.document.id,
      document: withoutAttachmentData(writeRow.document as Stored),
      previous: writeRow.previous && withoutAttachmentData(writeRow.previous as Stored),
    };
  });

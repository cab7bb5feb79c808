/** Reads and writes the databases of a module as a whole: docs/databases.md. */

import type { Collection, Collections } from "../collections";
import { type CallOutcome, refuseCall } from "../refusals";
import type { ConnectionRegistry } from "../sockets/connection-registry";
import { planParts, readArchivePage } from "./archive-pages";
import { findSchema } from "./find-schema";
import { findAttachment, listCollections, readDocuments } from "./read-databases";
import type { CollectionName, TransferAnswer, TransferRequest } from "./requests";
import { DatabaseWriter, type DatabaseWriterDependencies } from "./write-databases";

/** There is no such module, or it has no such collection. */
export const NO_COLLECTION = refuseCall({
  code: "not-found",
  message: "There is no such collection.",
});

/** The parts of the module that are used. */
interface TransferDependencies extends DatabaseWriterDependencies {
  connections: ConnectionRegistry;
}

/** Answers the requests for the databases of one module. */
export class DatabaseTransfer {
  readonly #sql: SqlStorage;
  readonly #collections: Collections;
  readonly #connections: ConnectionRegistry;
  readonly #writer: DatabaseWriter;

  constructor(sql: SqlStorage, dependencies: TransferDependencies) {
    this.#sql = sql;
    this.#collections = dependencies.collections;
    this.#connections = dependencies.connections;
    this.#writer = new DatabaseWriter(sql, dependencies);
  }

  /** Answers a request. Refuses with `not-found`, and with what `DatabaseWriter` refuses. */
  async answer(request: TransferRequest, now: number): Promise<CallOutcome<TransferAnswer>> {
    switch (request.kind) {
      case "list":
        return jsonAnswer(listCollections(this.#sql));
      case "create": {
        const created = await this.#writer.create(request.of, request.schema);
        return created.ok ? jsonAnswer("{}", created.value) : created;
      }
      case "upload": {
        const started = await this.#writer.startUpload(request.length, now);
        if (!started.ok) return started;
        const { upload, r2Key } = started.value;
        return { ok: true, value: { kind: "body", r2Key, json: JSON.stringify({ upload }) } };
      }
      case "plan":
        return jsonAnswer(JSON.stringify(planParts(this.#sql, request.range, request.limits)));
      case "page":
        return jsonAnswer(readArchivePage(this.#sql, [...this.#connections.all()], request.range));
      default: {
        const collection = this.#find(request.of);
        return collection === null ? NO_COLLECTION : this.#answerFor(collection, request, now);
      }
    }
  }

  async #answerFor(
    collection: Collection,
    request: Extract<TransferRequest, { kind: "describe" | "read" | "attachment" | "write" }>,
    now: number,
  ): Promise<CallOutcome<TransferAnswer>> {
    switch (request.kind) {
      case "describe": {
        const schema = findSchema(this.#sql, collection, this.#connections.all());
        return jsonAnswer(JSON.stringify({ schema, seq: collection.seq }));
      }
      case "read":
        return jsonAnswer(readDocuments(this.#sql, collection, request.since, request.until));
      case "attachment":
        return findAttachment(this.#sql, collection, request);
      case "write": {
        const written = await this.#writer.write(collection, request.documents, now);
        return written.ok ? jsonAnswer(written.value) : written;
      }
    }
  }

  #find({ database, collection, version }: CollectionName): Collection | null {
    return this.#collections.find(database, collection, version);
  }
}

const jsonAnswer = (json: string, isNew = false): { ok: true; value: TransferAnswer } => ({
  ok: true,
  value: { kind: "json", json, isNew },
});

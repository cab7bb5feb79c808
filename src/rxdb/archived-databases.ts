/**
 * The databases of an account as an archive has them, read by the server itself: in parts, each with no more calls
 * than one request may make. An app reads them over HTTP instead: `routes/databases.ts`.
 */

import { labelOf } from "../../transfer/databases/client.js";
import {
  describeDocument,
  describeSchema,
  type SourceBatch,
  type SourceCollection,
  type SourceDatabaseDocument,
} from "../../transfer/databases/source.js";
import type { Env } from "../env";
import { moduleStub } from "../modules/modules";
import { withRetry } from "../platform/retry";
import { getObject } from "./bodies";
import type { ModuleId } from "./handshake";
import type { CallOutcome } from "./refusals";
import type {
  DatabasePage,
  DatabasePageCollection,
  DatabaseRange,
  PartLimits,
  PlannedPart,
  TransferAnswer,
  TransferRequest,
} from "./whole-databases/requests";

/**
 * Divides the databases of a module, or a range of them, into parts within the limits: one call. The module must have a
 * row. Returns none if there are no databases. Rejects if the object of the module does not answer.
 */
export async function planDatabaseParts(
  env: Env,
  module: ModuleId,
  range: DatabaseRange,
  limits: PartLimits,
): Promise<PlannedPart[]> {
  const json = await askForJson(env, module, { kind: "plan", range, limits });
  return json === null ? [] : JSON.parse(json);
}

/**
 * Reads a range of the databases of a module, collection by collection. Documents that are written meanwhile come again
 * at the end of their collection, as changes. Attachments of a document that has more than `limits` says are not read.
 */
export async function* readDatabaseRange(
  env: Env,
  module: ModuleId,
  range: DatabaseRange,
  limits: PartLimits,
): AsyncGenerator<SourceCollection | SourceBatch> {
  /** The latest write of each collection, when its first page was read. */
  const newest = new Map<string, number>();
  let open = "";
  for (let after = range.after; ; ) {
    const json = await askForJson(env, module, { kind: "page", range: { ...range, after } });
    // The module was erased.
    if (json === null) return;
    const page = JSON.parse(json) as DatabasePage;
    for (const listed of page.collections) {
      const reader = new PageReader(env, module, listed, limits);
      const label = labelOf(reader.collection.name);
      if (label !== open) yield reader.collection;
      open = label;
      const until = newest.get(label) ?? listed.seq;
      newest.set(label, until);
      yield* reader.batches(until);
    }
    if (page.next === null) return;
    after = page.next;
  }
}

/** A collection of a page, with some of its documents. */
class PageReader {
  readonly #env: Env;
  readonly #module: ModuleId;
  readonly #listed: DatabasePageCollection;
  readonly #limits: PartLimits;
  readonly collection: SourceCollection;

  constructor(env: Env, module: ModuleId, listed: DatabasePageCollection, limits: PartLimits) {
    this.#env = env;
    this.#module = module;
    this.#listed = listed;
    this.#limits = limits;
    const { database, collection, version, schema } = listed;
    const name = { module: module.module, database, collection, version };
    const facts = describeSchema(schema);
    if (facts === null) throw new Error(`${labelOf(name)} has no schema.`);
    const { primaryPath, hasAttachments } = facts;
    const json = JSON.stringify(schema);
    this.collection = { kind: "collection", name, schema: json, primaryPath, hasAttachments };
  }

  /** The documents, and apart from them those that were written after `until`. */
  *batches(until: number): Generator<SourceBatch> {
    const { documents, seqs } = this.#listed;
    const described = documents.map((document) => this.#describe(document));
    const isChange = (index: number) => (seqs[index] as number) > until;
    const changes = described.filter((_, index) => isChange(index));
    const others = described.filter((_, index) => !isChange(index));
    const readAttachment = this.#attachmentReader(described);
    const kind = "batch" as const;
    if (others.length > 0) yield { kind, documents: others, isChange: false, readAttachment };
    if (changes.length > 0) yield { kind, documents: changes, isChange: true, readAttachment };
  }

  #describe(document: unknown): SourceDatabaseDocument {
    const described = describeDocument(document, this.collection);
    if (described === null) throw new Error(`${labelOf(this.collection.name)} has no documents.`);
    return described;
  }

  /** Reads an attachment of these documents with one call. */
  #attachmentReader(documents: SourceDatabaseDocument[]): SourceBatch["readAttachment"] {
    const { seqs, attachments } = this.#listed;
    const ids = new Map(documents.map(({ id }, index) => [seqs[index], id]));
    const bodies = new Map<string, string | null>();
    for (const [seq, own] of Map.groupBy(attachments, (one) => one.seq)) {
      if (own.length > this.#limits.attachments) continue;
      for (const { name, digest, r2Key } of own) {
        bodies.set(JSON.stringify([ids.get(seq), name, digest]), r2Key);
      }
    }
    return async ({ document, name, digest }) => {
      const r2Key = bodies.get(JSON.stringify([document, name, digest]));
      if (r2Key === undefined) return null;
      const bytes =
        r2Key === null
          ? await this.#askForAttachment({ document, name, digest })
          : await getObject(this.#env.BODIES, r2Key);
      return bytes as Uint8Array<ArrayBuffer> | null;
    };
  }

  /** The bytes of an attachment that was in the object a moment ago. */
  async #askForAttachment(attachment: {
    document: string;
    name: string;
    digest: string;
  }): Promise<Uint8Array | null> {
    const { database, collection, version } = this.#listed;
    const of = { database, collection, version };
    const answer = await ask(this.#env, this.#module, { kind: "attachment", of, ...attachment });
    return answer?.kind === "bytes" ? answer.bytes : null;
  }
}

/** Asks the object of a module, on behalf of the user. Returns null if it has no such thing. */
async function ask(
  env: Env,
  id: ModuleId,
  request: TransferRequest,
): Promise<TransferAnswer | null> {
  const object = moduleStub(env, id.account, id.module);
  const answer = (await withRetry(
    async () => await object.transfer(id, "", request),
  )) as CallOutcome<TransferAnswer>;
  return answer.ok ? answer.value : null;
}

async function askForJson(
  env: Env,
  module: ModuleId,
  request: TransferRequest,
): Promise<string | null> {
  const answer = await ask(env, module, request);
  return answer?.kind === "json" ? answer.json : null;
}

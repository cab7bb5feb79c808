/**
 * Runs RxDB's `bulkWrite`, from its parameters to the answer.
 *
 *   plan := which rows are applied, given the documents as they are now       plan-write.ts
 *   in ONE transaction of the object: documents, index entries, attachments,
 *     totals, and the event bulk in the log                                  apply-write.ts
 *   if the file is then larger than the quota that is reserved, roll back; or if the plan has an
 *     attachment for R2:
 *     reserve quota; upload; plan again, since others may have written meanwhile
 *   if the quota is exceeded, the log makes room: it is cleared, and does not get the event bulk
 *   broadcast the event bulk; answer
 *
 * Invariant: an answered write is stored in the object, with its event bulk; a refused one has changed
 * nothing.
 */

import { UNAVAILABLE } from "../../core/refusals";
import { OVER_QUOTA } from "../../storage/refusals";
import { type Collection, type Collections, QuotaNeeded } from "../collections";
import type { QuotaReservation } from "../quota-reservation";
import { type CallOutcome, COLLECTION_REMOVED, READ_ONLY, refuseCall } from "../refusals";
import type { Connection } from "../sockets/connection-registry";
import type { Delivery } from "../sockets/delivery";
import { isObject, type StorageFrame } from "../sockets/frames";
import type { Caller } from "../sockets/socket-state";
import { TOO_MANY_ENTRIES } from "../work";
import { applyWrite, updateOpenCollection } from "./apply-write";
import type { AttachmentStore } from "./attachment-store";
import type { EventLog } from "./event-log";
import { type PlannedWrite, planWrite } from "./plan-write";
import { parseWrite, type WriteRequest } from "./write-request";

/** JSON of what `bulkWrite` returns. */
type Answer = CallOutcome<string>;

/** How often a write is planned again because others wrote while it waited for D1 or R2. */
const MAX_ATTEMPTS = 5;

/** The parts of the module that a write uses. */
interface WriterDependencies {
  collections: Collections;
  log: EventLog;
  attachments: AttachmentStore;
  quota: QuotaReservation;
  delivery: Delivery;
}

/** Who writes: a connection of a client, or nobody who listens. */
type WritingConnection = Pick<Connection, "id" | "session" | "collection" | "client">;

/** What a write needs to know of its request. */
type WriteFrame = Pick<StorageFrame, "connectionId" | "requestId" | "isRetry"> & {
  params: unknown[];
};

/** What it needs to know of its caller. */
type WriteCaller = Pick<Caller, "level" | "work" | "canStillWrite">;

/** A write that has been parsed. */
interface PendingWrite {
  connection: WritingConnection;
  frame: WriteFrame;
  caller: WriteCaller;
  write: WriteRequest;
  now: number;
}

/** Runs the writes of one module. */
export class Writer {
  readonly #storage: DurableObjectStorage;
  readonly #deps: WriterDependencies;

  constructor(storage: DurableObjectStorage, deps: WriterDependencies) {
    this.#storage = storage;
    this.#deps = deps;
  }

  /**
   * Runs a write. Each row is applied or rejected by itself; those applied are in one transaction, with
   * their event bulk. Answers at once unless it has to wait for D1 or R2. Refuses with `malformed`,
   * `too-large`, `over-quota`, `insufficient-scope`, `removed` and `unavailable`; then nothing is
   * written.
   */
  write(
    collection: Collection,
    connection: WritingConnection,
    frame: WriteFrame,
    caller: WriteCaller,
    now: number,
  ): Answer | Promise<Answer> {
    const earlier = this.#findEarlierAnswer(collection, frame);
    if (earlier) return earlier;
    const write = parseWrite(connection.client, frame.params, frame.isRetry);
    if (!write.ok) return write;
    const entries = write.value.rows.length * collection.indexes.length;
    if (!caller.work.insertEntries(entries)) return TOO_MANY_ENTRIES;
    const planned = planWrite(this.#storage.sql, collection, connection.client, write.value);
    if (!planned.ok) return planned;
    if (caller.level === "r") return answerReadOnly(planned.value, write.value);
    const pending = { connection, frame, caller, write: write.value, now };
    const answer = this.#commit(planned.value, pending, true);
    return answer instanceof QuotaNeeded
      ? this.#prepareAndCommit(planned.value, pending, answer)
      : answer;
  }

  /** Returns the answer to a write that is sent again, null if it was not applied. */
  #findEarlierAnswer(collection: Collection, frame: WriteFrame): Answer | null {
    const { log } = this.#deps;
    const earlier = frame.isRetry ? log.findAnswer(collection.id, requestOf(frame)) : null;
    return earlier === null ? null : { ok: true, value: earlier };
  }

  /** Reserves quota and uploads to R2. Others may write meanwhile, so the write is planned again. */
  async #prepareAndCommit(
    first: PlannedWrite,
    pending: PendingWrite,
    needed: QuotaNeeded,
  ): Promise<Answer> {
    const { connection, frame, caller, write, now } = pending;
    const { collections, attachments, quota } = this.#deps;
    let plan = first;
    let missing = needed.bytes;
    let isLogged = true;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const isReserved = await quota.reserve(missing);
      if (isReserved) await attachments.upload(plan.attachments.upserted, now);
      const collection = collections.get(connection.collection);
      if (!collection) return refuseCall(COLLECTION_REMOVED);
      // When this is a retry, the first attempt may have been answered just now.
      const earlier = this.#findEarlierAnswer(collection, frame);
      if (earlier) return earlier;
      if (!isReserved && !isLogged) return refuseCall(OVER_QUOTA);
      isLogged &&= isReserved;
      // The client sends it again, and the grant is checked anew.
      if (!caller.canStillWrite()) return refuseCall(UNAVAILABLE);
      const planned = planWrite(this.#storage.sql, collection, connection.client, write);
      if (!planned.ok) return planned;
      plan = planned.value;
      const answer = this.#commit(plan, pending, isLogged);
      if (!(answer instanceof QuotaNeeded)) return answer;
      missing = answer.bytes;
    }
    return refuseCall(UNAVAILABLE);
  }

  /**
   * Commits a write. `isLogged`: its event bulk is stored in the log; otherwise the log is cleared.
   * Returns `QuotaNeeded`, and changes nothing, if quota has to be reserved before, or for the upload of
   * its attachments to R2.
   */
  #commit(
    plan: PlannedWrite,
    { connection, frame, write: { context }, now }: PendingWrite,
    isLogged: boolean,
  ): Answer | QuotaNeeded {
    const { collection, totals, answer, events } = plan;
    const { collections, log, delivery, quota, attachments } = this.#deps;
    if (plan.documents.length === 0) return { ok: true, value: answer };
    const growth = totals.bytes - collection.bytes;
    const logGrowth = isLogged ? answer.length + (events?.list.length ?? 0) : 0;
    const needed = Math.max(0, growth + logGrowth);
    const isUploading = attachments.needsUpload(plan.attachments.upserted);
    // Not even tried if it would be rolled back.
    if (isUploading || (isLogged && !quota.fits(needed))) return new QuotaNeeded(needed);
    const apply = () => {
      applyWrite(this.#storage.sql, plan, now);
      const change = { collection: collection.id, context, request: requestOf(frame), answer };
      const json = events && log.append({ ...change, ...events }, now);
      if (!isLogged) log.clear();
      return json;
    };
    // Deletions have to be possible when the quota is exceeded, even if they take another page.
    const isAllowed = () => quota.fits(0) || (!isLogged && growth <= 0 && quota.isWithinMargin);
    const json = collections.change(apply, isAllowed, totals.r2Bytes - collection.r2Bytes);
    if (json instanceof QuotaNeeded) return json;
    updateOpenCollection(plan);
    if (json !== null) {
      log.recordAppended(json.length + answer.length, now);
      // Before the answer: RxDB takes even its own writes from the events.
      delivery.broadcast(connection, json, now);
    }
    return { ok: true, value: answer };
  }
}

/** The id of a request in the log. */
const requestOf = ({ connectionId, requestId }: WriteFrame): string =>
  `${connectionId} ${requestId}`;

/**
 * The answer to a client with a read-only token. When RxDB opens a database, it inserts documents that
 * already exist, and accepts the conflict as an answer. Any other write must be refused in a way that
 * is not a conflict, since RxDB would try to resolve that for ever.
 */
const answerReadOnly = ({ answer, documents }: PlannedWrite, { rows }: WriteRequest): Answer =>
  documents.length === 0 && rows.every(({ previous }) => !isObject(previous))
    ? { ok: true, value: answer }
    : refuseCall(READ_ONLY);

/** The user's Durable Object, one per user name: serializes what must happen in order. */

import { DurableObject } from "cloudflare:workers";
import type {
  MoveEntry,
  MoveIn,
  MoveOwner,
  MoveRequest,
  OldCredential,
  PendingSignIn,
} from "../copying/move-in";
import { documentFromPath } from "../core/path";
import { type Outcome, refused, UNAVAILABLE, UNKNOWN_OUTCOME } from "../core/refusals";
import type { Scope } from "../core/scope";
import { earliest } from "../core/time";
import type { Env } from "../env";
import { LIVE_HANDSHAKE_HEADER, type Listener, type LiveHandshake } from "../live/handshake";
import { LiveSockets } from "../live/live-sockets";
import { runAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { documentId } from "../storage/bodies";
import {
  type CommitRequest,
  type CommitResult,
  Committer,
  MAX_GROUP_COMMITS,
} from "../storage/commit";
import type { DeletionFact, DeletionPosition, PutFact } from "../storage/tasks/journal";
import type { Task, TaskEntry, TaskSpec, TaskState } from "../storage/tasks/task";
import { AccountErasure } from "./account-erasure";
import { CommitClock } from "./commit-clock";
import { CommitJournal } from "./commit-journal";
import { CommitQueue } from "./commit-queue";
import { MovingIn } from "./moving-in/moving-in";
import type { FoundEntries } from "./task-log";
import { Tasks } from "./tasks";
import { type HistorySize, VersionSweep } from "./version-sweep";

const MAX_QUEUED_COMMITS = 1000;

/** Keeps a socket alive without waking the object. */
const HEARTBEAT = new WebSocketRequestResponsePair("ping", "pong");

/** Modules that the bin lists. */
const MAX_LISTED_MODULES = 500;

/** The object of a user name. Only requests that were let in reach it. */
export class UserObject extends DurableObject<Env> {
  readonly #clock = new CommitClock(() => Date.now());
  readonly #committer = new Committer(this.env.DB);
  readonly #queue = new CommitQueue<CommitRequest, Outcome<CommitResult>>(
    (group) => this.#committer.commit(group),
    MAX_GROUP_COMMITS,
  );
  readonly #live = new LiveSockets(this.ctx, this.env, () => Date.now());
  readonly #journal = new CommitJournal(this.ctx.storage);
  readonly #sweep = new VersionSweep(this.ctx.storage, this.env, this.#journal);
  readonly #tasks = new Tasks(
    this.ctx.storage,
    this.env,
    this.#journal,
    (request) => this.commit(request),
    () => this.#clock.now(),
  );
  readonly #movingIn = new MovingIn(this.ctx.storage, this.env, () => Date.now());
  readonly #erasure = new AccountErasure(this.ctx.storage, this.env);
  /** Whether the last alarm has copied documents of another server: then a sweep that is due has its turn. */
  #hasMovedLast = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(HEARTBEAT);
  }

  /**
   * Commits a change of the user's tree, in order with all others: `storage/commit.ts`. Refuses with
   * `unavailable` if so many wait that the client would have given up before the change's turn.
   */
  async commit(command: CommitRequest): Promise<Outcome<CommitResult>> {
    if (this.#queue.length >= MAX_QUEUED_COMMITS) return refused(UNAVAILABLE);
    const modified = this.#clock.next();
    const committed = this.#queue.add({ ...command, modified });
    // Without an answer of D1 the change may have been made all the same.
    const known = await committed.catch(() => refused(UNKNOWN_OUTCOME));
    this.#recordOutcome(command, known, modified);
    return committed;
  }

  /** Records a multipart upload; to be called before its first part. */
  async noteUpload(key: string, uploadId: string): Promise<void> {
    await this.#sweep.recordUpload(key, uploadId, Date.now());
  }

  /** Starts a task on the user's documents: `tasks.ts`. Returns its id; null: too many have not ended. */
  startTask(
    owner: { account: string; user: string },
    spec: TaskSpec,
    isPreview: boolean,
  ): Promise<string | null> {
    return this.#tasks.start(owner, spec, isPreview, this.#clock.now());
  }

  /** A task; null: there is none, or it is no longer remembered. */
  getTask(id: string): Task | null {
    return this.#tasks.get(id);
  }

  /** The tasks that are remembered, the latest first. */
  listTasks(): TaskState[] {
    return this.#tasks.list();
  }

  /** At most `limit` entries of a task's log with one of these outcomes, from a position on. */
  findTaskEntries(
    id: string,
    outcomes: TaskEntry["outcome"][],
    from: number,
    limit: number,
  ): FoundEntries {
    return this.#tasks.findEntries(id, outcomes, from, limit);
  }

  /** Pauses, resumes or cancels a task. */
  async controlTask(id: string, action: "pause" | "resume" | "cancel"): Promise<void> {
    await this.#tasks.control(id, action, Date.now());
  }

  /** What is recorded of a document's versions, the latest first: when each was written, and by whom. */
  async documentFacts(path: string): Promise<{ puts: PutFact[]; deletions: DeletionFact[] }> {
    const document = documentFromPath(path);
    return {
      puts: this.#journal.putsOf(await documentId(document)),
      deletions: this.#journal.deletionsOf(document),
    };
  }

  /**
   * The latest deletion of each document of a module whose path begins with `prefix`, the latest first:
   * at most `limit` that come after a position. They may have been written again.
   */
  deletions(
    module: string,
    prefix: string,
    after: DeletionPosition | null,
    limit: number,
  ): DeletionFact[] {
    return this.#journal.latestDeletions(module, prefix, after, limit);
  }

  /** The latest deletions of each module, `limit` of each. */
  deletionsByModule(limit: number): { module: string; deletions: DeletionFact[] }[] {
    return this.#journal.modulesWithDeletions(MAX_LISTED_MODULES).map((module) => ({
      module,
      deletions: this.deletions(module, "/", null, limit),
    }));
  }

  /** When documents of a module (null: of any) were changed, in whole minutes, the latest first. */
  changeTimes(module: string | null, limit: number): number[] {
    return this.#journal.changeTimes(module, limit);
  }

  /** How much the earlier versions of the user's documents take; null: it is not known yet. */
  historySize(): HistorySize | null {
    return this.#sweep.historySize();
  }

  /** The move from another server, or the last one: `moving-in.ts`. Null: there was none. */
  getMoveIn(): MoveIn | null {
    return this.#movingIn.get();
  }

  /** At most `limit` entries of the report of the move, after the first `skip`. */
  moveInReport(skip: number, limit: number): MoveEntry[] {
    return this.#movingIn.report(skip, limit);
  }

  /** Remembers a sign-in at another server. */
  async beginMoveInSignIn(pending: PendingSignIn): Promise<void> {
    await this.#movingIn.beginSignIn(pending);
  }

  /** The sign-in with this `state` that this session has begun, once; null: there is none. */
  takeMoveInSignIn(state: string, session: string): PendingSignIn | null {
    return this.#movingIn.takeSignIn(state, session, Date.now());
  }

  /** Starts a move from another server, or goes on with it. False: another one has not ended. */
  startMoveIn(owner: MoveOwner, request: MoveRequest, credential: OldCredential): Promise<boolean> {
    return this.#movingIn.start(owner, request, credential, Date.now());
  }

  /** Pauses, resumes or cancels the move from another server. */
  async controlMoveIn(action: "pause" | "resume" | "cancel"): Promise<void> {
    await this.#movingIn.control(action, Date.now());
  }

  /** Schedules the erasure of a deleted account: `accounts/deletion.ts`. Idempotent. */
  async erase(account: string): Promise<void> {
    this.#journal.discard();
    this.#live.closeAll();
    await this.controlMoveIn("cancel");
    await this.#erasure.schedule(account, Date.now());
  }

  /** Opens a live socket for a `LiveHandshake`: `live/live-sockets.ts`. */
  override fetch(request: Request): Promise<Response> {
    const handshake = request.headers.get(LIVE_HANDSHAKE_HEADER) ?? "";
    return this.#live.accept(JSON.parse(handshake) as LiveHandshake);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#live.receive(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    // The client waits for the answer to its closing (RFC 6455 §5.5.1).
    if (socket.readyState !== WebSocket.CLOSED) socket.close(1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  /** Opens a one-time URL for a live socket: `LiveSockets.openSession`. */
  openLiveSession(
    listener: Listener,
    scopes: Scope[] | null,
  ): Promise<Outcome<{ secret: string; usableUntil: number }>> {
    return this.#live.openSession(listener, scopes);
  }

  /** Checks the grants of all live sockets again. */
  async recheck(): Promise<void> {
    await this.#live.recheck();
  }

  /** Does nothing: that it answers says that Durable Objects do. */
  ping(): void {}

  /** Does what is due. An object with nothing left to do deletes all that it has stored. */
  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    const next = await runAlarm(storage, () => this.#work(Date.now()));
    if (next === null && [...storage.kv.list({ limit: 1 })].length === 0) await storage.deleteAll();
  }

  /** Tells the listeners of a change, and notes it for the journal and the sweep. Never throws. */
  #recordOutcome(change: CommitRequest, outcome: Outcome<CommitResult>, at: number): void {
    const { account, node, version, put } = change;
    if (outcome.ok) this.#live.notify(node, version, put === null);
    else if (outcome.refusal.code === "unknown-outcome") this.#live.notifyUnknown(account, node);
    if (outcome.ok && outcome.value.facts) this.#journal.record(change, outcome.value.facts, at);
    // The change stays committed if this fails.
    this.#sweep
      .recordCommit(change, outcome, at)
      .catch((error) => logWarning("A sweep could not be scheduled.", error));
  }

  /**
   * Does what is due. A sweep waits until no task goes on, because that may need the versions that it
   * would delete; it does not wait for one that is paused. A move from another server and the sweep take turns,
   * because each makes as many calls as an invocation may.
   */
  async #work(now: number): Promise<number | null> {
    if (this.#erasure.isScheduled()) return this.#erasure.run(now);
    const next = await this.#tasks.run(now);
    if (next !== null) return next;
    const isSweepDue = (this.#sweep.nextAt() ?? now + 1) <= now;
    this.#hasMovedLast = this.#movingIn.isDue(now) && !(isSweepDue && this.#hasMovedLast);
    if (this.#hasMovedLast) await this.#movingIn.run(now);
    const sweepAt = this.#hasMovedLast ? this.#sweep.nextAt() : await this.#sweep.run(now);
    return earliest([sweepAt, this.#movingIn.nextAt(), this.#tasks.forgetOld(now)]);
  }
}

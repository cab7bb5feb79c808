/** The Durable Object of one module: sockets, sessions and alarms around the databases of RxDB apps. */

import { DurableObject } from "cloudflare:workers";
import { type Outcome, ok, refused } from "../core/refusals";
import type { Env } from "../env";
import { limitBytes } from "../http/rate-limits";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { BAD_TOKEN } from "../storage/refusals";
import { HANDSHAKE_HEADER, type Handshake, type ModuleId } from "./handshake";
import type { DatabaseTotals } from "./inventory";
import { Module } from "./module";
import { type CallOutcome, READ_ONLY } from "./refusals";
import { LOST_CONNECTION_TTL_MS } from "./sockets/connection-registry";
import type { CustomCaller } from "./sockets/custom-requests";
import { checkGrant, GrantCache } from "./sockets/grant-cache";
import { type ModuleState, RequestQueue } from "./sockets/request-queue";
import {
  endModuleSession,
  openModuleSession,
  recheckGrants,
  saveModuleSession,
} from "./sockets/session-changes";
import { RxdbSessions } from "./sockets/sessions";
import { closeNow } from "./sockets/socket-state";
import { NO_COLLECTION } from "./whole-databases/database-transfer";
import { isWrite, type TransferAnswer, type TransferRequest } from "./whole-databases/requests";
import { EVENT_RETENTION_MS } from "./writes/event-log";

/** The key of the `ModuleId` in the object's storage. */
const MODULE_ID_KEY = "owner";

/** Keeps a socket alive without waking the object. */
const HEARTBEAT = new WebSocketRequestResponsePair("ping", "pong");

/**
 * The object of a module; reached by account and module name: `moduleStub` in `modules/modules.ts`. An
 * operator extends it with a `customRequestHandler` to answer custom requests of their own.
 */
export class ModuleObject extends DurableObject<Env> {
  #state: ModuleState | null = null;
  readonly #requests = new RequestQueue(this.env, this.ctx, {
    clock: () => Date.now(),
    loadState: () => this.#loadState(),
    openSession: (state, socketState) => openModuleSession(state, socketState, null, Date.now()),
    callCustomHandler: (message, caller) => this.customRequestHandler(message, caller),
    afterChange: (state, now) => this.#afterChange(state, now),
  });
  /** The alarm that this instance has set, in milliseconds since 1970; infinite if none. */
  #alarmAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(HEARTBEAT);
  }

  /**
   * Answers custom requests that Satchel does not know. An operator overrides it. Undefined, as
   * here, means that there is no answer; the message of a thrown error becomes the refusal.
   */
  protected customRequestHandler(_message: unknown, _caller: CustomCaller): unknown {
    return undefined;
  }

  /**
   * Opens a socket for a `Handshake`. Returns 101 with the socket; otherwise 403 with a refusal in JSON,
   * which the Worker passes on over a socket of its own.
   */
  override async fetch(request: Request): Promise<Response> {
    const handshake = JSON.parse(request.headers.get(HANDSHAKE_HEADER) ?? "") as Handshake;
    const now = Date.now();
    const { owner, token, session: hash } = handshake;
    const opened = await this.#openIfAllowed(owner, token?.grant ?? null, now);
    if (!opened.ok) return Response.json(opened.refusal, { status: 403 });
    const state = opened.value;
    if (token) saveModuleSession(state, { hash, ...token }, now);
    const session = state.sessions.find(hash, now);
    if (!session) return Response.json(BAD_TOKEN, { status: 403 });
    const level = await state.grants.load(session.grant, now);
    if (!level.ok) return Response.json(level.refusal, { status: 403 });
    // An app that has got as many bytes as it may gets no other socket to send them to.
    const limit = limitBytes(this.env, { account: state.id.account, grant: session.grant }, 0, now);
    if (limit) return Response.json(limit, { status: 403 });
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server);
    const { grant, expiresAt } = session;
    const { endpoint } = handshake;
    const socketState = { session: hash, grant, expiresAt, endpoint, connections: [] };
    state.module.delivery.accept(server, socketState, handshake.after, now);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * Opens a session for a grant, or resumes an earlier one. Returns its secret, and the id of the newest
   * event bulk; or refuses what the grant does not allow.
   */
  async openSession(
    id: ModuleId,
    { grant, expiresAt }: { grant: string; expiresAt: number | null },
    earlier: string | null,
  ): Promise<CallOutcome<{ session: string; after: string }>> {
    const opened = await this.#openIfAllowed(id, grant, Date.now());
    if (!opened.ok) return opened;
    const state = opened.value;
    const level = await state.grants.load(grant, Date.now());
    if (!level.ok) return level;
    const after = state.module.newestEventId;
    const session = await openModuleSession(state, { grant, expiresAt }, earlier, Date.now());
    return { ok: true, value: { session, after } };
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
    return this.#requests.receive(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    // The client waits for the answer to its closing (RFC 6455 §5.5.1).
    if (socket.readyState !== WebSocket.CLOSED) socket.close(1000);
    const now = Date.now();
    this.#loadState()?.module.delivery.detach(socket, now);
    this.#setAlarm(now + LOST_CONNECTION_TTL_MS);
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  /** The totals of the module's databases, by name. */
  inventory(): DatabaseTotals[] {
    return this.#loadState()?.module.inventory() ?? [];
  }

  /**
   * Reads or writes databases as a whole. To read, the caller has to have checked the grant. Refuses with what the
   * grant does not allow to write, with `not-found`, and with what `DatabaseTransfer` refuses.
   */
  async transfer(
    id: ModuleId,
    grant: string,
    request: TransferRequest,
  ): Promise<CallOutcome<TransferAnswer>> {
    const now = Date.now();
    if (!isWrite(request)) {
      const state = this.#loadState();
      return state ? state.module.transfer.answer(request, now) : NO_COLLECTION;
    }
    const opened = await this.#openIfAllowed(id, grant, now);
    if (!opened.ok) return opened;
    const { module, grants } = opened.value;
    const level = grants.get(grant, now) ?? (await grants.load(grant, now));
    if (!level.ok) return level;
    if (level.value === "r") return refused(READ_ONLY);
    const answer = await module.transfer.answer(request, now);
    this.#afterChange(opened.value, Date.now());
    return answer;
  }

  /**
   * Restores databases from a backup, whatever the quota, as `transfer` writes them. Only while the account does not
   * exist: so nobody has acknowledged data in the object, and no app can reach it.
   */
  async restore(id: ModuleId, request: TransferRequest): Promise<CallOutcome<TransferAnswer>> {
    const now = Date.now();
    const { module } = this.#open(id);
    this.#setAlarm(now + EVENT_RETENTION_MS);
    return module.quota.duringRestore(() => module.transfer.answer(request, now));
  }

  /** Deletes a database with all its collections, if it exists. */
  async deleteDatabase(name: string): Promise<void> {
    const state = this.#loadState();
    if (!state) return;
    state.module.deleteDatabase(name, Date.now());
    this.#setAlarm(Date.now() + EVENT_RETENTION_MS);
    // The database is deleted, even if D1 cannot be told now that its quota is free.
    const reconciled = state.module.quota.reconcile();
    this.ctx.waitUntil(
      reconciled.catch((error) =>
        logWarning("The quota of a deleted database was not given back yet.", error),
      ),
    );
  }

  /** Checks all grants again. Closes the sockets of those that have ended, and ends their sessions. */
  async recheck(): Promise<void> {
    const state = this.#loadState();
    if (state) await recheckGrants(state, Date.now());
  }

  /** Erases a part of everything that the object holds. Returns whether there is more. Idempotent. */
  async erase(): Promise<boolean> {
    const state = this.#loadState();
    if (!state) return false;
    for (const { socket } of state.module.sockets.list()) closeNow(socket, BAD_TOKEN);
    if (await state.module.deleteBodyPage()) return true;
    this.#state = null;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    return false;
  }

  /** Deletes what has expired, and checks all grants again. */
  override async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const state = this.#loadState();
    if (!state) return;
    const now = Date.now();
    for (const hash of state.sessions.listLongExpired(now)) endModuleSession(state, hash);
    try {
      await this.recheck();
      const next = await state.module.runMaintenance(now);
      if (next !== null) this.#setAlarm(next);
    } catch (error) {
      logWarning("The maintenance of a module failed and will be repeated.", error);
      this.#setAlarm(now + EVENT_RETENTION_MS);
    }
  }

  /** Loads what the object holds. If it holds nothing, opens it if the grant allows that. */
  async #openIfAllowed(
    id: ModuleId,
    grant: string | null,
    now: number,
  ): Promise<Outcome<ModuleState>> {
    const state = this.#loadState();
    if (state) return ok(state);
    if (grant === null) return refused(BAD_TOKEN);
    // Checked before anything is stored: an object that was erased must stay empty.
    const { account, module } = id;
    const level = await checkGrant(this.env, { account, grant }, module, now);
    return level.ok ? ok(this.#open(id)) : level;
  }

  /** Returns null if the object holds nothing. */
  #loadState(): ModuleState | null {
    const id = this.#state?.id ?? this.ctx.storage.kv.get<ModuleId>(MODULE_ID_KEY);
    return id ? this.#open(id) : null;
  }

  #open(id: ModuleId): ModuleState {
    if (this.#state) return this.#state;
    const { kv, sql } = this.ctx.storage;
    if (kv.get(MODULE_ID_KEY) === undefined) kv.put(MODULE_ID_KEY, id);
    const module = new Module(this.ctx, this.env, id, Date.now());
    const sessions = new RxdbSessions(sql);
    this.#state = { id, module, sessions, grants: new GrantCache(this.env, id) };
    // The maintenance tells D1.
    if (module.hasOldTotals) this.#setAlarm(Date.now());
    return this.#state;
  }

  /** Moves the alarm to an earlier time. What is due later sets it again when the alarm has run. */
  #setAlarm(at: number): void {
    if (this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.ctx.waitUntil(scheduleAlarm(this.ctx.storage, at));
  }

  /** Does in the background what follows from a change. */
  #afterChange({ module, grants }: ModuleState, now: number): void {
    this.#setAlarm(now + EVENT_RETENTION_MS);
    const tasks = [
      module.quota.isOverReserved ? module.quota.reconcile() : null,
      // A client that only listens sends no requests: its grant is checked when others write.
      grants.isFresh(now) ? null : this.recheck(),
    ];
    for (const task of tasks) {
      if (!task) continue;
      const done = task.catch((error) =>
        logWarning("A background task of a module failed.", error),
      );
      this.ctx.waitUntil(done);
    }
  }
}

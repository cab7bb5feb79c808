/** The Durable Object of one user and module: a shell around the databases of RxDB apps. */

import { DurableObject } from "cloudflare:workers";
import { type Outcome, ok, refused } from "../core/refusals";
import { sha256 } from "../core/secrets";
import type { Env } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { BAD_TOKEN } from "../storage/refusals";
import type { DatabaseTotals } from "./inventory";
import { Module, type Owner } from "./module";
import type { Reply } from "./refusals";
import { dismiss, FORGET_LOST_MS } from "./sockets/connections";
import type { CustomCaller } from "./sockets/custom-requests";
import { Standings, weighGrant } from "./sockets/grant-cache";
import { Conversations, type Room } from "./sockets/request-queue";
import { type SessionRow, Sessions } from "./sockets/sessions";
import { KEPT_MS } from "./writes/event-log";

/** Who comes in, as the Worker has found: the header `CALLER` of the request for a socket. */
export interface Arrival {
  owner: Owner;
  /** Hash of the secret in the URL. */
  session: string;
  /** What the access token in the URL says; null: it is the secret of a session. */
  token: { grant: string; expiresAt: number | null } | null;
  endpoint: string;
  /** Id of the last event bulk that the client has received; null: it does not say. */
  after: string | null;
}

export const CALLER = "Satchel-Caller";

const OWNER = "owner";

/** Keeps a socket from waiting for nothing; answered without waking the object. */
const HEARTBEAT = new WebSocketRequestResponsePair("ping", "pong");

/**
 * Reached by account and module: `modules/modules.ts`. An operator who has custom requests of their
 * own extends it with a `customRequestHandler`.
 */
export class ModuleObject extends DurableObject<Env> {
  #room: Room | null = null;
  readonly #conversations = new Conversations(this.env, this.ctx, {
    clock: () => Date.now(),
    room: () => this.#known(),
    openSession: (room, seat) => this.#openSession(room, seat, null),
    askOperator: (message, caller) => this.customRequestHandler(message, caller),
    lookAfter: (room, now) => this.#lookAfter(room, now),
  });
  /** Milliseconds since 1970, as far as this instance has planned it. */
  #wakesAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(HEARTBEAT);
  }

  /**
   * Answers custom requests of apps that Satchel has no answer to. To be overridden by an operator;
   * undefined, as here: there is no answer. An error that it throws is the answer, by its message.
   */
  protected customRequestHandler(_message: unknown, _caller: CustomCaller): unknown {
    return undefined;
  }

  /**
   * Opens a socket for an `Arrival`. 101 with the socket; otherwise a refusal in JSON, which the
   * Worker tells on a socket of its own.
   */
  override async fetch(request: Request): Promise<Response> {
    const arrival = JSON.parse(request.headers.get(CALLER) ?? "") as Arrival;
    const now = Date.now();
    const { owner, token, session: hash } = arrival;
    const opened = await this.#enter(owner, token?.grant ?? null, now);
    if (!opened.ok) return Response.json(opened.refusal, { status: 403 });
    const room = opened.value;
    if (token) this.#admit(room, { hash, ...token }, now);
    const session = room.sessions.find(hash, now);
    if (!session) return Response.json(BAD_TOKEN, { status: 403 });
    const level = await room.standings.ask(session.grant, now);
    if (!level.ok) return Response.json(level.refusal, { status: 403 });
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server);
    const { grant, expiresAt } = session;
    const { endpoint } = arrival;
    const seat = { session: hash, grant, expiresAt, endpoint, connections: [] };
    room.module.roster.join(server, seat, arrival.after, now);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * Makes a session for a token that was weighed; or goes on with an earlier one. Returns its secret,
   * and the id of the newest event bulk; or refuses what the grant does not allow.
   */
  async openSession(
    owner: Owner,
    { grant, expiresAt }: { grant: string; expiresAt: number | null },
    earlier: string | null,
  ): Promise<Reply<{ session: string; after: string }>> {
    const opened = await this.#enter(owner, grant, Date.now());
    if (!opened.ok) return opened;
    const room = opened.value;
    const level = await room.standings.ask(grant, Date.now());
    if (!level.ok) return level;
    const after = room.module.newestEvent;
    const session = await this.#openSession(room, { grant, expiresAt }, earlier);
    return { ok: true, value: { session, after } };
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
    return this.#conversations.receive(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    // The client waits for the answer to its closing (RFC 6455 §5.5.1).
    if (socket.readyState !== WebSocket.CLOSED) socket.close(1000);
    const now = Date.now();
    this.#known()?.module.roster.leave(socket, now);
    this.#planWake(now + FORGET_LOST_MS);
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  /** What is in it, by name. */
  inventory(): DatabaseTotals[] {
    return this.#known()?.module.inventory() ?? [];
  }

  /** Deletes a database with all its collections. Nothing happens if there is none of that name. */
  async deleteDatabase(name: string): Promise<void> {
    const room = this.#known();
    if (!room) return;
    room.module.deleteDatabase(name, Date.now());
    this.#planWake(Date.now() + KEPT_MS);
    // It is deleted, whether or not D1 hears at once that there is room.
    const settling = room.module.ledger.settle();
    this.ctx.waitUntil(
      settling.catch((error) => logWarning("Room was not given back yet.", error)),
    );
  }

  /** Closes the sockets whose grant does not stand any more, and forgets what came in by it. */
  async recheck(): Promise<void> {
    const room = this.#known();
    if (!room) return;
    const { sessions, standings, module } = room;
    standings.forget();
    const now = Date.now();
    for (const [grant, own] of Map.groupBy(sessions.all(), (session) => session.grant)) {
      const level = await standings.ask(grant, now);
      if (level.ok) continue;
      for (const { socket, seat } of module.roster.seats()) {
        if (seat.grant === grant) dismiss(socket, level.refusal);
      }
      if (level.refusal.code !== "unauthorized") continue;
      for (const { hash } of own) this.#endSession(room, hash);
    }
  }

  /** Erases some of all there is. Returns whether there is more. Can be repeated. */
  async erase(): Promise<boolean> {
    const room = this.#known();
    if (!room) return false;
    for (const { socket } of room.module.roster.seats()) dismiss(socket, BAD_TOKEN);
    if (await room.module.dropSomeBodies()) return true;
    this.#room = null;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    return false;
  }

  /** Forgets what has had its time. */
  override async alarm(): Promise<void> {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const room = this.#known();
    if (!room) return;
    const now = Date.now();
    for (const hash of room.sessions.listForgotten(now)) this.#endSession(room, hash);
    try {
      await this.recheck();
      const next = await room.module.tidyUp(now);
      if (next !== null) this.#planWake(next);
    } catch (error) {
      logWarning("A module was not tidied up and will be later.", error);
      this.#planWake(now + KEPT_MS);
    }
  }

  /** What there is; or where there is nothing, what a grant opens that stands. */
  async #enter(owner: Owner, grant: string | null, now: number): Promise<Outcome<Room>> {
    const room = this.#known();
    if (room) return ok(room);
    if (grant === null) return refused(BAD_TOKEN);
    // Before anything is stored: an object that was erased is to stay so.
    const { account, module } = owner;
    const level = await weighGrant(this.env, { account, grant }, module, now);
    return level.ok ? ok(this.#open(owner)) : level;
  }

  /** Everything there is, if there is anything. */
  #known(): Room | null {
    const owner = this.#room?.owner ?? this.ctx.storage.kv.get<Owner>(OWNER);
    return owner ? this.#open(owner) : null;
  }

  #open(owner: Owner): Room {
    if (this.#room) return this.#room;
    if (this.ctx.storage.kv.get(OWNER) === undefined) this.ctx.storage.kv.put(OWNER, owner);
    const module = new Module(this.ctx, this.env, owner);
    const sessions = new Sessions(this.ctx.storage.sql);
    this.#room = { owner, module, sessions, standings: new Standings(this.env, owner) };
    return this.#room;
  }

  /** One alarm for all that is to be done later; what it would come too late for plans it anew. */
  #planWake(at: number): void {
    if (this.#wakesAt <= at) return;
    this.#wakesAt = at;
    this.ctx.waitUntil(scheduleAlarm(this.ctx.storage, at));
  }

  /** What a change asks for, in the background. */
  #lookAfter({ module, standings }: Room, now: number): void {
    this.#planWake(now + KEPT_MS);
    const work = [
      module.ledger.isAmple ? module.ledger.settle() : null,
      // Who only listens shows no token: whether theirs still stands is asked now and then as well.
      standings.areFresh(now) ? null : this.recheck(),
    ];
    for (const task of work) {
      if (!task) continue;
      const done = task.catch((error) => logWarning("A module was not looked after.", error));
      this.ctx.waitUntil(done);
    }
  }

  /** Returns the secret. */
  async #openSession(
    room: Room,
    { grant, expiresAt }: { grant: string; expiresAt: number | null },
    earlier: string | null,
  ): Promise<string> {
    const secret = await room.sessions.secretFor(grant, earlier);
    this.#admit(room, { hash: await sha256(secret), grant, expiresAt }, Date.now());
    return secret;
  }

  #admit(room: Room, session: SessionRow, now: number): void {
    for (const hash of room.sessions.admit(session, now)) this.#endSession(room, hash);
    room.module.roster.prolong(session.hash, session.expiresAt);
  }

  #endSession(room: Room, hash: string): void {
    room.module.roster.forget(({ session }) => session === hash);
    for (const { socket, seat } of room.module.roster.seats()) {
      if (seat.session === hash) dismiss(socket, BAD_TOKEN);
    }
    room.sessions.drop(hash);
  }
}

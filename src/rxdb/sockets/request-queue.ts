/** What clients say on their sockets, and what they are answered: each frame, in its order. */

import { type Refusal, UNAVAILABLE } from "../../core/refusals";
import type { Env } from "../../env";
import { limitApp } from "../../http/rate-limits";
import { recordUse } from "../../oauth/app-usage";
import { logWarning } from "../../platform/log";
import { isTransient } from "../../platform/retry";
import { BAD_TOKEN } from "../../storage/refusals";
import type { Caller, Module, Owner } from "../module";
import { malformed, type Reply, type SocketRefusal } from "../refusals";
import { isOpen, isOver, type Seat, send } from "./connections";
import { answerCustom, type CustomCaller, sessionUrl, UNKNOWN_REQUEST } from "./custom-requests";
import { answerFrame, type Envelope, type Frame, parseFrame, refusalFrame } from "./frames";
import type { Standings } from "./grant-cache";
import type { Sessions } from "./sessions";

/** Everything of a module in memory. */
export interface Room {
  owner: Owner;
  module: Module;
  sessions: Sessions;
  standings: Standings;
}

/** What the object does for its conversations. */
interface Host {
  /** Milliseconds since 1970. */
  clock(): number;
  /** Null: everything was erased. */
  room(): Room | null;
  /** Returns the secret of a new session like that of a seat. */
  openSession(room: Room, seat: Seat): Promise<string>;
  /** The operator's own custom requests. */
  askOperator(message: unknown, caller: CustomCaller): unknown;
  /** After a change. */
  lookAfter(room: Room, now: number): void;
}

/** Methods after which something may have to be done. */
const CHANGES = ["bulkWrite", "cleanup", "remove"];

/** The conversations of one module's object. */
export class Conversations {
  readonly #env: Env;
  readonly #ctx: DurableObjectState;
  readonly #host: Host;
  /** What is under way on a socket, where something has to be waited for: its frames keep their order. */
  readonly #busy = new WeakMap<WebSocket, Promise<void>>();

  constructor(env: Env, ctx: DurableObjectState, host: Host) {
    this.#env = env;
    this.#ctx = ctx;
    this.#host = host;
  }

  /**
   * Answers a frame; at once, unless something has to be waited for. What nobody could be answered to
   * is passed over: bytes, and what is no message of RxDB.
   */
  receive(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
    const parsed = typeof data === "string" ? parseFrame(data) : null;
    if (parsed === null) return;
    const envelope = parsed.ok ? parsed.frame : parsed.envelope;
    const take = () =>
      this.#guard(socket, envelope, () => this.#take(socket, parsed, (data as string).length));
    const busy = this.#busy.get(socket);
    const work = busy ? busy.then(take) : take();
    if (work === undefined) return;
    const done = work.finally(() => {
      if (this.#busy.get(socket) === done) this.#busy.delete(socket);
    });
    this.#busy.set(socket, done);
    return done;
  }

  /** Sees to it that a client is answered, and does not wait for ever, whatever fails. Never rejects. */
  #guard(
    socket: WebSocket,
    envelope: Envelope,
    act: () => void | Promise<void>,
  ): void | Promise<void> {
    try {
      return act()?.catch((error) => fail(socket, envelope, error));
    } catch (error) {
      fail(socket, envelope, error);
    }
  }

  #take(
    socket: WebSocket,
    parsed: NonNullable<ReturnType<typeof parseFrame>>,
    length: number,
  ): void | Promise<void> {
    const room = this.#host.room();
    if (!room || !isOpen(socket)) return;
    const envelope = parsed.ok ? parsed.frame : parsed.envelope;
    const now = this.#host.clock();
    const seat = room.module.roster.seatOf(socket);
    const limit = this.#limit(room, seat, length, now);
    if (limit) return send(socket, refusalFrame(envelope, limit));
    if (!parsed.ok) return send(socket, refusalFrame(envelope, malformed(parsed.message).refusal));
    if (isOver(seat, now)) return refuse(room, socket, envelope, BAD_TOKEN, now);
    return this.#weigh(room, socket, seat, parsed.frame, now);
  }

  #limit({ owner }: Room, { grant }: Seat, bytes: number, now: number): Refusal | null {
    const claims = { account: owner.account, grant };
    const limit = limitApp(this.#env, claims, now);
    if (!limit) recordUse(this.#env, this.#ctx, claims, bytes, now);
    return limit;
  }

  /** Lets the client's grant decide, as it is known, or as D1 says. */
  #weigh(
    room: Room,
    socket: WebSocket,
    seat: Seat,
    frame: Frame,
    now: number,
  ): void | Promise<void> {
    const { standings } = room;
    const go = (level: Awaited<ReturnType<Standings["ask"]>>) => {
      // One that has gone meanwhile must not come to be heard again: nobody is told on it.
      if (!isOpen(socket)) return;
      if (!level.ok) return refuse(room, socket, frame, level.refusal, now);
      const mayStillWrite = () => {
        const known = standings.recall(seat.grant, this.#host.clock());
        return known?.ok === true && known.value === "rw";
      };
      return this.#call(room, { socket, seat, level: level.value, mayStillWrite }, frame, now);
    };
    const known = standings.recall(seat.grant, now);
    return known ? go(known) : standings.ask(seat.grant, now).then(go);
  }

  #call(room: Room, caller: Caller, frame: Frame, now: number): void | Promise<void> {
    const answer = (reply: Reply<string>) => {
      const text = reply.ok ? answerFrame(frame, reply.value) : refusalFrame(frame, reply.refusal);
      send(caller.socket, text);
      if (reply.ok && CHANGES.includes(frame.method)) {
        this.#host.lookAfter(room, this.#host.clock());
      }
    };
    const reply = this.#reply(room, caller, frame, now);
    return reply instanceof Promise ? reply.then(answer) : answer(reply);
  }

  #reply(
    room: Room,
    caller: Caller,
    frame: Frame,
    now: number,
  ): Reply<string> | Promise<Reply<string>> {
    switch (frame.method) {
      case "create":
        return room.module.create(caller, frame, now);
      case "custom":
        return this.#custom(room, caller, frame.params, now);
      default:
        return room.module.call(caller, frame, now);
    }
  }

  async #custom(room: Room, caller: Caller, message: unknown, now: number): Promise<Reply<string>> {
    const { seat, level } = caller;
    const openSession = async () => {
      const session = await this.#host.openSession(room, seat);
      const { expiresAt, endpoint } = seat;
      return { session, url: sessionUrl(endpoint, session), expiresAt };
    };
    const { owner, module } = room;
    const own = { env: this.#env, owner, module };
    const known = await answerCustom(own, caller, message, openSession, now);
    if (known !== null) return { ok: true, value: JSON.stringify(known) };
    return this.#askOperator(message, { user: owner.user, module: owner.module, access: level });
  }

  async #askOperator(message: unknown, caller: CustomCaller): Promise<Reply<string>> {
    try {
      const answer = await this.#host.askOperator(message, caller);
      return answer === undefined ? UNKNOWN_REQUEST : { ok: true, value: JSON.stringify(answer) };
    } catch (error) {
      return malformed(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Answers, and lets the client go: it would only be told the same again. */
function refuse(
  { module }: Room,
  socket: WebSocket,
  envelope: Envelope,
  refusal: SocketRefusal,
  now: number,
): void {
  send(socket, refusalFrame(envelope, refusal));
  module.roster.letGo(socket, refusal, now);
}

/** Of a failure nobody foresaw, or of the platform. */
function fail(socket: WebSocket, envelope: Envelope, error: unknown): void {
  logWarning(`A call of ${envelope.method} of an RxDB client has failed.`, error);
  // Whatever has failed has failed before its transaction, or with it: nothing was changed.
  const refusal: SocketRefusal = isTransient(error)
    ? UNAVAILABLE
    : { code: "internal", message: "Something went wrong on our side." };
  send(socket, refusalFrame(envelope, refusal));
}

/** The requests that clients send on their sockets: answered in order, one socket at a time. */

import { UNAVAILABLE } from "../../core/refusals";
import type { Env } from "../../env";
import { limitApp, limitBytes, recordBytes } from "../../http/rate-limits";
import { recordUse } from "../../oauth/app-usage";
import { logWarning } from "../../platform/log";
import { isTransient } from "../../platform/retry";
import { BAD_TOKEN } from "../../storage/refusals";
import type { ModuleId } from "../handshake";
import type { Module } from "../module";
import { type CallOutcome, refuseMalformed, type SocketRefusal } from "../refusals";
import { Work } from "../work";
import {
  answerCustomRequest,
  type CustomCaller,
  sessionUrl,
  UNKNOWN_CUSTOM_REQUEST,
} from "./custom-requests";
import { byteLength, valueCost } from "./frame-limits";
import {
  answerFrame,
  type Envelope,
  type Frame,
  parseFrame,
  peekEnvelope,
  refusalFrame,
} from "./frames";
import type { GrantCache } from "./grant-cache";
import type { RxdbSessions } from "./sessions";
import {
  type Caller,
  closeInvalid,
  closeNow,
  isExpired,
  isSocketOpen,
  type SocketState,
  sendIfOpen,
} from "./socket-state";

/** Everything that a module's object has in memory. */
export interface ModuleState {
  id: ModuleId;
  module: Module;
  sessions: RxdbSessions;
  grants: GrantCache;
}

/** What the module's object does for its request queue. */
interface ModuleHost {
  /** Milliseconds since 1970. */
  clock(): number;
  /** Returns null if the object holds nothing, or everything was erased. */
  loadState(): ModuleState | null;
  /** Opens another session with the grant of a socket. Returns its secret. */
  openSession(state: ModuleState, socketState: SocketState): Promise<string>;
  /** Calls the operator's own handler of custom requests. */
  callCustomHandler(message: unknown, caller: CustomCaller): unknown;
  /** Called after every change. */
  afterChange(state: ModuleState, now: number): void;
}

/** Requests without one that is accepted among them: then the client only keeps the server busy. */
const MAX_REFUSALS_IN_A_ROW = 1000;

/** Methods that change something. */
const CHANGE_METHODS = ["bulkWrite", "cleanup", "remove"];

/**
 * The request queue of one module's object. A request is answered synchronously, unless D1 or R2 is
 * needed; then the following requests of its socket wait for it.
 */
export class RequestQueue {
  readonly #env: Env;
  readonly #ctx: DurableObjectState;
  readonly #host: ModuleHost;
  /** The last request of a socket that is still being answered. */
  readonly #pending = new WeakMap<WebSocket, Promise<void>>();
  /** How many requests of a socket were refused in a row because of limits. */
  readonly #refusals = new WeakMap<WebSocket, number>();

  constructor(env: Env, ctx: DurableObjectState, host: ModuleHost) {
    this.#env = env;
    this.#ctx = ctx;
    this.#host = host;
  }

  /**
   * Answers a frame; synchronously if possible. It is counted before it is parsed. Closes the socket at
   * the first frame that is no message of RxDB. Never rejects.
   */
  receive(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
    const state = this.#host.loadState();
    if (!state || !isSocketOpen(socket)) return;
    if (typeof data !== "string") return closeInvalid(socket);
    const refusal = this.#limit(state, socket, data);
    if (refusal) return this.#refuse(socket, data, refusal);
    this.#refusals.delete(socket);
    const pending = this.#pending.get(socket);
    const work = pending
      ? pending.then(() => this.#handle(socket, data))
      : this.#handle(socket, data);
    if (work === undefined) return;
    const done = work.finally(() => {
      if (this.#pending.get(socket) === done) this.#pending.delete(socket);
    });
    this.#pending.set(socket, done);
    return done;
  }

  /** Counts a frame and what it costs to parse. Null, or the refusal. */
  #limit(state: ModuleState, socket: WebSocket, text: string): SocketRefusal | null {
    const now = this.#host.clock();
    const claims = claimsOf(state, state.module.sockets.stateOf(socket));
    const bytes = byteLength(text);
    const limit = limitApp(this.#env, claims, now) ?? limitBytes(this.#env, claims, bytes, now);
    if (limit) return limit;
    recordUse(this.#env, this.#ctx, claims, bytes, now);
    const cost = valueCost(text, bytes);
    return cost.ok ? limitBytes(this.#env, claims, cost.costBytes, now) : cost.refusal;
  }

  /** Refuses a frame that is not parsed. Closes the socket of a client that does not stop. */
  #refuse(socket: WebSocket, text: string, refusal: SocketRefusal): void {
    const envelope = peekEnvelope(text);
    if (envelope === null) {
      closeInvalid(socket, refusal.code === "too-large");
      return;
    }
    const refusals = (this.#refusals.get(socket) ?? 0) + 1;
    this.#refusals.set(socket, refusals);
    sendIfOpen(socket, refusalFrame(envelope, refusal));
    if (refusals >= MAX_REFUSALS_IN_A_ROW) closeNow(socket, refusal);
  }

  #handle(socket: WebSocket, text: string): void | Promise<void> {
    const parsed = parseFrame(text);
    if (parsed === null) return closeInvalid(socket);
    if (parsed.ok) {
      const { frame } = parsed;
      return this.#answerFailures(socket, frame, () => this.#answer(socket, frame));
    }
    const { refusal } = refuseMalformed(parsed.message);
    sendIfOpen(socket, refusalFrame(parsed.envelope, refusal));
  }

  /** Answers the client whatever fails: otherwise it would wait forever. Never rejects. */
  #answerFailures(
    socket: WebSocket,
    envelope: Envelope,
    handle: () => void | Promise<void>,
  ): void | Promise<void> {
    try {
      return handle()?.catch((error) => sendFailure(socket, envelope, error));
    } catch (error) {
      sendFailure(socket, envelope, error);
    }
  }

  #answer(socket: WebSocket, frame: Frame): void | Promise<void> {
    const state = this.#host.loadState();
    if (!state || !isSocketOpen(socket)) return;
    const now = this.#host.clock();
    const socketState = state.module.sockets.stateOf(socket);
    if (isExpired(socketState, now)) return sendRefusal(state, socket, frame, BAD_TOKEN, now);
    // Earlier answers may have been larger than what the app may get.
    const limit = limitBytes(this.#env, claimsOf(state, socketState), 0, now);
    if (limit) return sendIfOpen(socket, refusalFrame(frame, limit));
    return this.#authorize(state, socket, socketState, frame, now);
  }

  /** Calls the method if the grant allows it, as the cache or D1 says. */
  #authorize(
    state: ModuleState,
    socket: WebSocket,
    socketState: SocketState,
    frame: Frame,
    now: number,
  ): void | Promise<void> {
    const { grants } = state;
    const callIfAllowed = (level: Awaited<ReturnType<GrantCache["load"]>>) => {
      // A socket that has closed meanwhile must not get a connection attached: it hears nothing.
      if (!isSocketOpen(socket)) return;
      if (!level.ok) return sendRefusal(state, socket, frame, level.refusal, now);
      const canStillWrite = () => {
        const cached = grants.get(socketState.grant, this.#host.clock());
        return cached?.ok === true && cached.value === "rw";
      };
      const work = new Work();
      const caller = { socket, state: socketState, level: level.value, work, canStillWrite };
      return this.#call(state, caller, frame, now);
    };
    const cached = grants.get(socketState.grant, now);
    return cached ? callIfAllowed(cached) : grants.load(socketState.grant, now).then(callIfAllowed);
  }

  #call(state: ModuleState, caller: Caller, frame: Frame, now: number): void | Promise<void> {
    const answer = (outcome: CallOutcome<string>) => {
      const text = outcome.ok
        ? answerFrame(frame, outcome.value)
        : refusalFrame(frame, outcome.refusal);
      const claims = claimsOf(state, caller.state);
      const bytes = byteLength(text) + caller.work.costBytes;
      recordBytes(this.#env, claims, bytes, this.#host.clock());
      sendIfOpen(caller.socket, text);
      if (outcome.ok && CHANGE_METHODS.includes(frame.method)) {
        this.#host.afterChange(state, this.#host.clock());
      }
    };
    const outcome = this.#callMethod(state, caller, frame, now);
    return outcome instanceof Promise ? outcome.then(answer) : answer(outcome);
  }

  #callMethod(
    state: ModuleState,
    caller: Caller,
    frame: Frame,
    now: number,
  ): CallOutcome<string> | Promise<CallOutcome<string>> {
    switch (frame.method) {
      case "create":
        return state.module.create(caller, frame, now);
      case "custom":
        return this.#callCustom(state, caller, frame.params, now);
      default:
        return state.module.call(caller, frame, now);
    }
  }

  async #callCustom(
    state: ModuleState,
    caller: Caller,
    message: unknown,
    now: number,
  ): Promise<CallOutcome<string>> {
    const openSession = async () => {
      const session = await this.#host.openSession(state, caller.state);
      const { expiresAt, endpoint } = caller.state;
      return { session, url: sessionUrl(endpoint, session), expiresAt };
    };
    const { id, module } = state;
    const context = { env: this.#env, id, module };
    const answer = await answerCustomRequest(context, caller, message, openSession, now);
    if (answer !== null) return { ok: true, value: JSON.stringify(answer) };
    return this.#callOperator(message, { user: id.user, module: id.module, access: caller.level });
  }

  async #callOperator(message: unknown, caller: CustomCaller): Promise<CallOutcome<string>> {
    try {
      const answer = await this.#host.callCustomHandler(message, caller);
      return answer === undefined
        ? UNKNOWN_CUSTOM_REQUEST
        : { ok: true, value: JSON.stringify(answer) };
    } catch (error) {
      return refuseMalformed(error instanceof Error ? error.message : String(error));
    }
  }
}

const claimsOf = ({ id }: ModuleState, { grant }: SocketState) => ({ account: id.account, grant });

/** Refuses a request, and closes the socket soon: all further requests would be refused, too. */
function sendRefusal(
  { module }: ModuleState,
  socket: WebSocket,
  envelope: Envelope,
  refusal: SocketRefusal,
  now: number,
): void {
  sendIfOpen(socket, refusalFrame(envelope, refusal));
  module.delivery.closeAfterGrace(socket, refusal, now);
}

/** Answers a request that failed unexpectedly, or because of the platform. */
function sendFailure(socket: WebSocket, envelope: Envelope, error: unknown): void {
  logWarning(`The RxDB method ${envelope.method} failed.`, error);
  // Every failure comes before its transaction or rolls it back: nothing was changed.
  const refusal: SocketRefusal = isTransient(error)
    ? UNAVAILABLE
    : { code: "internal", message: "Something went wrong on the server." };
  sendIfOpen(socket, refusalFrame(envelope, refusal));
}

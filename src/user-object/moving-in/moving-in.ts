/**
 * Moves a user in from another server: copies the documents of the old storage, step by step (`move-steps.ts`),
 * by the alarm of the user's object.
 *
 * An alarm makes as many calls as the plan allows, then the next one follows. A server that does not answer, or
 * asks to wait, is left alone for that long. The token is stored encrypted, and deleted when the move ends, and
 * in any case after a week.
 */

import { BusyServerError, guardedFetch } from "../../copying/guarded-fetch";
import type {
  MoveEntry,
  MoveIn,
  MoveOwner,
  MoveRequest,
  OldCredential,
  PendingSignIn,
  StopReason,
} from "../../copying/move-in";
import { OldServer } from "../../copying/old-server";
import { equalInConstantTime, randomId } from "../../core/secrets";
import { DAY_MS, earliest, HOUR_MS } from "../../core/time";
import { type Env, settings } from "../../env";
import { scheduleAlarm } from "../../platform/alarms";
import { logWarning } from "../../platform/log";
import { type RequestContext, runWithRequestContext } from "../../platform/request-context";
import { MoveCredentials } from "./move-credentials";
import { StoppedError } from "./move-step";
import { takeStep } from "./move-steps";
import { MoveStore } from "./move-store";

/** How long a token is kept at most. */
const TOKEN_KEPT_MS = 7 * DAY_MS;

/** How long the report, and what was copied, are remembered after the end. */
const REMEMBERED_MS = 30 * DAY_MS;

/** An alarm goes on with steps for so long. Other work of the object waits meanwhile. */
const ALARM_MS = 5000;

/** Calls of an alarm that are left for retries. */
const SPARE_CALLS = 10;

/** Between attempts while a server does not answer: doubled each time. After so many, about a day, it is given up. */
const RETRY_AFTER_MS = { first: 10_000, most: HOUR_MS };
const MAX_FAILURES = 32;

/** The move of one user, in the storage of the user's object. */
export class MovingIn {
  readonly #storage: DurableObjectStorage;
  readonly #store: MoveStore;
  readonly #credentials: MoveCredentials;
  readonly #env: Env;
  readonly #clock: () => number;
  /** Ends the requests of the step that is under way. */
  #stop = new AbortController();

  constructor(storage: DurableObjectStorage, env: Env, clock: () => number) {
    this.#storage = storage;
    this.#store = new MoveStore(storage);
    this.#credentials = new MoveCredentials(this.#store, env, clock);
    this.#env = env;
    this.#clock = clock;
  }

  /** The move, or the last one; null: there was none, or it is no longer remembered. */
  get(): MoveIn | null {
    return this.#store.load();
  }

  /** At most `limit` entries of the report after the first `skip`. */
  report(skip: number, limit: number): MoveEntry[] {
    return this.#store.reportPage(skip, limit);
  }

  /** Remembers a sign-in at the old server, instead of one that was begun before. */
  async beginSignIn(pending: PendingSignIn): Promise<void> {
    this.#store.putSignIn(pending);
    await scheduleAlarm(this.#storage, pending.expiresAt);
  }

  /** The sign-in with this `state`, once, and only for the session that has begun it; null: there is none. */
  takeSignIn(state: string, session: string, now: number): PendingSignIn | null {
    const pending = this.#store.signIn();
    if (pending === undefined || pending.expiresAt <= now || pending.session !== session)
      return null;
    if (!equalInConstantTime(pending.state, state)) return null;
    this.#store.putSignIn(null);
    return pending;
  }

  /**
   * Starts a move, or goes on with one from the same storage. Once that has ended, only what has changed since is
   * copied. Returns false, and does nothing, while another one has not ended.
   */
  async start(
    owner: MoveOwner,
    request: MoveRequest,
    credential: OldCredential,
    now: number,
  ): Promise<boolean> {
    const sealed = await this.#credentials.seal({ ...owner, ...request }, credential, now);
    // Nothing is awaited from here on until the move is stored.
    const last = this.#store.load();
    const isSame = last?.root === request.root && last.account === owner.account;
    const tokenUntil = now + TOKEN_KEPT_MS;
    if (last?.endedAt === null) {
      if (!isSame) return false;
      this.#store.update({ ...request, tokenUntil });
      this.#store.putToken(sealed);
      this.#resume(now);
    } else {
      this.#store.begin({
        ...owner,
        ...request,
        id: randomId(),
        state: "running",
        reason: null,
        pass: isSame ? last.pass + 1 : 1,
        startedAt: now,
        endedAt: null,
        tokenUntil,
        retryAt: now,
        failures: 0,
        overQuota: 0,
        found: { folders: 0, documents: 0 },
        looked: { folders: 0, documents: 0 },
        counts: { created: 0, replaced: 0, both: 0, equal: 0, kept: 0, failed: 0 },
        bytes: 0,
        entries: 0,
        copies: isSame ? last.copies : randomId(),
        hasOtherCopies: last !== null && !isSame,
      });
      this.#store.putToken(sealed);
    }
    await scheduleAlarm(this.#storage, now);
    return true;
  }

  /** Pauses, resumes or cancels a move that has not ended. What it has copied stays. */
  async control(action: "pause" | "resume" | "cancel", now: number): Promise<void> {
    if (this.#store.load()?.endedAt !== null) return;
    if (action === "resume") this.#resume(now);
    else {
      if (action === "cancel") this.#end("cancelled", null, now);
      else this.#store.update({ state: "paused", reason: null });
      this.#stop.abort(new StoppedError());
    }
    await scheduleAlarm(this.#storage, now);
  }

  #resume(now: number): void {
    const isSignedIn = this.#store.token() !== undefined;
    const goesOn = {
      state: "running",
      reason: null,
      retryAt: now,
      failures: 0,
      overQuota: 0,
    } as const;
    this.#store.update(isSignedIn ? goesOn : { state: "paused", reason: "sign-in-needed" });
  }

  /** When something is to be done next, in milliseconds since 1970; null: nothing. */
  nextAt(): number | null {
    const move = this.#store.load();
    const signInAt = this.#store.signIn()?.expiresAt ?? null;
    if (move === null) return signInAt;
    return earliest([
      signInAt,
      move.state === "running" ? move.retryAt : null,
      this.#store.token() === undefined ? null : move.tokenUntil,
      forgetAt(move),
    ]);
  }

  /** Whether something is to be done now. */
  isDue(now: number): boolean {
    return (this.nextAt() ?? now + 1) <= now;
  }

  /** Does what is due, for a while. */
  async run(now: number): Promise<void> {
    if ((this.#store.signIn()?.expiresAt ?? now + 1) <= now) this.#store.putSignIn(null);
    const move = this.#store.load();
    if (move === null) return;
    if (forgetAt(move) <= now) return void this.#store.forget();
    if (move.tokenUntil <= now && this.#store.token() !== undefined) {
      this.#store.putToken(null);
      if (move.state === "running") this.#pause(move, "sign-in-needed");
      return;
    }
    if (move.state !== "running" || move.retryAt > now) return;
    const context = { id: randomId(), calls: 0 };
    await runWithRequestContext(context, () => this.#copy(move, context, now));
  }

  async #copy(move: MoveIn, context: RequestContext, now: number): Promise<void> {
    if (move.hasOtherCopies) {
      this.#store.update({ hasOtherCopies: this.#store.forgetCopied(move.copies) });
    }
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const fetch = guardedFetch(this.#env, this.#clock, signal);
    const maxCalls = settings(this.#env).SUBREQUESTS - SPARE_CALLS;
    const isTimeLeft = () => this.#clock() <= now + ALARM_MS;
    try {
      const credential = await this.#credentials.load(move, fetch, signal);
      if (credential === null) return this.#pause(move, "sign-in-needed");
      const step = {
        env: this.#env,
        store: this.#store,
        server: new OldServer(move, credential.token, fetch, signal),
        clock: this.#clock,
        signal,
        /** Whether so many more calls may be made. */
        canMake: (calls: number) => context.calls + calls <= maxCalls && isTimeLeft(),
      };
      for (;;) {
        // What was paused, and perhaps resumed at once, goes on with the next alarm.
        if (signal.aborted) return;
        const current = this.#store.load();
        if (current?.id !== move.id || current.state !== "running") return;
        if (current.retryAt > this.#clock() || !step.canMake(0)) return;
        const outcome = await takeStep(step, current);
        if (outcome === "later") return;
        if (outcome === "done") return this.#end("done", null, this.#clock());
        if (outcome === "unauthorized") {
          const isRenewed = await this.#credentials.renewLater(move, credential);
          if (!isRenewed) this.#pause(move, "sign-in-needed");
          return;
        }
        if (outcome === "too-many") return this.#end("failed", outcome, this.#clock());
        if (outcome !== "more") return this.#pause(move, outcome);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#recordFailure(move, error);
    }
  }

  #recordFailure(move: MoveIn, error: unknown): void {
    logWarning("Moving in waits, and goes on later.", error);
    const current = this.#store.load();
    if (current?.id !== move.id || current.state !== "running") return;
    const { failures } = current;
    if (failures + 1 >= MAX_FAILURES) {
      this.#pause(move, "unreachable");
      return;
    }
    const { first, most } = RETRY_AFTER_MS;
    const asked = error instanceof BusyServerError ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(asked, Math.min(most, first * 2 ** failures));
    this.#store.update({ failures: failures + 1, retryAt: this.#clock() + wait });
  }

  #pause(move: MoveIn, reason: StopReason): void {
    if (this.#store.isUnfinished(move)) this.#store.update({ state: "paused", reason });
  }

  #end(state: "done" | "cancelled" | "failed", reason: StopReason | null, now: number): void {
    this.#store.update({ state, reason, endedAt: now });
    this.#store.putToken(null);
  }
}

const forgetAt = ({ endedAt, tokenUntil }: MoveIn): number =>
  (endedAt ?? tokenUntil) + REMEMBERED_MS;

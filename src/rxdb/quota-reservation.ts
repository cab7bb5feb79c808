/**
 * The share of the account's quota that a module's object holds. It writes without asking D1 as long
 * as it keeps within what it has reserved there, so what is reserved is never less than what it
 * holds:
 *
 *   a write grows beyond what is reserved: reserve what is needed and some more, in one guarded
 *     statement in D1; what was answered is remembered before the write is made
 *   now and then: give back what is not needed
 *
 * Invariant: bytes held <= reserved as remembered <= reserved in D1, at every moment at which
 * something is committed. One number is asked for at a time, and chosen when its turn has come. If an
 * answer of D1 gets lost, D1 has more than is remembered, and the next statement sets it right. Only
 * giving back makes D1's number smaller: it is remembered first.
 */

import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import { reserve, selectRoom } from "./db";

/** Reserved ahead, so that small writes seldom ask D1. */
const STEP_BYTES = 1_000_000;

/** Kept where nothing is written. */
const SPARE_BYTES = STEP_BYTES / 10;

const RESERVED = "reserved";

/** What one module has reserved. */
export class Ledger {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #owner: { account: string; module: string };
  readonly #countHeld: () => number;
  #reserved: number;
  /** The turns of those that ask D1. */
  #last: Promise<unknown> = Promise.resolve();

  /** `countHeld` says how many bytes the module holds. */
  constructor(
    storage: DurableObjectStorage,
    env: Env,
    owner: { account: string; module: string },
    countHeld: () => number,
  ) {
    this.#storage = storage;
    this.#env = env;
    this.#owner = owner;
    this.#countHeld = countHeld;
    this.#reserved = storage.kv.get<number>(RESERVED) ?? 0;
  }

  /** Whether so many bytes more than the module holds are reserved. */
  holds(growthBytes: number): boolean {
    return this.#countHeld() + growthBytes <= this.#reserved;
  }

  /** Whether far more is reserved than is held, as after much was deleted. */
  get isAmple(): boolean {
    return this.#reserved > this.#countHeld() + 2 * STEP_BYTES;
  }

  /** Reserves at least so many bytes more than the module holds. False: the account has no room for them. */
  reserve(growthBytes: number): Promise<boolean> {
    return this.#inTurn(async () => {
      // Whoever was first may have reserved enough for both.
      if (this.holds(growthBytes)) return true;
      const bytes = this.#countHeld() + growthBytes;
      const reserved = await this.#ask(bytes, bytes + STEP_BYTES);
      if (reserved !== null) this.#remember(reserved);
      return reserved !== null;
    });
  }

  /** Gives back what is far more than is held, and sets D1 right where it has drifted. */
  settle(): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#countHeld();
      const spare = held === 0 ? 0 : SPARE_BYTES;
      // Remembered first: were D1 first, a write could still count on what others have by then.
      if (this.#reserved > held + 2 * spare) this.#remember(held + spare);
      await this.#ask(this.#reserved, this.#reserved);
    });
  }

  /** The account's quota, and what is used of it. Bytes. */
  async readRoom(): Promise<{ quotaBytes: number; usedBytes: number }> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const question = selectRoom(this.#env.DB, this.#owner.account, DEFAULT_QUOTA_BYTES);
    const room = await withRetry(() => question.first<{ quotaBytes: number; usedBytes: number }>());
    return room ?? { quotaBytes: 0, usedBytes: 0 };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Returns what is reserved in D1 then; null: there is no room. */
  async #ask(need: number, want: number): Promise<number | null> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const statement = reserve(this.#env.DB, this.#owner, need, want, DEFAULT_QUOTA_BYTES);
    const row = await withRetry(() => statement.first<{ bytes: number }>());
    return row?.bytes ?? null;
  }

  #remember(bytes: number): void {
    if (bytes === this.#reserved) return;
    this.#reserved = bytes;
    this.#storage.kv.put(RESERVED, bytes);
  }
}

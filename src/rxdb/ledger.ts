/**
 * The share of the account's quota that a module's object holds. It writes without asking D1 as long
 * as it keeps within what it has reserved there, so what is reserved is never less than what it
 * holds:
 *
 *   a write grows beyond what is reserved: reserve what is needed and some more, in one guarded
 *     statement in D1; what was answered is remembered before the write is made
 *   now and then, when nothing is written: give back what is not needed
 *
 * Invariant: bytes held <= reserved as remembered <= reserved in D1, at every moment at which
 * something is committed. If an answer of D1 gets lost, D1 has more than is remembered, and the next
 * statement sets it right. Only giving back makes D1's number smaller: it is remembered first.
 */

import { type Env, settings } from "../env";
import { askPatiently } from "../http/patience";
import { reserve, selectRoom } from "./ledger-repo";

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
  #reserved: number;
  /** One statement at a time: they set what is reserved, and the last has to be the last in D1. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(storage: DurableObjectStorage, env: Env, owner: { account: string; module: string }) {
    this.#storage = storage;
    this.#env = env;
    this.#owner = owner;
    this.#reserved = storage.kv.get<number>(RESERVED) ?? 0;
  }

  /** Whether so many bytes in all are reserved. */
  holds(bytes: number): boolean {
    return bytes <= this.#reserved;
  }

  /** Whether far more is reserved than the bytes that are held, as after much was deleted. */
  isAmple(heldBytes: number): boolean {
    return this.#reserved > heldBytes + 2 * STEP_BYTES;
  }

  /** Reserves at least so many bytes in all. False: the account has no room for them. */
  async reserve(bytes: number): Promise<boolean> {
    const reserved = await this.#ask(bytes, bytes + STEP_BYTES);
    if (reserved !== null) this.#remember(reserved);
    return reserved !== null && bytes <= reserved;
  }

  /** Gives back what is far more than the bytes that are held, and sets D1 right where it has drifted. */
  async settle(heldBytes: number): Promise<void> {
    const spare = heldBytes === 0 ? 0 : SPARE_BYTES;
    // Remembered first: were D1 first, a write could still count on what others have by then.
    if (this.#reserved > heldBytes + 2 * spare) this.#remember(heldBytes + spare);
    await this.#ask(this.#reserved, this.#reserved);
  }

  /** The account's quota, and what is used of it. Bytes. */
  async readRoom(): Promise<{ quotaBytes: number; usedBytes: number }> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const question = selectRoom(this.#env.DB, this.#owner.account, DEFAULT_QUOTA_BYTES);
    const room = await askPatiently(() =>
      question.first<{ quotaBytes: number; usedBytes: number }>(),
    );
    return room ?? { quotaBytes: 0, usedBytes: 0 };
  }

  #ask(need: number, want: number): Promise<number | null> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const statement = reserve(this.#env.DB, this.#owner, need, want, DEFAULT_QUOTA_BYTES);
    const answer = this.#last.then(async () => {
      const row = await askPatiently(() => statement.first<{ bytes: number }>());
      return row?.bytes ?? null;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  #remember(bytes: number): void {
    if (bytes === this.#reserved) return;
    this.#reserved = bytes;
    this.#storage.kv.put(RESERVED, bytes);
  }
}

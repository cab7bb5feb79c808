/**
 * The share of the account's quota that a module's object has reserved, so that it can write without D1.
 *
 *   a write grows beyond what is reserved:
 *     in ONE guarded statement in D1: reserve what it needs, and some more
 *     store the reserved number in the object, before the write commits
 *   now and then:
 *     give back what is not needed
 *   while a backup is restored, when D1 has no row yet:
 *     store what is needed in the object; the row of the backup comes later, and `reconcile` corrects it
 *
 * Invariant: bytes held <= reserved as stored in the object <= reserved as stored in D1, at every
 * commit, but for a margin for writes that free space. Requests to D1 run one at a time, and each computes its numbers when its turn comes. If an
 * answer of D1 gets lost, D1 has a higher number than the object, until the next statement corrects it.
 * Only giving back lowers D1's number: the object stores the lower number first.
 */

import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import { reserveQuota, selectQuotaUsage } from "./db";

/** Reserved beyond the need, so that small writes seldom need D1. */
const RESERVE_AHEAD_BYTES = 1_000_000;

/** Kept by a module in which nothing is written. */
const SPARE_BYTES = RESERVE_AHEAD_BYTES / 10;

/** The key of the reserved bytes in the object's storage. */
const RESERVED_KEY = "reserved";

/** What one module has reserved. */
export class QuotaReservation {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #id: { account: string; module: string };
  readonly #heldBytes: () => number;
  /** As stored in the object. */
  #reservedBytes: number;
  /** Restores of a backup that are in progress. */
  #restores = 0;
  /** The last request to D1 so far, which the next one waits for. */
  #last: Promise<unknown> = Promise.resolve();

  /** `heldBytes` returns how many bytes the module holds now. */
  constructor(
    storage: DurableObjectStorage,
    env: Env,
    id: { account: string; module: string },
    heldBytes: () => number,
  ) {
    this.#storage = storage;
    this.#env = env;
    this.#id = id;
    this.#heldBytes = heldBytes;
    this.#reservedBytes = storage.kv.get<number>(RESERVED_KEY) ?? 0;
  }

  /** Whether the reservation covers so many bytes beyond those that the module holds. */
  fits(growthBytes: number): boolean {
    return this.#heldBytes() + growthBytes <= this.#reservedBytes;
  }

  /** Whether what the module holds is within the margin for writes that free space. */
  get isWithinMargin(): boolean {
    return this.fits(-RESERVE_AHEAD_BYTES);
  }

  /** Takes what the module holds as reserved, whatever the quota. `reconcile` tells D1. */
  adoptHeldBytes(): void {
    this.#store(Math.max(this.#reservedBytes, this.#heldBytes()));
  }

  /** Whether far more is reserved than is held, for example after many documents were deleted. */
  get isOverReserved(): boolean {
    return this.#reservedBytes > this.#heldBytes() + 2 * RESERVE_AHEAD_BYTES;
  }

  /** Reserves at least so many bytes beyond those that the module holds. False: over quota. */
  reserve(growthBytes: number): Promise<boolean> {
    return this.#enqueue(async () => {
      // An earlier request may have reserved enough for both.
      if (this.fits(growthBytes)) return true;
      const bytes = this.#heldBytes() + growthBytes;
      if (this.#restores > 0) {
        this.#store(bytes + RESERVE_AHEAD_BYTES);
        return true;
      }
      const reserved = await this.#reserveInD1(bytes, bytes + RESERVE_AHEAD_BYTES, false);
      if (reserved !== null) this.#store(reserved);
      return reserved !== null;
    });
  }

  /** Runs a restore of a backup: whatever it needs is reserved, without D1. */
  async duringRestore<T>(restore: () => Promise<T>): Promise<T> {
    this.#restores++;
    try {
      return await restore();
    } finally {
      this.#restores--;
    }
  }

  /** Gives back what is reserved far beyond need, and corrects D1 if it has drifted. */
  reconcile(): Promise<void> {
    return this.#enqueue(async () => {
      const held = this.#heldBytes();
      const spare = held === 0 ? 0 : SPARE_BYTES;
      // Stored here first: were D1 first, a write could still use bytes that others have by then.
      if (this.#reservedBytes > held + 2 * spare) this.#store(held + spare);
      await this.#reserveInD1(this.#reservedBytes, this.#reservedBytes, true);
    });
  }

  /** The account's quota, and what is used or reserved of it, in bytes. */
  async loadUsage(): Promise<{ quotaBytes: number; usedBytes: number }> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const statement = selectQuotaUsage(this.#env.DB, this.#id.account, DEFAULT_QUOTA_BYTES);
    const usage = await withRetry(() =>
      statement.first<{ quotaBytes: number; usedBytes: number }>(),
    );
    return usage ?? { quotaBytes: 0, usedBytes: 0 };
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Returns what is reserved in D1 afterwards; null if the quota is exceeded. */
  async #reserveInD1(
    neededBytes: number,
    wantedBytes: number,
    isGranted: boolean,
  ): Promise<number | null> {
    const { DEFAULT_QUOTA_BYTES } = settings(this.#env);
    const reservation = { neededBytes, wantedBytes, isGranted };
    const statement = reserveQuota(this.#env.DB, this.#id, reservation, DEFAULT_QUOTA_BYTES);
    const row = await withRetry(() => statement.first<{ bytes: number }>());
    return row?.bytes ?? null;
  }

  #store(bytes: number): void {
    if (bytes === this.#reservedBytes) return;
    this.#reservedBytes = bytes;
    this.#storage.kv.put(RESERVED_KEY, bytes);
  }
}

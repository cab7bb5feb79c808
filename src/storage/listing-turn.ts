/**
 * Shares time among the large listings of an account that this isolate sends at once: together they are as
 * fast as one alone, so that an account with many of them does not keep others waiting.
 */

/** The listings of more than a page that this isolate is sending: when each began to read a page, milliseconds since 1970. */
const listings = new Map<ListingTurn, number>();

/**
 * A listing that has not read a page for so long is not waited for: its client reads no more, or is gone,
 * of which the runtime does not always tell.
 */
const ABANDONED_AFTER_MS = 30_000;

/** Others that a listing makes way for at most. */
const MAX_OTHER_LISTINGS = 9;

/** One listing among all those of an account that this isolate is sending. */
export class ListingTurn {
  readonly #account: string;

  constructor(account: string) {
    this.#account = account;
  }

  /** To be called before each page is read. */
  begin(now: number): void {
    for (const [turn, begunAt] of listings) {
      if (now - begunAt > ABANDONED_AFTER_MS) listings.delete(turn);
    }
    listings.set(this, now);
  }

  /** To be called after the page was read: waits as long as each of the others takes for one, too. */
  async leaveToOthers(now: number): Promise<void> {
    const pageMs = now - (listings.get(this) ?? now);
    const ofAccount = [...listings.keys()].filter((turn) => turn.#account === this.#account);
    const others = Math.min(ofAccount.length - 1, MAX_OTHER_LISTINGS);
    if (others > 0) await scheduler.wait(others * pageMs);
  }

  /** May be called again. */
  end(): void {
    listings.delete(this);
  }
}

/**
 * Shares time among the large listings of an account that this isolate sends at once: together they are as
 * fast as one alone, so that an account with many of them does not keep others waiting.
 */

/** Listings of more than a page that this isolate is sending, by account. */
const listings = new Map<string, number>();

/** Others that a listing makes way for at most, as some may be of clients that have stopped reading. */
const MAX_OTHER_LISTINGS = 9;

/** One listing among all those of an account that this isolate is sending. */
export class ListingTurn {
  readonly #account: string;
  #isEnded = false;

  constructor(account: string) {
    this.#account = account;
    listings.set(account, (listings.get(account) ?? 0) + 1);
  }

  /** Waits as long as each of the others takes for a page too, if this one took `pageMs`. */
  async leaveToOthers(pageMs: number): Promise<void> {
    const others = Math.min((listings.get(this.#account) ?? 1) - 1, MAX_OTHER_LISTINGS);
    if (others > 0) await scheduler.wait(others * pageMs);
  }

  /** May be called again. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const left = (listings.get(this.#account) ?? 1) - 1;
    if (left > 0) listings.set(this.#account, left);
    else listings.delete(this.#account);
  }
}

/** Large listings of one account that are sent at the same time make way for others. */

import { describe, expect, it } from "vitest";
import { ListingTurn } from "../../../src/storage/listing-turn";

const NOW = 1_800_000_000_000;

/** A listing that reads a page. */
function readingTurn(account: string, now = NOW): ListingTurn {
  const turn = new ListingTurn(account);
  turn.begin(now);
  return turn;
}

/** Whether a listing goes on at once, after a page that took a second. */
const goesOnAtOnce = (turn: ListingTurn, now = NOW): Promise<boolean> =>
  Promise.race([
    turn.leaveToOthers(now + 1000).then(() => true),
    scheduler.wait(100).then(() => false),
  ]);

describe("A listing of several pages", () => {
  it("goes on at once if it is the only one of its account", async () => {
    const turn = readingTurn("account-alone");
    const other = readingTurn("account-other");
    expect(await goesOnAtOnce(turn)).toBe(true);
    turn.end();
    other.end();
  });

  it("waits after a page if the account has another one", async () => {
    const turns = [readingTurn("account-two"), readingTurn("account-two")];
    for (const turn of turns) expect(await goesOnAtOnce(turn)).toBe(false);
    for (const turn of turns) turn.end();
  });

  it("does not wait for one that has ended, though it ended twice", async () => {
    const [first, second, third] = ["a", "b", "c"].map(() => readingTurn("account-three"));
    second?.end();
    second?.end();
    expect(await goesOnAtOnce(first as ListingTurn)).toBe(false);
    third?.end();
    expect(await goesOnAtOnce(first as ListingTurn)).toBe(true);
    first?.end();
  });

  it("does not wait for one that nobody has read from, such as that of a HEAD", async () => {
    new ListingTurn("account-head");
    const turn = readingTurn("account-head");
    expect(await goesOnAtOnce(turn)).toBe(true);
    turn.end();
  });

  it("does not wait for ever for those whose clients are gone", async () => {
    for (let i = 0; i < 20; i++) readingTurn("account-gone");
    const later = NOW + 31_000;
    const turn = readingTurn("account-gone", later);
    expect(await goesOnAtOnce(turn, later)).toBe(true);
    turn.end();
  });
});

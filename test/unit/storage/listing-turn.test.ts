/** Large listings of one account that are sent at the same time make way for others. */

import { describe, expect, it } from "vitest";
import { ListingTurn } from "../../../src/storage/listing-turn";

/** Whether a listing goes on at once, after a page that took a second. */
const goesOnAtOnce = (turn: ListingTurn): Promise<boolean> =>
  Promise.race([turn.leaveToOthers(1000).then(() => true), scheduler.wait(100).then(() => false)]);

describe("A listing of several pages", () => {
  it("goes on at once if it is the only one of its account", async () => {
    const turn = new ListingTurn("account-alone");
    const other = new ListingTurn("account-other");
    expect(await goesOnAtOnce(turn)).toBe(true);
    turn.end();
    other.end();
  });

  it("waits after a page if the account has another one", async () => {
    const turns = [new ListingTurn("account-two"), new ListingTurn("account-two")];
    for (const turn of turns) expect(await goesOnAtOnce(turn)).toBe(false);
    for (const turn of turns) turn.end();
  });

  it("does not wait for one that has ended, though it ended twice", async () => {
    const [first, second, third] = ["a", "b", "c"].map(() => new ListingTurn("account-three"));
    second?.end();
    second?.end();
    expect(await goesOnAtOnce(first as ListingTurn)).toBe(false);
    third?.end();
    expect(await goesOnAtOnce(first as ListingTurn)).toBe(true);
    first?.end();
  });
});

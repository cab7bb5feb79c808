/** Writes of RxDB clients that are small, and of which much would have to be told or kept. */

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  creation,
  doorOf,
  Frames,
  freshDatabase,
  objectOf,
  stored,
  todo,
  writing,
} from "../support/rxdb";
import { someone } from "../support/world";

const title = "x".repeat(1_500_000);

async function begun() {
  const app = await someone("todos:rw");
  const frames = await Frames.open(doorOf(app));
  await frames.ask({ method: "create", params: creation(freshDatabase()) });
  expect((await frames.ask(writing(stored({ ...todo("large"), title })))).return).toEqual({
    error: [],
  });
  return { app, frames };
}

const small = (revision: string) => stored(todo("large"), { _rev: revision });

describe("A small write", () => {
  it("that finds the same large document in its way again and again is refused", async () => {
    const { frames } = await begun();
    const rows = Array.from({ length: 100 }, (_, i) => small(`1-${i}`));
    expect((await frames.ask(writing(...rows))).error?.code).toBe("too-large");
  });

  it("whose answer is large does not stay in the log of changes beyond its length", async () => {
    const { app, frames } = await begun();
    for (let round = 0; round < 4; round++) {
      const rows = Array.from({ length: 4 }, (_, i) => small(`1-${i}`));
      const answer = await frames.ask(writing(stored(todo(`new ${round}`)), ...rows));
      expect((answer.return as { error: object[] }).error).toHaveLength(4);
    }
    const kept = await runInDurableObject(await objectOf(app.user), (_, { storage: { sql } }) =>
      Number(sql.exec("SELECT sum(length(answer) + length(json)) AS kept FROM events").one().kept),
    );
    expect(kept).toBeLessThan(8_000_000);
  });
});

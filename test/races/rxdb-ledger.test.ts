/** What a module reserves of the quota, while D1 is slow. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { accountId } from "../support/rows";
import {
  creation,
  doorOf,
  Frames,
  freshDatabase,
  objectOf,
  stored,
  todo,
  until,
  writing,
} from "../support/rxdb";
import { someone } from "../support/world";

afterEach(() => {
  Reflect.deleteProperty(env.DB, "prepare");
});

/** Holds back D1's answers to statements with this in them, until released. */
function holdAnswers(isMeant: (sql: string) => boolean) {
  let held = 0;
  let isReleased = false;
  const prepare = env.DB.prepare.bind(env.DB);
  const hold = (statement: D1PreparedStatement): D1PreparedStatement => {
    const { bind, first } = statement;
    Object.defineProperty(statement, "bind", {
      value: (...values: unknown[]) => hold(bind.apply(statement, values)),
    });
    Object.defineProperty(statement, "first", {
      value: async () => {
        const answer = await first.call(statement);
        held++;
        while (!isReleased) await new Promise((resolve) => setTimeout(resolve, 1));
        return answer;
      },
    });
    return statement;
  };
  Object.defineProperty(env.DB, "prepare", {
    configurable: true,
    value: (sql: string) => (isMeant(sql) ? hold(prepare(sql)) : prepare(sql)),
  });
  return {
    held: (count = 1) => until(() => held >= count),
    release: () => {
      isReleased = true;
    },
  };
}

describe("While D1 is slow", () => {
  it.each(["settled", "written"])(
    "what is held is reserved, though it is %s meanwhile",
    async (how) => {
      const app = await someone("todos:rw");
      const [first, second] = [await Frames.open(doorOf(app)), await Frames.open(doorOf(app))];
      const name = freshDatabase();
      await first.ask({ connectionId: "1", method: "create", params: creation(name) });
      await second.ask({ connectionId: "2", method: "create", params: creation(name) });
      const { held, release } = holdAnswers((sql) => sql.includes("UPDATE rxdb_modules"));
      const title = "x".repeat(1_900_000);
      const large = writing(...["a", "b", "c"].map((id) => stored({ ...todo(id), title })));
      const written = first.ask({ connectionId: "1", ...large });
      await held();
      const object = await objectOf(app.user);
      const other =
        how === "settled"
          ? object.deleteDatabase("there is none")
          : second.ask({ connectionId: "2", ...writing(stored(todo("small"))) });
      await new Promise((resolve) => setTimeout(resolve, 30));
      release();
      expect((await written).return).toEqual({ error: [] });
      await other;
      await new Promise((resolve) => setTimeout(resolve, 30));
      const bytes = await runInDurableObject(object, (_, { storage: { sql } }) =>
        Number(sql.exec("SELECT sum(bytes) AS bytes FROM collections").one().bytes),
      );
      const reserved = await env.DB.prepare("SELECT bytes FROM rxdb_modules WHERE account = ?")
        .bind(await accountId(app.user))
        .first<number>("bytes");
      expect(bytes).toBeGreaterThan(5_000_000);
      expect(reserved).toBeGreaterThanOrEqual(bytes);
    },
  );
});

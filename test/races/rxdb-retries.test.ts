/** A write of an RxDB client that is sent again, because its answer got lost. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import {
  creation,
  Frames,
  freshDatabase,
  pathOfSession,
  sessionOf,
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

describe("A write that is sent again", () => {
  it("while it still waits for room is answered as done, once", async () => {
    const app = await someone("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    const { held, release } = holdAnswers((sql) => sql.includes("UPDATE rxdb_modules"));
    const write = { ...writing(stored(todo("a"))), requestId: "once" };
    frames.socket.send(JSON.stringify({ connectionId: "c", version: "17.6.0", ...write }));
    await held();
    frames.socket.close();
    const again = await Frames.open(path);
    const answer = again.ask({ ...write, retry: true });
    // By the time that another is answered, it has arrived.
    await (await Frames.open(path)).ask({ method: "custom", params: "whoami" });
    release();
    expect((await answer).return).toEqual({ error: [] });
  });

  it("and was too large for the log of changes is answered as done", async () => {
    const app = await someone("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    const title = "x".repeat(1_000_000);
    const documents = [..."abcdefghij"].map((id) => stored({ ...todo(id), title }));
    const write = { ...writing(...documents), requestId: "once" };
    expect((await frames.ask(write)).return).toEqual({ error: [] });
    const second = await frames.ask({ ...write, retry: true });
    expect(
      (second.return as { error: { status: number }[] }).error.map(({ status }) => status),
    ).toEqual([]);
  });

  it("and made a document that is deleted from the start is answered as done", async () => {
    const app = await someone("todos:rw");
    const frames = await Frames.open(pathOfSession(await sessionOf(app)));
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    const write = { ...writing(stored(todo("a"), { _deleted: true })), requestId: "once" };
    expect((await frames.ask(write)).return).toEqual({ error: [] });
    expect((await frames.ask({ ...write, retry: true })).return).toEqual({ error: [] });
  });
});

/** RxDB clients that only listen, and whose session ends meanwhile. */

import { describe, expect, it } from "vitest";
import { pass, SECOND } from "../support/clock";
import { appWith, tokensOf } from "../support/oauth";
import {
  client,
  creation,
  doorOf,
  Frames,
  freshDatabase,
  openInstance,
  pathOfSession,
  put,
  sessionOf,
  stored,
  todo,
  until,
} from "../support/rxdb";
import { connect, signUp } from "../support/world";

describe("A client that only listens", () => {
  it("beyond the end of its session is let go rather than left in the dark", async () => {
    const person = await signUp();
    const listening = appWith(person, await tokensOf(person, "todos:rw"));
    const app = await connect(person, "todos:rw");
    const name = freshDatabase();
    const session = await sessionOf(listening);
    const frames = await Frames.open(pathOfSession(session));
    await frames.ask({ method: "create", params: creation(name) });
    const other = await openInstance(client(doorOf(app)), name);
    pass((session.expiresAt as number) - Date.now() + SECOND);
    await put(other, stored(todo("missed")));
    await until(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(4401);
    expect(frames.bulks).toEqual([]);
  });
});

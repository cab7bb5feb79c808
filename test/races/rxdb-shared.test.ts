/** RxDB clients that share a token, one of which is away for long. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { MINUTE, pass } from "../support/clock";
import {
  creation,
  Frames,
  freshDatabase,
  objectOf,
  pathOfSession,
  sessionOf,
  stored,
  todo,
  until,
  writing,
} from "../support/rxdb";
import { someone } from "../support/world";

describe("Two clients with one token", () => {
  it("of which one was away for long: it is told that it has missed changes", async () => {
    const app = await someone("todos:rw");
    const name = freshDatabase();
    const path = pathOfSession(await sessionOf(app));
    const [a, b] = [await Frames.open(path), await Frames.open(path)];
    await a.ask({ connectionId: "a", method: "create", params: creation(name) });
    await b.ask({ connectionId: "b", method: "create", params: creation(name) });
    for (const id of ["x", "y"]) await a.ask({ connectionId: "a", ...writing(stored(todo(id))) });
    b.socket.close();
    a.socket.close();
    await until(() => a.closed !== null && b.closed !== null);
    const a2 = await Frames.open(path);
    await a2.ask({ connectionId: "a", ...writing(stored(todo("missed"))) });
    pass(11 * MINUTE);
    await runDurableObjectAlarm(await objectOf(app.user));
    await a2.ask({ connectionId: "a", ...writing(stored(todo("recent"))) });
    pass(2 * MINUTE);
    await a2.ask({ connectionId: "a", ...writing(stored(todo("newest"))) });
    const b2 = await Frames.open(path);
    const answer = await b2.ask({
      connectionId: "b",
      method: "findDocumentsById",
      params: [["missed"], false],
    });
    expect(answer.error?.code).toBe("events-lost");
  });
});

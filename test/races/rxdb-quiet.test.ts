/** RxDB clients whose sockets are gone long after the last change. */

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
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

describe("After the object has died", () => {
  it("a client that has missed nothing goes on, however long ago the last change was", async () => {
    const app = await someone("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    for (const id of ["b", "c", "a"]) await frames.ask(writing(stored(todo(id))));
    pass(11 * MINUTE);
    await runDurableObjectAlarm(await objectOf(app.user));
    await abortAllDurableObjects();
    const again = await Frames.open(path);
    const answer = await again.ask({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });

  it("asleep, whose socket closes long after the last change, too", async () => {
    const app = await someone("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    for (const id of ["b", "c", "a"]) await frames.ask(writing(stored(todo(id))));
    pass(11 * MINUTE);
    await runDurableObjectAlarm(await objectOf(app.user));
    await evictDurableObject(await objectOf(app.user));
    frames.socket.close();
    await until(() => frames.closed !== null);
    const again = await Frames.open(path);
    const answer = await again.ask({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });
});

/** Clients that come, go, only listen, or share a URL: nobody is left in the dark, and nobody told twice. */

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { appWith, tokensOf } from "../support/oauth";
import {
  client,
  creation,
  doorOf,
  Frames,
  freshDatabase,
  objectOf,
  openInstance,
  pathOfSession,
  put,
  sessionOf,
  stored,
  TODOS,
  todo,
  until,
  writing,
} from "../support/rxdb";
import { connectApp, createUser, createUserWithApp } from "../support/provider";

describe("A client that closes its socket", () => {
  it("is answered by the closing of the other side (RFC 6455 §5.5.1)", async () => {
    const frames = await Frames.open(doorOf(await createUserWithApp("todos:rw")));
    frames.socket.close(1000);
    await until(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(1000);
  });
});

describe("A page that is loaded again and again", () => {
  it("gets in each time", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = freshDatabase();
    for (let load = 0; load < 4; load++) {
      const frames = await Frames.open(doorOf(app));
      for (let i = 0; i < 100; i++) {
        const answer = await frames.ask({
          connectionId: `${load} ${i}`,
          method: "create",
          params: creation(name, TODOS, `c${i % 10}`),
        });
        expect(answer.error).toBeUndefined();
      }
      frames.socket.close();
      await until(() => frames.closed !== null);
    }
  });
});

describe("Schemas", () => {
  it("that fill the memory of the object are refused, and it still wakes", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = freshDatabase();
    const frames = await Frames.open(doorOf(app));
    const long = { ...TODOS, description: "x".repeat(300_000) };
    const answer = await frames.ask({ method: "create", params: creation(name, long) });
    expect(answer.error?.code).toBe("malformed");
    const large = { ...TODOS, description: "x".repeat(95_000) };
    const create = (i: number) =>
      frames.ask({ connectionId: `${i}`, method: "create", params: creation(name, large) });
    for (let i = 0; i < 80; i++) expect((await create(i)).error).toBeUndefined();
    let refused: string | undefined;
    for (let i = 80; i < 90 && !refused; i++) refused = (await create(i)).error?.code;
    expect(refused).toBe("malformed");
    frames.socket.close();
    await evictDurableObject(await objectOf(app.user));
    const again = await Frames.open(doorOf(app));
    const own = { connectionId: "next", method: "create", params: creation(name) };
    expect((await again.ask(own)).error).toBeUndefined();
  });
});

describe("After the object has died", () => {
  it("a client that has missed nothing goes on, however long ago the last change was", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    for (const id of ["b", "c", "a"]) await frames.ask(writing(stored(todo(id))));
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await objectOf(app.user));
    await abortAllDurableObjects();
    const again = await Frames.open(path);
    const answer = await again.ask({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });

  it("asleep, whose socket closes long after the last change, too", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    for (const id of ["b", "c", "a"]) await frames.ask(writing(stored(todo(id))));
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await objectOf(app.user));
    await evictDurableObject(await objectOf(app.user));
    frames.socket.close();
    await until(() => frames.closed !== null);
    const again = await Frames.open(path);
    const answer = await again.ask({ method: "findDocumentsById", params: [["a"], false] });
    expect(answer.error).toBeUndefined();
  });
});

describe("A client that only listens", () => {
  it("beyond the end of its session is let go rather than left in the dark", async () => {
    const person = await createUser();
    const listening = appWith(person, await tokensOf(person, "todos:rw"));
    const app = await connectApp(person, "todos:rw");
    const name = freshDatabase();
    const session = await sessionOf(listening);
    const frames = await Frames.open(pathOfSession(session));
    await frames.ask({ method: "create", params: creation(name) });
    const other = await openInstance(client(doorOf(app)), name);
    advanceClock((session.expiresAt as number) - Date.now() + SECOND_MS);
    await put(other, stored(todo("missed")));
    await until(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(4401);
    expect(frames.bulks).toEqual([]);
  });
});

describe("Two clients with one token", () => {
  it("of which one was away for long: it is told that it has missed changes", async () => {
    const app = await createUserWithApp("todos:rw");
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
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await objectOf(app.user));
    await a2.ask({ connectionId: "a", ...writing(stored(todo("recent"))) });
    advanceClock(2 * MINUTE_MS);
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

/** Pages with RxDB that are loaded again and again with the same token. */

import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { creation, doorOf, Frames, freshDatabase, objectOf, TODOS, until } from "../support/rxdb";
import { someone } from "../support/world";

describe("A page that is loaded again and again", () => {
  it("gets in each time", async () => {
    const app = await someone("todos:rw");
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
    const app = await someone("todos:rw");
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

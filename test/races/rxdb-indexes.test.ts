/** Indexes that RxDB clients want later. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { accountId } from "../support/rows";
import {
  creation,
  doorOf,
  Frames,
  freshDatabase,
  objectOf,
  stored,
  TODOS,
  todo,
  writing,
} from "../support/rxdb";
import { connect, signUp } from "../support/world";

describe("An index that is wanted later", () => {
  it("counts, and is refused to who only reads, and where there is no room", async () => {
    const person = await signUp();
    const app = await connect(person, "todos:rw");
    const name = freshDatabase();
    const frames = await Frames.open(doorOf(app));
    await frames.ask({ method: "create", params: creation(name) });
    await frames.ask(writing(...Array.from({ length: 100 }, (_, i) => stored(todo(`d${i}`)))));
    const reader = await connect(person, "todos:r");
    const other = await connect(person, "todos:rw");
    const schema = structuredClone(TODOS) as never as {
      properties: Record<string, object>;
      indexes: unknown[];
    };
    schema.properties.title = { type: "string", maxLength: 8000 };
    schema.indexes = ["title", ["title", "done"], ["title", "rank"]];
    const r = await Frames.open(doorOf(reader));
    const { return: reading } = await r.ask({ method: "custom", params: "whoami" });
    expect(reading).toMatchObject({ access: "r" });
    const wish = { connectionId: "reader", method: "create", params: creation(name, schema) };
    expect((await r.ask(wish)).error?.code).toBe("insufficient-scope");
    const o = await Frames.open(doorOf(other));
    expect((await o.ask(wish)).return).toBe("ok");
    expect((await r.ask(wish)).return).toBe("ok");
    const module = await objectOf(app.user);
    const bytesIn = () =>
      runInDurableObject(module, (_, { storage: { sql } }) =>
        Number(sql.exec("SELECT sum(bytes) AS bytes FROM collections").one().bytes),
      );
    const account = await accountId(app.user);
    const reserved = await env.DB.prepare("SELECT bytes FROM rxdb_modules WHERE account = ?")
      .bind(account)
      .first<number>("bytes");
    const held = await bytesIn();
    expect(held).toBeGreaterThan(2_000_000);
    expect(reserved).toBeGreaterThanOrEqual(held);
    await env.DB.prepare("UPDATE accounts SET quota_bytes = 4000000 WHERE id = ?")
      .bind(account)
      .run();
    schema.indexes.push(["title", "done", "rank"], ["rank", "title"], ["done", "title"]);
    const more = await o.ask({
      connectionId: "more",
      method: "create",
      params: creation(name, schema),
    });
    expect(more.error?.code).toBe("over-quota");
    expect(await bytesIn()).toBe(held);
  });
});

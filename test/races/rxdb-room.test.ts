/** Writes of RxDB apps that have to wait, for room or for R2, and what happens meanwhile. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { reservedIn } from "../support/modules";
import {
  creation,
  doorOf,
  Frames,
  freshDatabase,
  largeBodies,
  objectOf,
  pathOfSession,
  sessionOf,
  stored,
  TODOS,
  todo,
  until,
  writing,
} from "../support/rxdb";
import { type App, someone } from "../support/world";

/** Sockets on one collection. */
async function sockets(doors: string[]): Promise<Frames[]> {
  const name = freshDatabase();
  return Promise.all(
    doors.map(async (door) => {
      const frames = await Frames.open(door);
      await frames.ask({ method: "create", params: creation(name) });
      return frames;
    }),
  );
}

const large = (id: string): object => stored({ ...todo(id), title: "x".repeat(1_500_000) });

const heldIn = async ({ user }: App): Promise<number> => {
  const databases = await (await objectOf(user)).inventory();
  return databases
    .flatMap(({ collections }) => collections.map(({ bytes }) => bytes))
    .reduce((sum, bytes) => sum + bytes, 0);
};

describe("What a module has reserved is never less than what it holds", () => {
  it("though two writes ask for room at once", async () => {
    const app = await someone("todos:rw");
    const [a, b] = (await sockets([doorOf(app), doorOf(app)])) as [Frames, Frames];
    const answers = await Promise.all([
      a.ask(writing(...["1", "2", "3", "4"].map(large))),
      b.ask(writing(stored(todo("small")))),
    ]);
    expect(answers.map((answer) => answer.return)).toEqual([{ error: [] }, { error: [] }]);
    expect(await reservedIn(app.user, "todos")).toBeGreaterThanOrEqual(await heldIn(app));
  });

  it("though room is given back while a write asks for more", async () => {
    const app = await someone("todos:rw");
    const [a] = (await sockets([doorOf(app)])) as [Frames];
    await a.ask(writing(stored(todo("small"))));
    const write = a.ask(writing(...["1", "2", "3", "4"].map(large)));
    await runDurableObjectAlarm(await objectOf(app.user));
    expect((await write).return).toEqual({ error: [] });
    expect(await reservedIn(app.user, "todos")).toBeGreaterThanOrEqual(await heldIn(app));
  });

  it("though a client comes with indexes that are new", async () => {
    const app = await someone("todos:rw");
    const [a] = (await sockets([doorOf(app)])) as [Frames];
    const many = Array.from({ length: 1000 }, (_, i) => stored(todo(String(i))));
    await a.ask(writing(...many));
    const indexes = [["done", "rank", "title"], ["title", "rank"], "title"];
    const properties = { ...TODOS.properties, title: { type: "string", maxLength: 2000 } };
    const schema = { ...TODOS, properties, indexes };
    const [{ name } = { name: "" }] = await (await objectOf(app.user)).inventory();
    const answer = await a.ask({
      connectionId: "d",
      method: "create",
      params: creation(name, schema),
    });
    expect(answer.return).toBe("ok");
    expect(await heldIn(app)).toBeGreaterThan(5_000_000);
    await until(async () => (await reservedIn(app.user, "todos")) >= (await heldIn(app)));
  });
});

const attached = (id: string, bytes: number, fields: object = {}): object => {
  const data = Buffer.alloc(bytes, id).toString("base64");
  const scan = { data, digest: `digest-${id}`, length: bytes, type: "image/png" };
  return stored(todo(id), { _attachments: { scan }, ...fields });
};

describe("A write with large attachments", () => {
  it("that is sent again while it is under way is answered once and the same", async () => {
    const app = await someone("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const [first] = (await sockets([path])) as [Frames];
    const write = { ...writing(attached("a", 1_500_000)), requestId: "once" };
    const second = await Frames.open(path);
    const answers = await Promise.all([first.ask(write), second.ask({ ...write, retry: true })]);
    expect(answers.map((answer) => answer.return)).toContainEqual({ error: [] });
    expect(answers[1]?.return).toEqual({ error: [] });
  });

  it("that is a conflict puts nothing into R2", async () => {
    const app = await someone("todos:rw");
    const [a] = (await sockets([doorOf(app)])) as [Frames];
    await a.ask(writing(attached("a", 1_500_000)));
    const before = await largeBodies(app.user);
    expect(before).toHaveLength(1);
    const answer = await a.ask(writing(attached("a", 1_600_000, { _rev: "1-b" })));
    expect(answer.return).toMatchObject({ error: [{ status: 409, documentId: "a" }] });
    expect(await largeBodies(app.user)).toEqual(before);
  });
});

/** Forgetting documents that RxDB clients have deleted. */

import { describe, expect, it } from "vitest";
import { pass, SECOND } from "../support/clock";
import {
  creation,
  doorOf,
  Frames,
  freshDatabase,
  rowsOfModule,
  stored,
  todo,
  writing,
} from "../support/rxdb";
import { someone } from "../support/world";

describe("cleanup", () => {
  it("takes the attachments of a document along that was deleted from the start", async () => {
    const app = await someone("todos:rw");
    const frames = await Frames.open(doorOf(app));
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    const attachment = { digest: "d", length: 3, type: "a/b", data: "AAAA" };
    const document = stored(todo("a"), { _deleted: true, _attachments: { file: attachment } });
    expect((await frames.ask(writing(document))).return).toEqual({ error: [] });
    pass(SECOND);
    expect((await frames.ask({ method: "cleanup", params: [0] })).return).toBe(true);
    const { attachments, collections } = await rowsOfModule(app.user);
    expect(attachments).toEqual([]);
    expect(collections).toMatchObject([{ bytes: 0 }]);
  });

  it("holds no more at once than the object can, and goes on when it is asked again", async () => {
    const frames = await Frames.open(doorOf(await someone("todos:rw")));
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    const title = "x".repeat(1_000_000);
    const documents = Array.from({ length: 10 }, (_, i) =>
      stored({ ...todo(`${i}`), title }, { _deleted: true }),
    );
    expect((await frames.ask(writing(...documents))).return).toEqual({ error: [] });
    pass(SECOND);
    expect((await frames.ask({ method: "cleanup", params: [0] })).return).toBe(false);
    expect((await frames.ask({ method: "cleanup", params: [0] })).return).toBe(true);
  });
});

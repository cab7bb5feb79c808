/** `$regex` in queries of RxDB: no pattern keeps the server busy, and the usual ones find what RxDB finds. */

import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { expectModuleUnchanged, moduleObject } from "../support/rxdb/module-rows";
import { openTodos } from "../support/rxdb/open-todos";
import { socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  prepareMango,
  queryIds,
  type StorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { todo, uniqueDatabaseName } from "../support/rxdb/todos";

let user: string;
let instance: StorageInstance;
beforeAll(async () => {
  const app = await createUserWithApp("todos:rw");
  user = app.user;
  instance = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
  await insertDocuments(
    instance,
    storageDocument(todo("many", { title: `${"a".repeat(60)}!`, tags: [`${"a".repeat(60)}!`] })),
    storageDocument(todo("bread", { title: "Buy bread 1", tags: ["home", "Food"] })),
    storageDocument(todo("lines", { title: "first\nsecond (2)", tags: [] })),
  );
});

const ids = async (selector: object): Promise<string[]> =>
  queryIds(instance, { selector, sort: [{ id: "asc" }] });

const count = async (selector: object): Promise<number> =>
  (await instance.count(prepareMango(instance, { selector }))).count;

/** Patterns that take JavaScript's own engine longer than the universe will last, on 60 letters. */
const BACKTRACKING = ["^(a+)+$", "^(a|a)*$", "^([a-z]+)*c$", "(.*a){30}$", "^(a|aa)+$"];

describe("A $regex that backtracks without end elsewhere", () => {
  it.each(BACKTRACKING)("%s is answered, wherever it is in the selector", async (pattern) => {
    const condition = { $regex: pattern };
    const title = { title: condition };
    for (const selector of [
      title,
      { title: { $regex: pattern, $options: "i" } },
      { $and: [title, { rank: 1 }] },
      { $or: [title, { rank: 5 }] },
      { $nor: [{ title: { $not: condition } }] },
      { tags: { $elemMatch: condition } },
    ]) {
      expect(await ids(selector), JSON.stringify(selector)).toEqual([]);
      expect(await count(selector), JSON.stringify(selector)).toBe(0);
    }
    expect(await ids({ title: { $not: condition } })).toEqual(["bread", "lines", "many"]);
  });
});

describe("A $regex that would need too much work", () => {
  const tooLarge: [string, object][] = [
    ["is too long", { title: { $regex: "a".repeat(501) } }],
    [
      "is long together with others",
      { $or: Array.from({ length: 60 }, () => ({ title: { $regex: "aaaaaaaaaa" } })) },
    ],
    ["repeats too much", { title: { $regex: "(a{100}){10}(b{100}){10}(c{100}){10}" } }],
    ["repeats more than RE2 allows", { title: { $regex: "((a{100}){100}){100}" } }],
    ["looks ahead", { title: { $regex: "a(?=b)" } }],
    ["looks behind", { tags: { $elemMatch: { $regex: "(?<!a)b" } } }],
    ["refers back", { title: { $not: { $regex: "(a)\\1" } } }],
    ["is no pattern", { title: { $regex: "(" } }],
  ];
  it.each(tooLarge)(
    "because it %s is refused as malformed, and so is its count",
    async (_, selector) => {
      await expectModuleUnchanged(user, async () => {
        await expect(ids(selector)).rejects.toThrow("malformed");
        await expect(count(selector)).rejects.toThrow("malformed");
      });
      expect(await ids({ id: "bread" })).toEqual(["bread"]);
    },
  );

  it("on much text is refused, with advice, unless other conditions leave little of it", async () => {
    const app = await createUserWithApp("todos:rw");
    const large = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
    const title = "ab".repeat(450_000);
    await insertDocuments(large, storageDocument({ ...todo("a"), title }));
    await insertDocuments(large, storageDocument({ ...todo("b", { rank: 2 }), title: "ab" }));
    // Its states are too many for an automaton.
    const condition = { title: { $regex: "[ab]*a[ab]{400}c" } };
    await expect(queryIds(large, { selector: condition })).rejects.toThrow(
      /malformed[\s\S]*too much text/,
    );
    expect(await queryIds(large, { selector: { rank: { $eq: 2 }, ...condition } })).toEqual([]);
    const object = await moduleObject(app.user);
    expect(await runInDurableObject(object, () => "it still answers")).toBe("it still answers");
  });
});

describe("A $regex that apps use", () => {
  it.each<[string, string | undefined, string[]]>([
    ["^Buy", undefined, ["bread"]],
    ["^BUY BREAD \\d$", "i", ["bread"]],
    ["^second", "m", ["lines"]],
    ["first.second", "s", ["lines"]],
    ["\\(2\\)$", undefined, ["lines"]],
    ["bread|second", undefined, ["bread", "lines"]],
    ["^a{60}!$", undefined, ["many"]],
    ["[^\\x00-\\x7f]", undefined, []],
    ["(?<verb>Buy) \\w+", undefined, ["bread"]],
    ["\\u0042uy", undefined, ["bread"]],
  ])("%s with the options %s finds what it finds in RxDB", async (pattern, options, expected) => {
    const condition = { $regex: pattern, ...(options ? { $options: options } : {}) };
    expect(await ids({ title: condition })).toEqual(expected);
    const native = new RegExp(pattern, options);
    const titles = { bread: "Buy bread 1", lines: "first\nsecond (2)", many: `${"a".repeat(60)}!` };
    const found = Object.entries(titles).filter(([, title]) => native.test(title));
    expect(found.map(([id]) => id)).toEqual(expected);
  });

  it("finds documents for the stock client", async () => {
    const app = await createUserWithApp("todos:rw");
    const { todos } = await openTodos(createClient(socketPath(app)), uniqueDatabaseName());
    await todos.insert(todo("a", { title: "Oat milk" }));
    const query = { selector: { title: { $regex: "^oat (milk|cream)$", $options: "i" } } };
    expect((await todos.find(query).exec()).map(({ id }) => id)).toEqual(["a"]);
  });
});

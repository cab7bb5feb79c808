/** Export, and import into a fresh account: nothing is lost, and nothing changes. */

import fc from "fast-check";
import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { describe, expect, inject, it } from "vitest";
import {
  connectApp,
  createUser,
  createUserWithApp,
  send,
  sendForm,
  type TestApp,
} from "../support/provider";
import { contentOf, exportAccount, importAccount } from "../support/rxdb/account-content";
import { createClient, RXDB_VERSIONS } from "../support/rxdb/clients";
import { openTodos } from "../support/rxdb/open-todos";
import { openReplica, replicate } from "../support/rxdb/replicas";
import { socketPath } from "../support/rxdb/sockets";
import { todo } from "../support/rxdb/todos";
import {
  collectionQuery,
  readDocuments,
  readJson,
  sendDatabases,
  writeDocuments,
} from "../support/rxdb/whole-databases";
import { unzip } from "../support/zip";
import { documentsArbitrary } from "../unit/transfer/archive-documents";
import { checkBag } from "../unit/transfer/check-bag";

declare module "vitest" {
  interface ProvidedContext {
    roundTrips: string | undefined;
  }
}

/** Random accounts: more by `ROUND_TRIPS=100 npm test -- test/spec/round-trip`. */
const ACCOUNTS = Number(inject("roundTrips") || 3);

/** Names of databases, collections, documents and attachments: any text at all. */
const HARD_TEXTS = [
  "",
  ".",
  "..",
  "a/b",
  "a=2Fb",
  "CON",
  "A",
  "a",
  "é",
  "e\u0301",
  "__proto__",
  "x".repeat(256),
];
const text = fc.oneof(
  fc.constantFrom(...HARD_TEXTS),
  fc.string({ unit: "grapheme", maxLength: 12 }).filter((one) => one.isWellFormed()),
);

const attachment = fc.record({
  name: text.filter((name) => name !== ""),
  bytes: fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 100 }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(1_200_000).fill(7)) },
  ),
});

const databaseDocument = fc.record({
  id: text.filter((id) => id !== ""),
  rev: fc.integer({ min: 1, max: 99 }).map((height) => `${height}-abc`),
  isDeleted: fc.boolean(),
  lwt: fc.integer({ min: 1, max: 2 ** 40 }).map((time) => time / 100),
  value: fc.jsonValue(),
  attachments: fc.uniqueArray(attachment, { maxLength: 2, selector: ({ name }) => name }),
});

const collection = fc.record({
  module: fc.constantFrom("todos", "notes"),
  database: text,
  collection: text,
  version: fc.integer({ min: 0, max: 3 }),
  hasAttachments: fc.boolean(),
  documents: fc.uniqueArray(databaseDocument, { maxLength: 12, selector: ({ id }) => id }),
});

const account = fc.record({
  documents: documentsArbitrary,
  collections: fc.uniqueArray(collection, {
    maxLength: 6,
    selector: ({ module, database, collection, version }) =>
      JSON.stringify([module, database, collection, version]),
  }),
});

type Account = typeof account extends fc.Arbitrary<infer T> ? T : never;
type Collection = Account["collections"][number];

/** Members with the names of what each object inherits. */
const INHERITED_NAMES: Account = {
  documents: [],
  collections: [
    {
      module: "todos",
      database: "",
      collection: "",
      version: 0,
      hasAttachments: false,
      documents: [
        {
          id: "__proto__",
          rev: "1-abc",
          isDeleted: false,
          lwt: 0.01,
          value: JSON.parse('{ "valueOf": 0, "toString": 1, "constructor": -0, "__proto__": {} }'),
          attachments: [],
        },
      ],
    },
  ],
};

const schemaOf = ({ version, hasAttachments }: Collection): object =>
  fillWithDefaultSettings({
    version,
    primaryKey: "id",
    type: "object",
    properties: { id: { type: "string", maxLength: 300 }, value: {} },
    ...(hasAttachments ? { attachments: {} } : {}),
  } as never);

const storedDocument = (
  { id, rev, isDeleted, lwt, value, attachments }: Collection["documents"][number],
  hasAttachments: boolean,
): object => ({
  id,
  value,
  _rev: rev,
  _deleted: isDeleted,
  _meta: { lwt },
  _attachments: Object.fromEntries(
    (hasAttachments && !isDeleted ? attachments : []).map(({ name, bytes }, index) => [
      name,
      {
        length: bytes.byteLength,
        digest: `digest-${index}-${bytes.byteLength}`,
        type: "image/png",
        data: Buffer.from(bytes).toString("base64"),
      },
    ]),
  ),
});

/** Fills a fresh account, by the protocols that apps use. */
async function fill(app: TestApp, { documents, collections }: Account): Promise<void> {
  for (const { path, type, bytes } of documents) {
    const url = path.split("/").map(encodeURIComponent).join("/");
    // An earlier version, which stays behind.
    await (await app.put(url, "an earlier version")).arrayBuffer();
    await (await app.put(url, new Uint8Array(bytes), { "Content-Type": type })).arrayBuffer();
  }
  for (const one of collections) {
    const query = {
      database: one.database,
      collection: one.collection,
      version: String(one.version),
    };
    const body = JSON.stringify(schemaOf(one));
    const path = `/${one.module}/collection${collectionQuery(query)}`;
    await readJson(sendDatabases(app, path, { method: "PUT", body }));
    for (const document of one.documents) {
      const own = [storedDocument(document, one.hasAttachments)];
      await writeDocuments(app, own, query, one.hasAttachments, one.module);
    }
  }
}

describe("Export and import", () => {
  it("bring a random account back into a fresh one: every byte, type and revision", async () => {
    await fc.assert(
      fc.asyncProperty(account, async (content) => {
        const user = await createUser();
        const [alice, bob] = [await connectApp(user), await createUserWithApp()];
        await fill(alice, content);
        const before = await contentOf(alice);
        const archive = await exportAccount(alice);
        expect(checkBag(unzip(archive))).toEqual([]);
        const { name, cookie } = user;
        expect((await sendForm("/settings/delete", { name }, { cookie })).status).toBe(303);
        expect((await alice.get("/")).status).toBe(401);
        const { refused, counts } = await importAccount(bob, archive);
        expect(refused).toEqual([]);
        expect(Object.keys(counts).filter((outcome) => outcome !== "new")).toEqual([]);
        expect(await contentOf(bob)).toEqual(before);
        // Once more: everything is there already, and nothing changes.
        const again = await importAccount(bob, archive, "replace");
        expect(again).toEqual({
          counts: "new" in counts ? { equal: counts.new } : {},
          refused: [],
        });
        expect(await contentOf(bob)).toEqual(before);
      }),
      { numRuns: ACCOUNTS, examples: [[INHERITED_NAMES]] },
    );
  });

  it("goes on where it was interrupted", async () => {
    const [alice, bob] = [await createUserWithApp(), await createUserWithApp()];
    const [content] = fc.sample(account, { numRuns: 1, seed: 7 }) as [Account];
    await fill(alice, content);
    const { todos } = await openTodos(createClient(socketPath(alice)), "list");
    await todos.insert({ id: "1", title: "wash", done: false, rank: 1 });
    const archive = await exportAccount(alice);
    let left = 0;
    const fetch = async (url: string, init: RequestInit = {}) => {
      if (left-- <= 0) throw new TypeError("The network is gone.");
      return send(url, init);
    };
    for (let requests = 3; ; requests += 5) {
      left = requests;
      const done = await importAccount(bob, archive, "keep", fetch as typeof send).catch(
        () => null,
      );
      if (done) break;
    }
    expect(await contentOf(bob)).toEqual(await contentOf(alice));
  });

  it.each(RXDB_VERSIONS)(
    "let an RxDB $version client that has replicated before go on without a conflict",
    async (rxdb) => {
      const [alice, bob] = [await createUserWithApp(), await createUserWithApp()];
      const local = await openReplica(rxdb);
      await local.todos.bulkInsert([todo("1"), todo("2"), todo("3")]);
      const first = await replicate(local.todos, alice, rxdb);
      await (await local.todos.findOne("2").exec())?.remove();
      await (await local.todos.findOne("3").exec())?.patch({ title: "changed here" });
      await first.stop();
      await importAccount(bob, await exportAccount(alice));
      // Changed offline, and by another client at the new place.
      await local.todos.insert(todo("4"));
      const other = await openReplica(rxdb);
      const others = await replicate(other.todos, bob, rxdb);
      await (await other.todos.findOne("1").exec())?.patch({ title: "changed there" });
      await other.todos.insert(todo("5"));
      await others.stop();
      const second = await replicate(local.todos, bob, rxdb);
      await second.stop();
      expect(second.conflicts).toEqual([]);
      const titles = (await local.todos.find().exec()).map(({ id, title }) => [id, title]);
      expect(titles.sort()).toEqual([
        ["1", "changed there"],
        ["3", "changed here"],
        ["4", "to do: 4"],
        ["5", "to do: 5"],
      ]);
      const stored = await readDocuments(bob);
      expect(
        stored
          .filter(({ _deleted }) => !_deleted)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(["1", "3", "4", "5"]);
    },
  );
});

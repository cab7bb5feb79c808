/** Databases for an archive that are changed while they are read. */

import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { planDatabaseParts, readDatabaseRange } from "../../../src/rxdb/archived-databases";
import { createUserWithApp } from "../../support/provider";
import { accountId } from "../../support/rows";
import { createTodos, storedTodo, writeDocuments } from "../../support/rxdb/whole-databases";

const ALL = { after: null, until: null };
const LIMITS = { calls: 100, attachments: 100 };

const todos = (from: number, count: number): object[] =>
  Array.from({ length: count }, (_, i) => storedTodo(`t${from + i}`));

it("Documents that are written while databases are read come again, as changes", async () => {
  const app = await createUserWithApp();
  await createTodos(app);
  await writeDocuments(app, todos(0, 1000), {}, true);
  await writeDocuments(app, todos(1000, 100), {}, true);
  const module = { account: await accountId(app.user), user: app.user, module: "todos" };
  expect(await planDatabaseParts(env, module, ALL, LIMITS)).toEqual([{ until: null, calls: 2 }]);
  const read: [id: string, isChange: boolean][] = [];
  let collections = 0;
  for await (const entry of readDatabaseRange(env, module, ALL, LIMITS)) {
    if (entry.kind === "collection") collections++;
    else read.push(...entry.documents.map(({ id }) => [id, entry.isChange] as [string, boolean]));
    if (entry.kind === "batch" && read.length < 1000) {
      const changed = { ...storedTodo("t0"), title: "changed", _rev: "2-abc" };
      await writeDocuments(app, [changed, storedTodo("new")], { onConflict: "replace" }, true);
    }
  }
  expect(collections).toBe(1);
  const changes = read.filter(([, isChange]) => isChange).map(([id]) => id);
  expect(changes.sort()).toEqual(["new", "t0"]);
  expect(new Set(read.map(([id]) => id)).size).toBe(1101);
  expect(read).toHaveLength(1102);
});

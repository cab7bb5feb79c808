/** The databases in the archives that the server makes. */

import { describe, expect, it } from "vitest";
import { archiveIn, changesIn, documentsIn } from "../support/archive";
import { findElements, mainText } from "../support/html";
import { moduleNames } from "../support/modules";
import {
  connectApp,
  createUser,
  createUserWithApp,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { contentOf, importAccount } from "../support/rxdb/account-content";
import {
  attachmentOf,
  createTodos,
  storedTodo,
  writeDocuments,
} from "../support/rxdb/whole-databases";
import { sendWithSettings } from "../support/send-with-settings";

/** Thirty documents, attachments or pages of databases in an archive. */
const sendOnFreePlan = sendWithSettings({ SUBREQUESTS: "50" });

const open = ({ cookie }: TestUser, path: string, language = "en"): Promise<Response> =>
  sendOnFreePlan(path, { headers: { Cookie: cookie, "Accept-Language": language } });

const partLinks = async (user: TestUser): Promise<string[]> =>
  findElements(await (await open(user, "/data/parts")).text(), "a")
    .map(({ href = "" }) => href)
    .filter((href) => href.startsWith("/data/export"));

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

/** To-dos with as many attachments in all as documents. */
const withAttachments = (count: number, prefix = "t"): object[] =>
  Array.from({ length: count }, (_, i) =>
    storedTodo(`${prefix}${i}`, { a: attachmentOf(`bytes ${i}`) }),
  );

describe("The archive", () => {
  it("has documents and databases of all modules, if one has room for them", async () => {
    const [{ user, app }, bob] = [await userWithApp(), await createUserWithApp()];
    await app.put("/notes/a", "text");
    await createTodos(app);
    const deleted = { ...storedTodo("gone"), _deleted: true };
    await writeDocuments(app, [...withAttachments(3), deleted], {}, true);
    await createTodos(app, { database: "a/b", collection: "CON" }, "notes");
    await writeDocuments(
      app,
      [storedTodo("1")],
      { database: "a/b", collection: "CON" },
      true,
      "notes",
    );
    expect(await partLinks(user)).toEqual(["/data/export?part=1"]);
    const parts = mainText(await (await open(user, "/data/parts")).text());
    expect(parts).toContain("All documents and databases.");
    const archive = await archiveIn(await open(user, "/data/export"));
    expect(changesIn(archive)).toEqual([]);
    expect((await importAccount(bob, archive)).refused).toEqual([]);
    expect(await contentOf(bob)).toEqual(await contentOf(app));
  });

  it("is offered in parts to users with databases, in their language", async () => {
    const { user, app } = await userWithApp();
    await createTodos(app);
    await writeDocuments(app, withAttachments(40), {}, true);
    const page = findElements(await (await open(user, "/transfer/export")).text(), "a");
    expect(page.map(({ href }) => href)).toContain("/data/parts");
    const list = await (await open(user, "/data/parts")).text();
    expect(mainText(list)).toContain("Documents from the beginning. Databases of todos.");
    const german = mainText(await (await open(user, "/data/parts", "de")).text());
    expect(german).toContain("Dokumente vom Anfang an. Datenbanken von todos.");
    expect(german).not.toMatch(/\b(the|and|of)\b/);
  });

  it("leaves out a document with more attachments than the plan's calls allow, and says so", async () => {
    const { user, app } = await userWithApp();
    await createTodos(app);
    const many = Array.from({ length: 29 }, (_, i) => [`a${i}`, attachmentOf(`bytes ${i}`)]);
    const documents = [storedTodo("1"), storedTodo("many", Object.fromEntries(many))];
    await writeDocuments(app, [...documents, ...withAttachments(2)], {}, true);
    const [link = "", ...others] = await partLinks(user);
    expect(others).toEqual([]);
    const archive = await archiveIn(await open(user, link));
    const bob = await createUserWithApp();
    expect(await importAccount(bob, archive)).toMatchObject({ counts: { new: 3 }, refused: [] });
    const name = { module: "todos", database: "list", collection: "todos", version: 0 };
    expect(changesIn(archive)).toEqual([{ ...name, document: "many", archived: null }]);
  });

  it("is refused if a part has grown too long, and the page lists new parts", async () => {
    const { user, app } = await userWithApp();
    await createTodos(app);
    await writeDocuments(app, withAttachments(20), {}, true);
    const [link = ""] = await partLinks(user);
    await writeDocuments(app, withAttachments(30, "new"), {}, true);
    const response = await open(user, link);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("Your data has changed");
    expect((await partLinks(user)).length).toBeGreaterThan(1);
  });

  it("has nothing of others, and makes no module that was not there", async () => {
    const [{ user }, other] = [await userWithApp(), await userWithApp()];
    await createTodos(other.app);
    await writeDocuments(other.app, [storedTodo("secret")], {}, true);
    for (const query of ["databases=__todos", "databases=1.2_x_todos", "databases=9.9_9.9_%00"]) {
      const archive = await archiveIn(await open(user, `/data/export?documents=no&${query}`));
      expect(await documentsIn(archive)).toEqual({});
      expect(new TextDecoder().decode(archive)).not.toContain("secret");
    }
    expect(await moduleNames(user.name)).toEqual([]);
  });
});

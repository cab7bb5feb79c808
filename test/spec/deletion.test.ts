/** Deleting one's account: the form, and what is left for whoever comes then. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deleteAccount } from "../../src/accounts/deletion";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { accountRow, bodiesOf, expectErased, othersOf, ring, rowsOf } from "../support/erasing";
import { fieldValue, findInlineCode, mainText } from "../support/html";
import { allowCode, oauthError, redeem, refresh, tokensOf } from "../support/oauth";
import { signedInUser, submitSignIn, submitSignUp } from "../support/sign-in-forms";
import { accountId, allRows } from "../support/rows";
import { connectApp, createUser, send, sendForm, TestApp, type TestUser } from "../support/provider";

const PATH = "/settings/delete";

const question = ({ cookie }: TestUser): Promise<Response> =>
  send(PATH, { headers: { Cookie: cookie } });

const confirm = ({ cookie }: TestUser, name: string): Promise<Response> =>
  sendForm(PATH, { name }, { cookie });

/** A row in each table that can have one. */
async function fillEveryTable(account: string): Promise<void> {
  const later = Date.now() + DAY_MS;
  const insert = (sql: string) => env.DB.prepare(sql).bind(account, later);
  await env.DB.batch([
    insert("INSERT INTO passkeys VALUES (?1, ?1, 'key', 0, '[]', 'Phone', ?2, NULL)"),
    insert("INSERT INTO challenges VALUES ('challenge' || ?1, 'add', ?1, NULL, ?2)"),
    insert("INSERT INTO recovery_codes SELECT ?1, 'code' || ?2"),
    insert("INSERT INTO links VALUES ('link' || ?1, 'recover', ?1, 'a@b.example', ?2)"),
    insert("INSERT INTO domains SELECT 'd' || ?2 || '.example', ?1"),
    insert("INSERT INTO app_use VALUES (?1, 'grant', 1, 1, 1, ?2)"),
    insert("INSERT INTO activity VALUES (?1, ?2, 'id', 'export', '{}')"),
    insert("INSERT INTO rxdb_modules SELECT ?1, 'todos', ?2"),
    insert(
      `INSERT INTO devices VALUES
       (?1, 'code' || ?1, 'TV', 'a:r', ?1, 'grant', 'a:r', NULL, 5, NULL, ?2, NULL)`,
    ),
    insert(
      "UPDATE accounts SET email = 'a@b.example', is_admin = 1, quota_bytes = ?2 WHERE id = ?1",
    ),
  ]);
}

describe("The question", () => {
  it("says what goes, offers the export first and asks for the name", async () => {
    const person = await createUser();
    await (await connectApp(person)).put("/notes/a", "12345");
    const response = await question(person);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(mainText(html)).toContain("all your documents (1)");
    expect(mainText(html)).toContain("5 bytes");
    expect(html).toContain('href="/data#export"');
    expect(html).toMatch(/<label for="name">[^<]*person-/);
    expect(fieldValue(html, "name")).toBeUndefined();
    expect(findInlineCode(html)).toEqual([]);
  });

  it("is for whoever is signed in and has just proved who they are", async () => {
    const person = await createUser();
    expect((await question({ name: "", cookie: "" })).headers.get("location")).toBe(
      "/sign-in?next=%2Fsettings%2Fdelete",
    );
    advanceClock(16 * MINUTE_MS);
    const before = await allRows();
    expect((await question(person)).headers.get("location")).toBe(
      "/confirm?next=%2Fsettings%2Fdelete",
    );
    advanceClock(15 * MINUTE_MS);
    expect((await confirm(person, person.name)).headers.get("location")).toBe(
      "/confirm?next=%2Fsettings%2Fdelete",
    );
    expect(await allRows()).toEqual(before);
  });

  it.each(["", "somebody-else", "yes", "%"])("answered by %j changes nothing", async (name) => {
    const person = await createUser();
    await connectApp(person);
    const before = await allRows();
    const response = await confirm(person, name);
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toContain(`It is ${person.name}.`);
    expect(await allRows()).toEqual(before);
  });

  it("sent by another site, or by a link, changes nothing", async () => {
    const person = await createUser();
    const before = await allRows();
    const evil = await sendForm(
      PATH,
      { name: person.name },
      { cookie: person.cookie, Origin: "https://evil.example" },
    );
    expect(evil.status).toBe(403);
    await send(`${PATH}?name=${person.name}`, { headers: { Cookie: person.cookie } });
    expect(await allRows()).toEqual(before);
  });
});

describe("The last administrator", () => {
  const makeAdministrators = (...people: TestUser[]) =>
    env.DB.batch([
      env.DB.prepare("UPDATE accounts SET is_admin = 0"),
      ...people.map(({ name }) =>
        env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE name = ?").bind(name),
      ),
    ]);
  const isDeleted = async ({ name }: TestUser) =>
    (await accountRow(await accountId(name)))?.deleted_at !== null;

  it("stays, and is told to make somebody else administrator first", async () => {
    const [last, suspended, gone] = [await createUser(), await createUser(), await createUser()];
    await makeAdministrators(last, suspended, gone);
    expect((await confirm(gone, gone.name)).status).toBe(303);
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE name = ?")
      .bind(suspended.name)
      .run();
    const before = await allRows();
    const response = await confirm(last, last.name);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("Make somebody else administrator first");
    const german = await sendForm(
      PATH,
      { name: last.name },
      { cookie: last.cookie, "Accept-Language": "de" },
    );
    expect(mainText(await german.text())).toContain("Hier verwaltest nur du");
    expect(await allRows()).toEqual(before);
    await makeAdministrators(last, await createUser());
    expect((await confirm(last, last.name)).status).toBe(303);
  });

  it("of two who go at once is the one who stays", async () => {
    for (let i = 0; i < 5; i++) {
      const pair = [await createUser(), await createUser()];
      await makeAdministrators(...pair);
      const answers = await Promise.all(pair.map((person) => confirm(person, person.name)));
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
      expect((await Promise.all(pair.map(isDeleted))).sort()).toEqual([false, true]);
    }
  });

  it("is not meant who was one: a deletion can be repeated", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await makeAdministrators(person, other);
    const account = { id: await accountId(person.name), name: person.name };
    expect(await deleteAccount(env, account, Date.now())).toBe(true);
    expect(await deleteAccount(env, account, Date.now())).toBe(true);
  });
});

describe("A deleted account", () => {
  it("lets nobody in from the next request on: person, apps, the public", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/public/page", "public");
    const tokens = await tokensOf(person);
    const code = await allowCode(person);
    const other = await createUser();
    const response = await confirm(person, ` ${person.name.toUpperCase()} `);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/deleted"]);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-session=;.*Max-Age=0/);
    expect(mainText(await (await send("/deleted")).text())).toContain("deleted");

    expect(await signedInUser(person.cookie)).toBe("");
    for (const token of [app.token, tokens.access_token]) {
      const theirs = new TestApp(person.name, token);
      for (const method of ["GET", "HEAD", "DELETE"]) {
        expect((await theirs.request(method, "/notes/a")).status).toBe(401);
      }
      expect((await theirs.get("/")).status).toBe(401);
      expect((await theirs.put("/notes/a", "late")).status).toBe(401);
    }
    const quota = await send(`/quota/${person.name}`, {
      headers: { Authorization: `Bearer ${app.token}` },
    });
    expect(quota.status).toBe(401);
    expect(await oauthError(await refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await oauthError(await redeem(code))).toEqual([400, "invalid_grant"]);
    expect((await send(`/storage/${person.name}/public/page`)).status).toBe(404);
    const finger = (name: string) =>
      send(`/.well-known/webfinger?resource=acct:${name}@satchel.example`);
    expect((await finger(person.name)).status).toBe(404);
    expect((await finger(other.name)).status).toBe(200);
    const refused = await submitSignIn(person.name);
    expect(refused.status).toBe(403);
    expect(mainText(await refused.text())).toContain("The name or the password is wrong.");
  });

  it("keeps its name from anybody else", async () => {
    const person = await createUser();
    await confirm(person, person.name);
    const before = await allRows();
    expect(mainText(await (await submitSignUp(person.name)).text())).toContain("is taken");
    expect(await allRows()).toEqual(before);
  });

  it("keeps nothing but its name, its times and the use of its invitation, and takes nothing from others", async () => {
    const [person, other] = [await createUser(), await createUser()];
    const [account, others] = [await accountId(person.name), await accountId(other.name)];
    const apps = [await connectApp(person), await connectApp(other)];
    for (const app of apps) {
      await app.put("/notes/a", "1");
      await app.put("/notes/a", "2");
      await app.put("/public/b/c", "3");
    }
    await fillEveryTable(account);
    await fillEveryTable(others);
    await env.DB.prepare("UPDATE accounts SET invitation = 'inv' WHERE id = ?").bind(account).run();
    await tokensOf(person);
    await allowCode(person);
    const before = await othersOf(account);
    const tables = Object.entries(await allRows()).filter(([, rows]) =>
      rows.some((row) => (row as { account?: string }).account === account),
    );
    // Whoever adds a table for people comes by here.
    expect(tables.map(([name]) => name)).toEqual([
      "activity",
      "app_use",
      "challenges",
      "codes",
      "devices",
      "domains",
      "grants",
      "links",
      "nodes",
      "passkeys",
      "passwords",
      "recovery_codes",
      "refresh_tokens",
      "rxdb_modules",
      "sessions",
    ]);

    await confirm(person, person.name);
    const rest = await rowsOf(account);
    const module = { account, module: "todos", bytes: expect.any(Number) };
    expect(rest.length).toBeGreaterThan(1);
    expect(rest).toContainEqual(module);
    expect(rest.filter((row) => !("parent" in (row as object)))).toHaveLength(1);
    await ring(person.name);
    // Its module is found by its row until the end.
    expect(await rowsOf(account)).toEqual([module]);
    expect(await bodiesOf(account)).toEqual([]);
    expect(await accountRow(account)).toMatchObject({ erased_at: null, invitation: "inv" });
    advanceClock(DAY_MS);
    await ring(person.name);
    await expectErased(person.name, account);
    expect(await othersOf(account)).toEqual(before);
    expect(await (await (apps[1] as TestApp).get("/notes/a")).text()).toBe("2");
  });

  it("by an administrator is the same, and a suspended one, and twice is as good as once", async () => {
    const person = await createUser();
    const account = { id: await accountId(person.name), name: person.name };
    await (await connectApp(person)).put("/notes/a", "1");
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?")
      .bind(account.id)
      .run();
    const now = Date.now();
    await deleteAccount(env, account, now);
    await ring(person.name);
    advanceClock(DAY_MS);
    await deleteAccount(env, account, Date.now());
    expect(await accountRow(account.id)).toMatchObject({ deleted_at: now });
    await ring(person.name);
    await expectErased(person.name, account.id);
  });
});

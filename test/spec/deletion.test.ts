/** Deleting an account: the form, and what is left afterwards. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deleteAccount } from "../../src/accounts/deletion";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import {
  accountRow,
  bodyKeysOf,
  dataOfOthers,
  expectErased,
  rowsOfAccount,
  runDueAlarms,
} from "../support/erasure";
import { fieldValue, findInlineCode, mainText } from "../support/html";
import { oauthError, obtainCode, obtainTokens, redeemCode, refreshTokens } from "../support/oauth";
import {
  connectApp,
  createUser,
  send,
  sendForm,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { signedInUser, submitSignIn, submitSignUp } from "../support/sign-in-forms";

const PATH = "/settings/delete";

const openForm = ({ cookie }: TestUser): Promise<Response> =>
  send(PATH, { headers: { Cookie: cookie } });

const submitForm = ({ cookie }: TestUser, name: string): Promise<Response> =>
  sendForm(PATH, { name }, { cookie });

/** Inserts a row of the account into each table that can have one. */
async function fillEveryTable(account: string): Promise<void> {
  const later = Date.now() + DAY_MS;
  const insert = (sql: string) => env.DB.prepare(sql).bind(account, later);
  await env.DB.batch([
    insert("INSERT INTO passkeys VALUES (?1, ?1, 'key', 0, '[]', 'Phone', ?2, NULL)"),
    insert("INSERT INTO challenges VALUES ('challenge' || ?1, 'add', ?1, NULL, ?2, '')"),
    insert("INSERT INTO recovery_codes SELECT ?1, 'code' || ?2"),
    insert("INSERT INTO links VALUES ('link' || ?1, 'recover', ?1, 'a@b.example', ?2)"),
    insert("INSERT INTO domains SELECT 'd' || ?2 || '.example', ?1, 1"),
    insert(
      `INSERT INTO domain_claims
       VALUES ('d' || ?2 || '.example', ?1, 'value', ?2, ?2, NULL, NULL, NULL, ?2, NULL)`,
    ),
    insert("INSERT INTO app_use VALUES (?1, 'grant', 1, 1, 1, ?2)"),
    insert("INSERT INTO activity VALUES (?1, ?2, 'id', 'export', '{}')"),
    insert("INSERT INTO rxdb_modules SELECT ?1, 'todos', ?2"),
    insert(
      `INSERT INTO devices VALUES
       (?1, 'code' || ?1, 'TV', 'a:r', ?1, 'grant', 'a:r', NULL, 5, NULL, ?2, NULL, '', NULL)`,
    ),
    insert(
      `UPDATE accounts SET email = 'a@b.example', is_admin = 1, quota_bytes = ?2,
         display_name = 'Alice', picture = 'https://a.example/me.png' WHERE id = ?1`,
    ),
  ]);
}

describe("The form", () => {
  it("says what will be deleted, offers the export first and asks for the name", async () => {
    const user = await createUser();
    await (await connectApp(user)).put("/notes/a", "12345");
    const response = await openForm(user);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(mainText(html)).toContain("all your documents (1)");
    expect(mainText(html)).toContain("5 bytes");
    expect(html).toContain('href="/transfer/export"');
    expect(html).toMatch(/<label for="name">[^<]*user-/);
    expect(fieldValue(html, "name")).toBeUndefined();
    expect(findInlineCode(html)).toEqual([]);
  });

  it("requires a sign-in and a recent authentication", async () => {
    const user = await createUser();
    expect((await openForm({ name: "", cookie: "" })).headers.get("location")).toBe(
      "/sign-in?next=%2Fsettings%2Fdelete",
    );
    advanceClock(16 * MINUTE_MS);
    const before = await allRows();
    expect((await openForm(user)).headers.get("location")).toBe(
      "/confirm?next=%2Fsettings%2Fdelete",
    );
    advanceClock(15 * MINUTE_MS);
    expect((await submitForm(user, user.name)).headers.get("location")).toBe(
      "/confirm?next=%2Fsettings%2Fdelete",
    );
    expect(await allRows()).toEqual(before);
  });

  it.each(["", "somebody-else", "yes", "%"])(
    "with the wrong name %j changes nothing",
    async (name) => {
      const user = await createUser();
      await connectApp(user);
      const before = await allRows();
      const response = await submitForm(user, name);
      expect(response.status).toBe(400);
      expect(mainText(await response.text())).toContain(`Type ${user.name}.`);
      expect(await allRows()).toEqual(before);
    },
  );

  it("sent by another site, or by a link, changes nothing", async () => {
    const user = await createUser();
    const before = await allRows();
    const foreign = await sendForm(
      PATH,
      { name: user.name },
      { cookie: user.cookie, Origin: "https://evil.example" },
    );
    expect(foreign.status).toBe(403);
    await send(`${PATH}?name=${user.name}`, { headers: { Cookie: user.cookie } });
    expect(await allRows()).toEqual(before);
  });
});

describe("The last administrator", () => {
  const makeAdministrators = (...users: TestUser[]) =>
    env.DB.batch([
      env.DB.prepare("UPDATE accounts SET is_admin = 0"),
      ...users.map(({ name }) =>
        env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE name = ?").bind(name),
      ),
    ]);
  const isDeleted = async ({ name }: TestUser) =>
    (await accountRow(await accountId(name)))?.deleted_at !== null;

  it("cannot be deleted, and is told to make somebody else administrator first", async () => {
    const [last, suspended, gone] = [await createUser(), await createUser(), await createUser()];
    await makeAdministrators(last, suspended, gone);
    expect((await submitForm(gone, gone.name)).status).toBe(303);
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE name = ?")
      .bind(suspended.name)
      .run();
    const before = await allRows();
    const response = await submitForm(last, last.name);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("Make someone else an administrator first");
    const german = await sendForm(
      PATH,
      { name: last.name },
      { cookie: last.cookie, "Accept-Language": "de" },
    );
    expect(mainText(await german.text())).toContain("Nur du hast Admin-Rechte");
    expect(await allRows()).toEqual(before);
    await makeAdministrators(last, await createUser());
    expect((await submitForm(last, last.name)).status).toBe(303);
  });

  it("remains if two delete their accounts at the same time", async () => {
    for (let i = 0; i < 5; i++) {
      const pair = [await createUser(), await createUser()];
      await makeAdministrators(...pair);
      const responses = await Promise.all(pair.map((user) => submitForm(user, user.name)));
      expect(responses.map(({ status }) => status).sort()).toEqual([303, 409]);
      expect((await Promise.all(pair.map(isDeleted))).sort()).toEqual([false, true]);
    }
  });

  it("is no longer one after the deletion, which is idempotent", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await makeAdministrators(user, other);
    const account = { id: await accountId(user.name), name: user.name };
    expect(await deleteAccount(env, account, Date.now())).toBe(true);
    expect(await deleteAccount(env, account, Date.now())).toBe(true);
  });
});

describe("A deleted account", () => {
  it("gives no access from the next request on: to the user, to apps, or to the public", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/public/page", "public");
    const tokens = await obtainTokens(user);
    const code = await obtainCode(user);
    const other = await createUser();
    const response = await submitForm(user, ` ${user.name.toUpperCase()} `);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/deleted"]);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-session=;.*Max-Age=0/);
    expect(mainText(await (await send("/deleted")).text())).toContain("deleted");

    expect(await signedInUser(user.cookie)).toBe("");
    for (const token of [app.token, tokens.access_token]) {
      const late = new TestApp(user.name, token);
      for (const method of ["GET", "HEAD", "DELETE"]) {
        expect((await late.request(method, "/notes/a")).status).toBe(401);
      }
      expect((await late.get("/")).status).toBe(401);
      expect((await late.put("/notes/a", "late")).status).toBe(401);
    }
    const quota = await send(`/quota/${user.name}`, {
      headers: { Authorization: `Bearer ${app.token}` },
    });
    expect(quota.status).toBe(401);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await oauthError(await redeemCode(code))).toEqual([400, "invalid_grant"]);
    expect((await send(`/storage/${user.name}/public/page`)).status).toBe(404);
    const finger = (name: string) =>
      send(`/.well-known/webfinger?resource=acct:${name}@satchel.example`);
    expect((await finger(user.name)).status).toBe(404);
    expect((await finger(other.name)).status).toBe(200);
    const refused = await submitSignIn(user.name);
    expect(refused.status).toBe(403);
    expect(mainText(await refused.text())).toContain("The name or password is wrong.");
  });

  it("never gives its name to anybody else", async () => {
    const user = await createUser();
    await submitForm(user, user.name);
    const before = await allRows();
    expect(mainText(await (await submitSignUp(user.name)).text())).toContain("is taken");
    expect(await allRows()).toEqual(before);
  });

  it("keeps only its name, its times and the use of its invitation; other accounts are not affected", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const [account, others] = [await accountId(user.name), await accountId(other.name)];
    const apps = [await connectApp(user), await connectApp(other)];
    for (const app of apps) {
      await app.put("/notes/a", "1");
      await app.put("/notes/a", "2");
      await app.put("/public/b/c", "3");
    }
    await fillEveryTable(account);
    await fillEveryTable(others);
    await env.DB.prepare("UPDATE accounts SET invitation = 'inv' WHERE id = ?").bind(account).run();
    await obtainTokens(user);
    await obtainCode(user);
    const before = await dataOfOthers(account);
    const tables = Object.entries(await allRows()).filter(([, rows]) =>
      rows.some((row) => (row as { account?: string }).account === account),
    );
    // A new table with rows of accounts has to be added to ACCOUNT_TABLES, and here.
    expect(tables.map(([name]) => name)).toEqual([
      "activity",
      "app_use",
      "challenges",
      "codes",
      "devices",
      "domain_claims",
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

    await submitForm(user, user.name);
    const rest = await rowsOfAccount(account);
    const module = { account, module: "todos", bytes: expect.any(Number) };
    expect(rest.length).toBeGreaterThan(1);
    expect(rest).toContainEqual(module);
    expect(rest.filter((row) => !("parent" in (row as object)))).toHaveLength(1);
    await runDueAlarms(user.name);
    // Its module has to be found by its row until the end.
    expect(await rowsOfAccount(account)).toEqual([module]);
    expect(await bodyKeysOf(account)).toEqual([]);
    expect(await accountRow(account)).toMatchObject({ erased_at: null, invitation: "inv" });
    advanceClock(DAY_MS);
    await runDueAlarms(user.name);
    await expectErased(user.name, account);
    expect(await dataOfOthers(account)).toEqual(before);
    expect(await (await (apps[1] as TestApp).get("/notes/a")).text()).toBe("2");
  });

  it("is erased alike if it was suspended, and if it is deleted twice", async () => {
    const user = await createUser();
    const account = { id: await accountId(user.name), name: user.name };
    await (await connectApp(user)).put("/notes/a", "1");
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?")
      .bind(account.id)
      .run();
    const now = Date.now();
    await deleteAccount(env, account, now);
    await runDueAlarms(user.name);
    advanceClock(DAY_MS);
    await deleteAccount(env, account, Date.now());
    expect(await accountRow(account.id)).toMatchObject({ deleted_at: now });
    await runDueAlarms(user.name);
    await expectErased(user.name, account.id);
  });
});

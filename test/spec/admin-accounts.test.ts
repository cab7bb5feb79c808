/** What administrators do with accounts, and what it means to the person and their apps. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { accountRow, act, actOn, administrator, adminLog, open } from "../support/admin";
import { breakCalls, cutting } from "../support/faults";
import { fieldValue, findElements, mainText } from "../support/html";
import { signedInUser, submitSignIn } from "../support/sign-in-forms";
import { accountId, activityRows, allRows } from "../support/rows";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  listBodyKeys,
  PASSWORD,
  send,
  sendForm,
  type TestUser,
} from "../support/provider";

let admin: TestUser;
beforeAll(async () => {
  admin = await administrator();
});

/** What the storage says: status, code, and whether the app's page can read it. */
async function refusal(response: Response): Promise<[number, string, string | null]> {
  const { error } = (await response.json()) as { error: string };
  return [response.status, error, response.headers.get("access-control-allow-origin")];
}

/** What a person finds in their own activity. */
const kindsOf = async ({ name }: TestUser): Promise<unknown[]> =>
  (await activityRows(name)).map(({ kind }) => kind);

describe("Suspending an account", () => {
  it("refuses its apps, its pages and strangers from the next request on, and keeps everything", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/public/notes/a", "text");
    await app.put("/notes/b", "text");
    const rows = (await allRows()).nodes;
    const bodies = await listBodyKeys(person.name);
    expect((await actOn(admin, person.name, "suspend")).status).toBe(303);

    const Origin = APP_ORIGIN;
    const suspended = [403, "suspended", APP_ORIGIN];
    expect(await refusal(await app.get("/notes/b", { Origin }))).toEqual(suspended);
    expect(await refusal(await app.get("/notes/", { Origin }))).toEqual(suspended);
    expect(await refusal(await app.put("/notes/b", "evil", { Origin }))).toEqual(suspended);
    expect(await refusal(await app.put("/notes/c", "evil", { Origin }))).toEqual(suspended);
    expect(await refusal(await app.delete("/notes/b", { Origin }))).toEqual(suspended);
    const headers = { Authorization: `Bearer ${app.token}`, Origin };
    expect(await refusal(await send(`/quota/${person.name}`, { headers }))).toEqual(suspended);
    const open = `/storage/${person.name}/public/notes/a`;
    expect(await refusal(await send(open, { headers: { Origin } }))).toEqual(suspended);
    const head = await send(open, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([403, ""]);

    expect(await signedInUser(person.cookie)).toBe("");
    expect((await allRows()).nodes).toEqual(rows);
    expect(await listBodyKeys(person.name)).toEqual(bodies);
  });

  it("says so at sign-in to who knows the password, and to nobody else", async () => {
    const person = await createUser();
    await actOn(admin, person.name, "suspend");
    const before = await allRows();
    const right = await submitSignIn(person.name);
    expect([right.status, right.headers.get("set-cookie")]).toEqual([403, null]);
    expect(mainText(await right.text())).toContain("suspended");
    const wrong = await submitSignIn(person.name, "not the password");
    expect(wrong.status).toBe(403);
    expect(mainText(await wrong.text())).not.toContain("suspended");
    expect(await allRows()).toEqual(before);
  });

  it("ends when it is resumed: the same token works, and the person signs in again", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/public/a", "text");
    await actOn(admin, person.name, "suspend");
    expect((await app.get("/public/a")).status).toBe(403);
    expect((await actOn(admin, person.name, "resume")).status).toBe(303);
    expect(await (await app.get("/public/a")).text()).toBe("text");
    expect((await app.put("/public/a", "more")).status).toBe(200);
    expect((await app.get("/")).status).toBe(200);
    expect((await send(`/storage/${person.name}/public/a`)).status).toBe(200);
    expect((await submitSignIn(person.name)).status).toBe(303);
    expect(await kindsOf(person)).toEqual(
      expect.arrayContaining(["suspended", "resumed", "sign-in"]),
    );
  });

  it("asks once, and stands in the log", async () => {
    const person = await createUser();
    const question = await (await open(admin, `/admin/accounts/${person.name}/suspend`)).text();
    expect(mainText(question)).toContain(`Suspend ${person.name}?`);
    expect((await accountRow(person.name))?.suspended_at).toBeNull();
    await actOn(admin, person.name, "suspend");
    expect((await adminLog())[0]).toEqual({
      admin: admin.name,
      kind: "suspended",
      account: person.name,
      detail: "{}",
    });
  });

  it("is done as a whole or not at all, and once, whatever happens to the answers", async () => {
    for (const faults of [["lost"], ["refused"], ["lost", "lost", "lost"]] as const) {
      const person = await createUser();
      const isAct = (statements: unknown) =>
        (statements as { statement: string }[]).some(({ statement }) =>
          statement.includes("INTO admin_log"),
        );
      const mend = breakCalls(env.DB, "batch", [...faults], isAct);
      const response = await actOn(admin, person.name, "suspend");
      mend();
      expect(response.status).toBe(faults.length === 3 ? 503 : 303);
      expect((await accountRow(person.name))?.suspended_at).not.toBeNull();
      expect(await kindsOf(person)).toEqual(["suspended"]);
      expect((await adminLog()).filter(({ account }) => account === person.name)).toHaveLength(1);
    }
  });
});

describe("An act that arrives a second time, when it was undone meanwhile,", () => {
  it.each([
    ["suspend", "resume"],
    ["make-administrator", "unmake-administrator"],
  ])("%s after %s: changes nothing", async (what, undo) => {
    const person = await createUser();
    const batch = env.DB.batch.bind(env.DB);
    const sent: D1PreparedStatement[][] = [];
    Object.defineProperty(env.DB, "batch", {
      configurable: true,
      value: (statements: D1PreparedStatement[]) => {
        sent.push(statements);
        return batch(statements);
      },
    });
    await actOn(admin, person.name, what);
    Reflect.deleteProperty(env.DB, "batch");
    await actOn(admin, person.name, undo);
    const before = await allRows();
    for (const statements of sent) await env.DB.batch(statements);
    expect(sent.length).toBeGreaterThan(0);
    expect(await allRows()).toEqual(before);
  });
});

describe("What cannot be done is refused, and changes nothing:", () => {
  it.each([
    ["suspending oneself", "suspend"],
    ["being an administrator no more by one's own hand", "unmake-administrator"],
    ["deleting oneself", "delete"],
    ["resuming who is not suspended", "resume"],
    ["making an administrator who is one", "make-administrator"],
  ])("%s", async (_, what) => {
    const before = await allRows();
    expect((await open(admin, `/admin/accounts/${admin.name}/${what}`)).status).toBe(409);
    expect((await actOn(admin, admin.name, what, { name: admin.name })).status).toBe(409);
    expect(await allRows()).toEqual(before);
  });

  it("anything with an account that was deleted", async () => {
    const person = await createUser();
    await actOn(admin, person.name, "delete", { name: person.name });
    const before = await allRows();
    for (const what of ["suspend", "resume", "quota", "reset-link", "make-administrator"]) {
      expect((await actOn(admin, person.name, what)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("Administrators", () => {
  it("make others administrators, and end that", async () => {
    const person = await createUser();
    expect((await actOn(admin, person.name, "make-administrator")).status).toBe(303);
    expect((await open(person, "/admin")).status).toBe(200);
    expect((await actOn(admin, person.name, "unmake-administrator")).status).toBe(303);
    expect((await open(person, "/admin")).status).toBe(403);
    const kinds = (await adminLog())
      .filter(({ account }) => account === person.name)
      .map(({ kind }) => kind);
    expect(kinds).toEqual(["administrator-unmade", "administrator-made"]);
  });

  it("who is one no more has no way back: invitations and reset links that were open end", async () => {
    const person = await administrator();
    const other = await administrator();
    const link = mainText(await (await actOn(person, other.name, "reset-link")).text());
    const path = /\/link\/[\w-]+/.exec(link)?.[0] ?? "";
    const fields = { note: "later", uses: "5", days: "300", quota: "", admin: "yes" };
    const invited = mainText(await (await act(person, "/admin/invitations/new", fields)).text());
    const secret = /invitation=([\w-]+)/.exec(invited)?.[1] ?? "";
    expect([path.length, secret.length]).toEqual([49, 43]);
    expect((await actOn(admin, person.name, "unmake-administrator")).status).toBe(303);
    const refused = await sendForm(path, {});
    expect([refused.status, refused.headers.get("set-cookie")]).toEqual([404, null]);
    const late = { name: "late", password: PASSWORD, invitation: secret };
    const signedUp = await sendForm("/sign-up", late);
    expect([signedUp.status, signedUp.headers.get("set-cookie")]).toEqual([403, null]);
  });

  it("two who unmake each other at once: one remains", async () => {
    const { results: others } = await env.DB.prepare(
      "SELECT name FROM accounts WHERE is_admin = 1",
    ).all<{ name: string }>();
    for (let i = 0; i < 5; i++) {
      const [one, other] = [await administrator(), await administrator()];
      await Promise.all([
        actOn(one, other.name, "unmake-administrator"),
        actOn(other, one.name, "unmake-administrator"),
      ]);
      const left = [await accountRow(one.name), await accountRow(other.name)];
      expect(left.filter((row) => row?.is_admin === 1)).toHaveLength(1);
    }
    expect(others.length).toBeGreaterThan(0);
  });
});

describe("The quota of an account", () => {
  it.each([
    ["500 MB", 500_000_000],
    ["1.5 GB", 1_500_000_000],
    ["1,5 gb", 1_500_000_000],
    ["12345", 12_345],
    ["0", 0],
    ["", null],
  ])("%j", async (quota, bytes) => {
    const person = await createUser();
    expect((await actOn(admin, person.name, "quota", { quota })).status).toBe(303);
    expect((await accountRow(person.name))?.quota_bytes).toBe(bytes);
    const form = await (await open(admin, `/admin/accounts/${person.name}/quota`)).text();
    expect(
      (await actOn(admin, person.name, "quota", { quota: fieldValue(form, "quota") ?? "x" }))
        .status,
    ).toBe(303);
    expect((await accountRow(person.name))?.quota_bytes).toBe(bytes);
    expect(await kindsOf(person)).toContain("quota-changed");
  });

  it.each(["much", "-1", "5 XB", "1.5", "9".repeat(16), "9999 TB9", "1e9"])(
    "%j is none: refused, with what was typed",
    async (quota) => {
      const person = await createUser();
      const before = await allRows();
      const response = await actOn(admin, person.name, "quota", { quota });
      expect(response.status).toBe(400);
      expect(fieldValue(await response.text(), "quota")).toBe(quota);
      expect(await allRows()).toEqual(before);
    },
  );

  it("holds from the next request on", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await actOn(admin, person.name, "quota", { quota: "10" });
    expect((await app.put("/notes/a", "more than ten bytes")).status).toBe(507);
  });
});

describe("A reset link", () => {
  it("is shown once, and kept only as a hash for a day", async () => {
    const person = await createUser();
    const page = await (await actOn(admin, person.name, "reset-link")).text();
    // A button for another language would load the page anew, without the link.
    expect(findElements(page, "form").map(({ action }) => action)).toEqual(["/sign-out"]);
    const link = /https:\/\/satchel\.example\/link\/([\w-]{43})/.exec(mainText(page));
    expect(link).not.toBeNull();
    const rows = JSON.stringify(await allRows());
    expect(rows).not.toContain(link?.[1]);
    const { results } = await env.DB.prepare(
      `SELECT purpose, expires_at FROM links JOIN accounts ON accounts.id = account
       WHERE accounts.name = ?`,
    )
      .bind(person.name)
      .all<{ purpose: string; expires_at: number }>();
    expect(results).toEqual([{ purpose: "reset", expires_at: expect.any(Number) }]);
    const hours = ((results[0]?.expires_at ?? 0) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    expect(await kindsOf(person)).toEqual(["reset-link-made"]);
    expect((await adminLog())[0]).toMatchObject({ kind: "reset-link-made", account: person.name });
  });
});

describe("Deleting an account", () => {
  it.each(["", "somebody-else"])("takes its name, typed: not %j", async (name) => {
    const person = await createUser();
    const before = await allRows();
    const response = await actOn(admin, person.name, "delete", { name });
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toContain("nothing was deleted");
    expect(await allRows()).toEqual(before);
  });

  it("lets neither the person nor an app in any more, and stands in the log", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/public/a", "text");
    const response = await actOn(admin, person.name, "delete", { name: ` ${person.name} ` });
    expect(response.headers.get("location")).toBe("/admin/accounts");
    expect((await app.get("/public/a")).status).not.toBe(200);
    expect((await app.get("/")).status).toBe(401);
    expect((await send(`/storage/${person.name}/public/a`)).status).toBe(404);
    expect(await signedInUser(person.cookie)).toBe("");
    expect((await submitSignIn(person.name)).status).toBe(403);
    expect((await accountRow(person.name))?.deleted_at).not.toBeNull();
    expect((await adminLog())[0]).toMatchObject({ kind: "account-deleted", account: person.name });
    const list = await (await open(admin, `/admin/accounts?name=${person.name}`)).text();
    expect(findElements(list, "a").map(({ href }) => href)).not.toContain(
      `/admin/accounts/${person.name}`,
    );
  });
});

describe("For want of an answer", () => {
  it("a reset link stands in the log and is not made: 503, and made when asked again", async () => {
    const person = await createUser();
    const ask = () => actOn(admin, person.name, "reset-link");
    // Who asks, whom it concerns, the log; then the act itself.
    const { result } = await cutting({ at: 3, trouble: "lost", lasts: true }, ask);
    expect([result.status, await linksOf(person.name)]).toEqual([503, 0]);
    expect((await adminLog())[0]).toMatchObject({ account: person.name });
    expect((await ask()).status).toBe(200);
    expect(await linksOf(person.name)).toBe(1);
  });

  it.each([true, false])(
    "an account is deleted and stands in the log as such, or neither: %s",
    async (isMade) => {
      const person = await createUser();
      const ask = () => actOn(admin, person.name, "delete", { name: person.name });
      const { result } = await cutting({ at: 2, trouble: "lost", lasts: true, isMade }, ask);
      expect(result.status).toBe(503);
      const deleted = (await adminLog()).filter(({ account }) => account === person.name);
      expect(deleted).toHaveLength(isMade ? 1 : 0);
      expect((await accountRow(person.name))?.deleted_at !== null).toBe(isMade);
      const rows = Object.values(await allRows()).flat() as { account?: string }[];
      const account = await accountId(person.name);
      expect(rows.some((row) => row.account === account)).toBe(!isMade);
      expect((await ask()).status).toBe(isMade ? 404 : 303);
    },
  );
});

const linksOf = async (name: string): Promise<number> => {
  const row = await env.DB.prepare(
    "SELECT count(*) AS n FROM links JOIN accounts ON accounts.id = account WHERE name = ?",
  )
    .bind(name)
    .first<{ n: number }>();
  return row?.n ?? 0;
};

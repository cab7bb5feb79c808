/** Actions of administrators on accounts, and their effects on users and apps. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  createAdministrator,
  loadAccountRow,
  loadAuditLog,
  openPage,
  submitAction,
  submitForm,
} from "../support/admin";
import { breakCalls, withFault } from "../support/fault-injection";
import { fieldValue, findElements, mainText } from "../support/html";
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
import { accountId, activityRows, allRows } from "../support/rows";
import { signedInUser, submitSignIn } from "../support/sign-in-forms";

let admin: TestUser;
beforeAll(async () => {
  admin = await createAdministrator();
});

/** A refusal of the storage: its status, its code, and the origin that may read it. */
async function readRefusal(response: Response): Promise<[number, string, string | null]> {
  const { error } = (await response.json()) as { error: string };
  return [response.status, error, response.headers.get("access-control-allow-origin")];
}

/** The kinds of the entries in the user's own activity. */
const activityKinds = async ({ name }: TestUser): Promise<unknown[]> =>
  (await activityRows(name)).map(({ kind }) => kind);

describe("Suspending an account", () => {
  it("refuses its apps, its pages and anonymous requests from the next request on, and deletes nothing", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/public/notes/a", "text");
    await app.put("/notes/b", "text");
    const rows = (await allRows()).nodes;
    const bodies = await listBodyKeys(user.name);
    expect((await submitAction(admin, user.name, "suspend")).status).toBe(303);

    const Origin = APP_ORIGIN;
    const suspended = [403, "suspended", APP_ORIGIN];
    expect(await readRefusal(await app.get("/notes/b", { Origin }))).toEqual(suspended);
    expect(await readRefusal(await app.get("/notes/", { Origin }))).toEqual(suspended);
    expect(await readRefusal(await app.put("/notes/b", "evil", { Origin }))).toEqual(suspended);
    expect(await readRefusal(await app.put("/notes/c", "evil", { Origin }))).toEqual(suspended);
    expect(await readRefusal(await app.delete("/notes/b", { Origin }))).toEqual(suspended);
    const headers = { Authorization: `Bearer ${app.token}`, Origin };
    expect(await readRefusal(await send(`/quota/${user.name}`, { headers }))).toEqual(suspended);
    const open = `/storage/${user.name}/public/notes/a`;
    expect(await readRefusal(await send(open, { headers: { Origin } }))).toEqual(suspended);
    const head = await send(open, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([403, ""]);

    expect(await signedInUser(user.cookie)).toBe("");
    expect((await allRows()).nodes).toEqual(rows);
    expect(await listBodyKeys(user.name)).toEqual(bodies);
  });

  it("is mentioned at sign-in only if the password is right", async () => {
    const user = await createUser();
    await submitAction(admin, user.name, "suspend");
    const before = await allRows();
    const right = await submitSignIn(user.name);
    expect([right.status, right.headers.get("set-cookie")]).toEqual([403, null]);
    expect(mainText(await right.text())).toContain("suspended");
    const wrong = await submitSignIn(user.name, "not the password");
    expect(wrong.status).toBe(403);
    expect(mainText(await wrong.text())).not.toContain("suspended");
    expect(await allRows()).toEqual(before);
  });

  it("ends with resuming: the same token works, and the user can sign in again", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/public/a", "text");
    await submitAction(admin, user.name, "suspend");
    expect((await app.get("/public/a")).status).toBe(403);
    expect((await submitAction(admin, user.name, "resume")).status).toBe(303);
    expect(await (await app.get("/public/a")).text()).toBe("text");
    expect((await app.put("/public/a", "more")).status).toBe(200);
    expect((await app.get("/")).status).toBe(200);
    expect((await send(`/storage/${user.name}/public/a`)).status).toBe(200);
    expect((await submitSignIn(user.name)).status).toBe(303);
    expect(await activityKinds(user)).toEqual(
      expect.arrayContaining(["suspended", "resumed", "sign-in"]),
    );
  });

  it("asks for confirmation, and is recorded in the audit log", async () => {
    const user = await createUser();
    const form = await (await openPage(admin, `/admin/accounts/${user.name}/suspend`)).text();
    expect(mainText(form)).toContain(`Suspend ${user.name}?`);
    expect((await loadAccountRow(user.name))?.suspended_at).toBeNull();
    await submitAction(admin, user.name, "suspend");
    expect((await loadAuditLog())[0]).toEqual({
      admin: admin.name,
      kind: "suspended",
      account: user.name,
      detail: "{}",
    });
  });

  it("is performed completely or not at all, and once, even if D1 fails or its answers get lost", async () => {
    for (const faults of [["lost"], ["refused"], ["lost", "lost", "lost"]] as const) {
      const user = await createUser();
      const isAction = (statements: unknown) =>
        (statements as { statement: string }[]).some(({ statement }) =>
          statement.includes("INTO admin_log"),
        );
      const restore = breakCalls(env.DB, "batch", [...faults], isAction);
      const response = await submitAction(admin, user.name, "suspend");
      restore();
      expect(response.status).toBe(faults.length === 3 ? 503 : 303);
      expect((await loadAccountRow(user.name))?.suspended_at).not.toBeNull();
      expect(await activityKinds(user)).toEqual(["suspended"]);
      expect((await loadAuditLog()).filter(({ account }) => account === user.name)).toHaveLength(1);
    }
  });
});

describe("An action that is repeated after it was undone", () => {
  it.each([
    ["suspend", "resume"],
    ["make-administrator", "unmake-administrator"],
  ])("changes nothing: %s after %s", async (action, undo) => {
    const user = await createUser();
    const batch = env.DB.batch.bind(env.DB);
    const sent: D1PreparedStatement[][] = [];
    Object.defineProperty(env.DB, "batch", {
      configurable: true,
      value: (statements: D1PreparedStatement[]) => {
        sent.push(statements);
        return batch(statements);
      },
    });
    await submitAction(admin, user.name, action);
    Reflect.deleteProperty(env.DB, "batch");
    await submitAction(admin, user.name, undo);
    const before = await allRows();
    for (const statements of sent) await env.DB.batch(statements);
    expect(sent.length).toBeGreaterThan(0);
    expect(await allRows()).toEqual(before);
  });
});

describe("An action that is not available is refused and changes nothing:", () => {
  it.each([
    ["suspending oneself", "suspend"],
    ["removing one's own administrator role", "unmake-administrator"],
    ["deleting oneself", "delete"],
    ["resuming an account that is not suspended", "resume"],
    ["making an administrator an administrator", "make-administrator"],
  ])("%s", async (_, action) => {
    const before = await allRows();
    expect((await openPage(admin, `/admin/accounts/${admin.name}/${action}`)).status).toBe(409);
    expect((await submitAction(admin, admin.name, action, { name: admin.name })).status).toBe(409);
    expect(await allRows()).toEqual(before);
  });

  it("any action on a deleted account", async () => {
    const user = await createUser();
    await submitAction(admin, user.name, "delete", { name: user.name });
    const before = await allRows();
    for (const action of ["suspend", "resume", "quota", "reset-link", "make-administrator"]) {
      expect((await submitAction(admin, user.name, action)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("Administrators", () => {
  it("grant and revoke the administrator role", async () => {
    const user = await createUser();
    expect((await submitAction(admin, user.name, "make-administrator")).status).toBe(303);
    expect((await openPage(user, "/admin")).status).toBe(200);
    expect((await submitAction(admin, user.name, "unmake-administrator")).status).toBe(303);
    expect((await openPage(user, "/admin")).status).toBe(403);
    const kinds = (await loadAuditLog())
      .filter(({ account }) => account === user.name)
      .map(({ kind }) => kind);
    expect(kinds).toEqual(["administrator-unmade", "administrator-made"]);
  });

  it("lose open invitations and reset links with their role", async () => {
    const user = await createAdministrator();
    const other = await createAdministrator();
    const link = mainText(await (await submitAction(user, other.name, "reset-link")).text());
    const path = /\/link\/[\w-]+/.exec(link)?.[0] ?? "";
    const fields = { note: "later", uses: "5", days: "300", quota: "", admin: "yes" };
    const invited = mainText(
      await (await submitForm(user, "/admin/invitations/new", fields)).text(),
    );
    const secret = /invitation=([\w-]+)/.exec(invited)?.[1] ?? "";
    expect([path.length, secret.length]).toEqual([49, 43]);
    expect((await submitAction(admin, user.name, "unmake-administrator")).status).toBe(303);
    const refused = await sendForm(path, {});
    expect([refused.status, refused.headers.get("set-cookie")]).toEqual([404, null]);
    const late = { name: "late", password: PASSWORD, invitation: secret };
    const signedUp = await sendForm("/sign-up", late);
    expect([signedUp.status, signedUp.headers.get("set-cookie")]).toEqual([403, null]);
  });

  it("who revoke each other's role at once: one remains", async () => {
    const { results: others } = await env.DB.prepare(
      "SELECT name FROM accounts WHERE is_admin = 1",
    ).all<{ name: string }>();
    for (let i = 0; i < 5; i++) {
      const [one, other] = [await createAdministrator(), await createAdministrator()];
      await Promise.all([
        submitAction(one, other.name, "unmake-administrator"),
        submitAction(other, one.name, "unmake-administrator"),
      ]);
      const left = [await loadAccountRow(one.name), await loadAccountRow(other.name)];
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
    const user = await createUser();
    expect((await submitAction(admin, user.name, "quota", { quota })).status).toBe(303);
    expect((await loadAccountRow(user.name))?.quota_bytes).toBe(bytes);
    const form = await (await openPage(admin, `/admin/accounts/${user.name}/quota`)).text();
    expect(
      (await submitAction(admin, user.name, "quota", { quota: fieldValue(form, "quota") ?? "x" }))
        .status,
    ).toBe(303);
    expect((await loadAccountRow(user.name))?.quota_bytes).toBe(bytes);
    expect(await activityKinds(user)).toContain("quota-changed");
  });

  it.each(["much", "-1", "5 XB", "1.5", "9".repeat(16), "9999 TB9", "1e9"])(
    "%j is refused, and the form keeps the input",
    async (quota) => {
      const user = await createUser();
      const before = await allRows();
      const response = await submitAction(admin, user.name, "quota", { quota });
      expect(response.status).toBe(400);
      expect(fieldValue(await response.text(), "quota")).toBe(quota);
      expect(await allRows()).toEqual(before);
    },
  );

  it("applies from the next request on", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await submitAction(admin, user.name, "quota", { quota: "10" });
    expect((await app.put("/notes/a", "more than ten bytes")).status).toBe(507);
  });
});

describe("A reset link", () => {
  it("is shown once, and only its hash is stored, for a day", async () => {
    const user = await createUser();
    const page = await (await submitAction(admin, user.name, "reset-link")).text();
    // A language button would reload the page, without the link.
    expect(findElements(page, "form").map(({ action }) => action)).toEqual(["/sign-out"]);
    const link = /https:\/\/satchel\.example\/link\/([\w-]{43})/.exec(mainText(page));
    expect(link).not.toBeNull();
    const rows = JSON.stringify(await allRows());
    expect(rows).not.toContain(link?.[1]);
    const { results } = await env.DB.prepare(
      `SELECT purpose, expires_at FROM links JOIN accounts ON accounts.id = account
       WHERE accounts.name = ?`,
    )
      .bind(user.name)
      .all<{ purpose: string; expires_at: number }>();
    expect(results).toEqual([{ purpose: "reset", expires_at: expect.any(Number) }]);
    const hours = ((results[0]?.expires_at ?? 0) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    expect(await activityKinds(user)).toEqual(["reset-link-made"]);
    expect((await loadAuditLog())[0]).toMatchObject({
      kind: "reset-link-made",
      account: user.name,
    });
  });
});

describe("Deleting an account", () => {
  it.each(["", "somebody-else"])("requires the account's name: not %j", async (name) => {
    const user = await createUser();
    const before = await allRows();
    const response = await submitAction(admin, user.name, "delete", { name });
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toContain("Nothing was deleted");
    expect(await allRows()).toEqual(before);
  });

  it("locks out the user and their apps, and is recorded in the audit log", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/public/a", "text");
    const response = await submitAction(admin, user.name, "delete", { name: ` ${user.name} ` });
    expect(response.headers.get("location")).toBe("/admin/accounts");
    expect((await app.get("/public/a")).status).not.toBe(200);
    expect((await app.get("/")).status).toBe(401);
    expect((await send(`/storage/${user.name}/public/a`)).status).toBe(404);
    expect(await signedInUser(user.cookie)).toBe("");
    expect((await submitSignIn(user.name)).status).toBe(403);
    expect((await loadAccountRow(user.name))?.deleted_at).not.toBeNull();
    expect((await loadAuditLog())[0]).toMatchObject({
      kind: "account-deleted",
      account: user.name,
    });
    const list = await (await openPage(admin, `/admin/accounts?name=${user.name}`)).text();
    expect(findElements(list, "a").map(({ href }) => href)).not.toContain(
      `/admin/accounts/${user.name}`,
    );
  });
});

describe("If D1 does not answer", () => {
  it("a reset link is logged but not created: 503, and a second attempt creates it", async () => {
    const user = await createUser();
    const attempt = () => submitAction(admin, user.name, "reset-link");
    // The session, the account, the audit log; then the link itself.
    const { result } = await withFault({ at: 3, kind: "lost", isPermanent: true }, attempt);
    expect([result.status, await countLinks(user.name)]).toEqual([503, 0]);
    expect((await loadAuditLog())[0]).toMatchObject({ account: user.name });
    expect((await attempt()).status).toBe(200);
    expect(await countLinks(user.name)).toBe(1);
  });

  it.each([true, false])(
    "an account is deleted and logged as deleted, or neither: %s",
    async (isMade) => {
      const user = await createUser();
      const attempt = () => submitAction(admin, user.name, "delete", { name: user.name });
      const { result } = await withFault(
        { at: 2, kind: "lost", isPermanent: true, takesEffect: isMade },
        attempt,
      );
      expect(result.status).toBe(503);
      const deleted = (await loadAuditLog()).filter(({ account }) => account === user.name);
      expect(deleted).toHaveLength(isMade ? 1 : 0);
      expect((await loadAccountRow(user.name))?.deleted_at !== null).toBe(isMade);
      const rows = Object.values(await allRows()).flat() as { account?: string }[];
      const account = await accountId(user.name);
      expect(rows.some((row) => row.account === account)).toBe(!isMade);
      expect((await attempt()).status).toBe(isMade ? 404 : 303);
    },
  );
});

const countLinks = async (name: string): Promise<number> => {
  const row = await env.DB.prepare(
    "SELECT count(*) AS n FROM links JOIN accounts ON accounts.id = account WHERE name = ?",
  )
    .bind(name)
    .first<{ n: number }>();
  return row?.n ?? 0;
};

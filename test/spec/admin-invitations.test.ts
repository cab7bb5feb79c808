/** Invitations, and the set-up link for the first administrator. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createAdminLink } from "../../scripts/lib/admin-link.mjs";
import { insertAccount, insertPassword } from "../../src/accounts/db/accounts";
import { randomId, sha256 } from "../../src/core/secrets";
import {
  createAdministrator,
  loadAccountRow,
  loadAuditLog,
  openPage,
  submitForm,
} from "../support/admin";
import { advanceClock, DAY_MS, runDailyJob } from "../support/clock";
import { breakCalls } from "../support/fault-injection";
import { fieldValue, findElements, mainText } from "../support/html";
import { createUser, type TestUser, uniqueUserName } from "../support/provider";
import { allRows } from "../support/rows";

let admin: TestUser;
beforeAll(async () => {
  admin = await createAdministrator();
});

const INVITATION = { note: "Bob", uses: "1", days: "7", quota: "" };

/** Creates an invitation and returns its secret. */
async function createInvitation(fields: Record<string, string> = {}): Promise<string> {
  const page = await submitForm(admin, "/admin/invitations/new", { ...INVITATION, ...fields });
  const text = mainText(await page.text());
  const secret = /\/sign-up\?invitation=([\w-]{43})/.exec(text)?.[1];
  if (secret === undefined) throw new Error(text);
  return secret;
}

/** Creates an account with the invitation. Returns the outcome. */
async function signUpWith(secret: string): Promise<string> {
  const id = randomId();
  const account = { id, name: uniqueUserName(), invitation: await sha256(secret) };
  const credential = insertPassword(env.DB, id, "x", Date.now());
  return insertAccount(env.DB, account, credential, false, Date.now());
}

const loadInvitationRow = async (secret: string) =>
  env.DB.prepare("SELECT * FROM invitations WHERE hash = ?")
    .bind(await sha256(secret))
    .first();

describe("An invitation", () => {
  it("is a link that is shown once; only its hash is stored", async () => {
    const secret = await createInvitation({ note: "Eve <b>", uses: "3", days: "2", quota: "2 GB" });
    expect(JSON.stringify(await allRows())).not.toContain(secret);
    expect(await loadInvitationRow(secret)).toMatchObject({
      note: "Eve <b>",
      max_uses: 3,
      quota_bytes: 2e9,
      is_admin: 0,
    });
    const list = mainText(await (await openPage(admin, "/admin/invitations")).text());
    expect(list).toContain("Eve <b> 0 of 3 used, expires");
    expect(list).toContain("quota 2 GB");
    expect((await loadAuditLog())[0]).toMatchObject({ admin: admin.name, kind: "invitation-made" });
  });

  it("can be used only as often as it says, even by 20 sign-ups at once", async () => {
    const secret = await createInvitation({ uses: "7" });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => signUpWith(secret)));
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(7);
    expect(outcomes.filter((outcome) => outcome === "not-invited")).toHaveLength(13);
    const list = mainText(await (await openPage(admin, "/admin/invitations")).text());
    expect(list).toContain("7 of 7 used, no longer valid");
  });

  it("ends when it expires or is revoked; accounts created with it stay", async () => {
    const [late, revoked] = [
      await createInvitation({ uses: "2", days: "1" }),
      await createInvitation({ uses: "2" }),
    ];
    expect(await signUpWith(revoked)).toBe("created");
    const path = `/admin/invitations/revoke/${await sha256(revoked)}`;
    expect(mainText(await (await openPage(admin, path)).text())).toContain("Bob");
    expect(await signUpWith(revoked)).toBe("created");
    const another = await createInvitation({ uses: "2" });
    const other = `/admin/invitations/revoke/${await sha256(another)}`;
    expect((await submitForm(admin, other)).status).toBe(303);
    expect(await signUpWith(another)).toBe("not-invited");
    expect((await loadAuditLog())[0]).toMatchObject({ kind: "invitation-revoked" });
    const before = await allRows();
    for (const over of [other, path]) {
      for (const again of [await openPage(admin, over), await submitForm(admin, over)]) {
        expect([again.status, again.headers.get("location")]).toEqual([303, "/admin/invitations"]);
      }
    }
    expect(await allRows()).toEqual(before);
    advanceClock(1 * DAY_MS + 1);
    expect(await signUpWith(late)).toBe("not-invited");
  });

  it("gives its quota and the administrator role to accounts created with it", async () => {
    const secret = await createInvitation({ quota: "3 MB", admin: "yes" });
    expect(await signUpWith(secret)).toBe("created");
    const row = await env.DB.prepare("SELECT * FROM accounts WHERE invitation = ?")
      .bind(await sha256(secret))
      .first();
    expect(row).toMatchObject({ quota_bytes: 3_000_000, is_admin: 1 });
  });

  it.each([
    { note: "" },
    { note: "x".repeat(101) },
    { uses: "0" },
    { uses: "1001" },
    { uses: "1.5" },
    { uses: "-1" },
    { days: "0" },
    { days: "366" },
    { days: "soon" },
    { quota: "much" },
  ])("is refused if a field is invalid, and the form keeps the input: %j", async (fields) => {
    const before = await allRows();
    const response = await submitForm(admin, "/admin/invitations/new", {
      ...INVITATION,
      ...fields,
    });
    expect(response.status).toBe(400);
    const html = await response.text();
    for (const [name, value] of Object.entries({ ...INVITATION, ...fields })) {
      expect(fieldValue(html, name)).toBe(value);
    }
    expect(await allRows()).toEqual(before);
  });

  it("is listed, 50 to a page", async () => {
    const insert = env.DB.prepare("INSERT INTO invitations VALUES (?, ?, 1, NULL, 0, ?, ?)");
    const rows = Array.from({ length: 60 }, (_, i) => insert.bind(`h${i}`, `old-${i}.`, i, i));
    await env.DB.batch(rows);
    const seen: string[] = [];
    let path: string | undefined = "/admin/invitations";
    while (path !== undefined) {
      const html: string = await (await openPage(admin, path)).text();
      seen.push(...[...mainText(html).matchAll(/old-\d+\./g)].map(([note]) => note));
      path = findElements(html, "a").find(({ href }) => href?.includes("after="))?.href;
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => `old-${59 - i}.`));
  });

  it("is deleted by the daily job when it has expired, unless an account was created with it", async () => {
    const [used, unused] = [await createInvitation(), await createInvitation()];
    expect(await signUpWith(used)).toBe("created");
    await runDailyJob(0);
    expect(await loadInvitationRow(unused)).not.toBeNull();
    await runDailyJob(8 * DAY_MS);
    expect(await loadInvitationRow(unused)).toBeNull();
    expect(await loadInvitationRow(used)).not.toBeNull();
  });

  it("is deleted with its audit log entry, even if an account was created with it", async () => {
    const used = await createInvitation({ days: "365" });
    expect(await signUpWith(used)).toBe("created");
    for (const days of [364, 366, 367]) await runDailyJob(days * DAY_MS);
    // The old session has expired by then.
    admin = await createAdministrator();
    expect(await loadInvitationRow(used)).toBeNull();
    expect(JSON.stringify(await allRows())).not.toContain("Bob");
    expect(await signUpWith(used)).toBe("not-invited");
  });
});

describe("The set-up link", () => {
  /** Creates a set-up link as `npm start` and `npm run set-up` do. Returns its path. */
  async function createSetUpLink(): Promise<string> {
    const { path, statements } = createAdminLink(Date.now());
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
    return path;
  }

  it("makes the signed-in user an administrator, after confirmation, and works once", async () => {
    const [first, second] = [await createUser(), await createUser()];
    const path = await createSetUpLink();
    const form = mainText(await (await openPage(first, path)).text());
    expect(form).toContain(`Make ${first.name} an administrator`);
    expect((await loadAccountRow(first.name))?.is_admin).toBe(0);
    const response = await submitForm(first, path);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/admin"]);
    expect((await openPage(first, "/admin")).status).toBe(200);
    expect((await loadAuditLog())[0]).toMatchObject({ admin: first.name, kind: "set-up" });
    const before = await allRows();
    expect((await openPage(second, path)).status).toBe(404);
    expect((await submitForm(second, path)).status).toBe(404);
    expect(await allRows()).toEqual(before);
  });

  it("takes effect once if D1's answer gets lost", async () => {
    const user = await createUser();
    const path = await createSetUpLink();
    const restore = breakCalls(env.DB, "batch", ["lost", "lost"]);
    expect((await submitForm(user, path)).status).toBe(303);
    restore();
    expect((await loadAccountRow(user.name))?.is_admin).toBe(1);
    expect((await loadAuditLog()).filter(({ admin }) => admin === user.name)).toHaveLength(1);
  });

  it("makes one of several simultaneous users an administrator", async () => {
    const users = await Promise.all(Array.from({ length: 8 }, () => createUser()));
    const path = await createSetUpLink();
    const responses = await Promise.all(users.map((user) => submitForm(user, path)));
    expect(responses.filter(({ status }) => status === 303)).toHaveLength(1);
    const rows = await Promise.all(users.map(({ name }) => loadAccountRow(name)));
    expect(rows.filter((row) => row?.is_admin === 1)).toHaveLength(1);
  });

  it("offers sign-up and sign-in to anonymous visitors, and changes nothing by itself", async () => {
    const path = await createSetUpLink();
    const secret = path.slice("/set-up/".length);
    const before = await allRows();
    const links = findElements(await (await openPage(null, path)).text(), "a").map(
      ({ href }) => href,
    );
    expect(links).toContain(`/sign-up?invitation=${secret}&next=%2Fadmin`);
    expect(links).toContain(`/sign-in?${new URLSearchParams({ next: path })}`);
    expect((await submitForm(null, path)).headers.get("location")).toBe(path);
    expect(await allRows()).toEqual(before);
  });

  it("does not free a use of the invitation that the account was created with", async () => {
    const secret = await createInvitation();
    expect(await signUpWith(secret)).toBe("created");
    const user = await createUser();
    const hash = await sha256(secret);
    await env.DB.prepare("UPDATE accounts SET invitation = ? WHERE name = ?")
      .bind(hash, user.name)
      .run();
    await submitForm(user, await createSetUpLink());
    expect((await loadAccountRow(user.name))?.invitation).toBe(hash);
    expect(await signUpWith(secret)).toBe("not-invited");
  });

  it("can be used by a new account instead, and is consumed then, too", async () => {
    const path = await createSetUpLink();
    expect(await signUpWith(path.slice("/set-up/".length))).toBe("created");
    expect((await openPage(await createUser(), path)).status).toBe(404);
  });

  it("is valid for seven days, and invalidates earlier ones", async () => {
    const user = await createUser();
    const [old, path] = [await createSetUpLink(), await createSetUpLink()];
    expect((await openPage(user, old)).status).toBe(404);
    expect((await openPage(user, path)).status).toBe(200);
    advanceClock(7 * DAY_MS + 1);
    expect((await openPage(user, path)).status).toBe(404);
  });

  it("is no ordinary invitation, nor one for several accounts", async () => {
    const user = await createUser();
    const ordinary = await createInvitation();
    const several = await createInvitation({ admin: "yes", uses: "2" });
    const before = await allRows();
    for (const secret of [ordinary, several, "x", "%00", "'"]) {
      const path = `/set-up/${encodeURIComponent(secret)}`;
      const response = await openPage(user, path);
      expect(response.status).toBe(404);
      expect(mainText(await response.text())).toContain("doesn’t work");
      expect((await submitForm(user, path)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
  });
});

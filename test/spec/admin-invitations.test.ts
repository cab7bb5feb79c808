/** Invitations, and the link that makes the first administrator. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { makeSetUpLink } from "../../scripts/admin-link.mjs";
import { insertAccount, insertPassword } from "../../src/accounts/db/accounts";
import { randomId, sha256 } from "../../src/core/secrets";
import { accountRow, act, administrator, adminLog, open } from "../support/admin";
import { advanceClock, DAY_MS, runDailyJob } from "../support/clock";
import { breakCalls } from "../support/faults";
import { fieldValue, findElements, mainText } from "../support/html";
import { allRows } from "../support/rows";
import { createUser, type TestUser, uniqueUserName } from "../support/provider";

let admin: TestUser;
beforeAll(async () => {
  admin = await administrator();
});

const WISH = { note: "Bob", uses: "1", days: "7", quota: "" };

/** Makes an invitation and returns its secret. */
async function invite(fields: Record<string, string> = {}): Promise<string> {
  const page = await act(admin, "/admin/invitations/new", { ...WISH, ...fields });
  const text = mainText(await page.text());
  const secret = /\/sign-up\?invitation=([\w-]{43})/.exec(text)?.[1];
  if (secret === undefined) throw new Error(text);
  return secret;
}

/** Signs up as the form does that has an invitation, where sign-up takes one. */
async function comeBy(secret: string): Promise<string> {
  const id = randomId();
  const account = { id, name: uniqueUserName(), invitation: await sha256(secret) };
  const credential = insertPassword(env.DB, id, "x", Date.now());
  return insertAccount(env.DB, account, credential, false, Date.now());
}

const invitationRow = async (secret: string) =>
  env.DB.prepare("SELECT * FROM invitations WHERE hash = ?")
    .bind(await sha256(secret))
    .first();

describe("An invitation", () => {
  it("is a link that is shown once; only its hash is kept", async () => {
    const secret = await invite({ note: "Eve <b>", uses: "3", days: "2", quota: "2 GB" });
    expect(JSON.stringify(await allRows())).not.toContain(secret);
    expect(await invitationRow(secret)).toMatchObject({
      note: "Eve <b>",
      max_uses: 3,
      quota_bytes: 2e9,
      is_admin: 0,
    });
    const list = mainText(await (await open(admin, "/admin/invitations")).text());
    expect(list).toContain("Eve <b> 0 of 3 used, until");
    expect(list).toContain("quota 2 GB");
    expect((await adminLog())[0]).toMatchObject({ admin: admin.name, kind: "invitation-made" });
  });

  it("is good for as many people as it says, also when 20 come at once", async () => {
    const secret = await invite({ uses: "7" });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => comeBy(secret)));
    expect(outcomes.filter((outcome) => outcome === "made")).toHaveLength(7);
    expect(outcomes.filter((outcome) => outcome === "not-invited")).toHaveLength(13);
    const list = mainText(await (await open(admin, "/admin/invitations")).text());
    expect(list).toContain("7 of 7 used, over");
  });

  it("ends after its days, and when it is revoked; who has come by it stays", async () => {
    const [late, revoked] = [await invite({ uses: "2", days: "1" }), await invite({ uses: "2" })];
    expect(await comeBy(revoked)).toBe("made");
    const path = `/admin/invitations/${await sha256(revoked)}/revoke`;
    expect(mainText(await (await open(admin, path)).text())).toContain("Bob");
    expect(await comeBy(revoked)).toBe("made");
    const another = await invite({ uses: "2" });
    const other = `/admin/invitations/${await sha256(another)}/revoke`;
    expect((await act(admin, other)).status).toBe(303);
    expect(await comeBy(another)).toBe("not-invited");
    expect((await adminLog())[0]).toMatchObject({ kind: "invitation-revoked" });
    const before = await allRows();
    for (const over of [other, path]) {
      for (const again of [await open(admin, over), await act(admin, over)]) {
        expect([again.status, again.headers.get("location")]).toEqual([303, "/admin/invitations"]);
      }
    }
    expect(await allRows()).toEqual(before);
    advanceClock(1 * DAY_MS + 1);
    expect(await comeBy(late)).toBe("not-invited");
  });

  it("gives its quota, and the rights of an administrator, to who comes by it", async () => {
    const secret = await invite({ quota: "3 MB", admin: "yes" });
    expect(await comeBy(secret)).toBe("made");
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
  ])("that makes no sense is refused, with what was typed: %j", async (fields) => {
    const before = await allRows();
    const response = await act(admin, "/admin/invitations/new", { ...WISH, ...fields });
    expect(response.status).toBe(400);
    const html = await response.text();
    for (const [name, value] of Object.entries({ ...WISH, ...fields })) {
      expect(fieldValue(html, name)).toBe(value);
    }
    expect(await allRows()).toEqual(before);
  });

  it("is listed, 50 on a page", async () => {
    const insert = env.DB.prepare("INSERT INTO invitations VALUES (?, ?, 1, NULL, 0, ?, ?)");
    const rows = Array.from({ length: 60 }, (_, i) => insert.bind(`h${i}`, `old-${i}.`, i, i));
    await env.DB.batch(rows);
    const seen: string[] = [];
    let path: string | undefined = "/admin/invitations";
    while (path !== undefined) {
      const html: string = await (await open(admin, path)).text();
      seen.push(...[...mainText(html).matchAll(/old-\d+\./g)].map(([note]) => note));
      path = findElements(html, "a").find(({ href }) => href?.includes("after="))?.href;
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => `old-${59 - i}.`));
  });

  it("that is over is forgotten by the daily round, unless somebody has come by it", async () => {
    const [used, unused] = [await invite(), await invite()];
    expect(await comeBy(used)).toBe("made");
    await runDailyJob(0);
    expect(await invitationRow(unused)).not.toBeNull();
    await runDailyJob(8 * DAY_MS);
    expect(await invitationRow(unused)).toBeNull();
    expect(await invitationRow(used)).not.toBeNull();
  });

  it("is forgotten with the log's line about it, also if somebody has come by it", async () => {
    const used = await invite({ days: "365" });
    expect(await comeBy(used)).toBe("made");
    for (const days of [364, 366, 367]) await runDailyJob(days * DAY_MS);
    // Nobody's session lasts that long.
    admin = await administrator();
    expect(await invitationRow(used)).toBeNull();
    expect(JSON.stringify(await allRows())).not.toContain("Bob");
    expect(await comeBy(used)).toBe("not-invited");
  });
});

describe("The set-up link", () => {
  /** As `npm start` and `npm run set-up` make it. */
  async function setUpLink(): Promise<string> {
    const { path, statements } = makeSetUpLink(Date.now());
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
    return path;
  }

  it("makes who is signed in an administrator, after a question, and works once", async () => {
    const [first, second] = [await createUser(), await createUser()];
    const path = await setUpLink();
    const question = mainText(await (await open(first, path)).text());
    expect(question).toContain(`Make ${first.name} an administrator`);
    expect((await accountRow(first.name))?.is_admin).toBe(0);
    const response = await act(first, path);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/admin"]);
    expect((await open(first, "/admin")).status).toBe(200);
    expect((await adminLog())[0]).toMatchObject({ admin: first.name, kind: "set-up" });
    const before = await allRows();
    expect((await open(second, path)).status).toBe(404);
    expect((await act(second, path)).status).toBe(404);
    expect(await allRows()).toEqual(before);
  });

  it("counts once when the answer to its use is lost", async () => {
    const person = await createUser();
    const path = await setUpLink();
    const mend = breakCalls(env.DB, "batch", ["lost", "lost"]);
    expect((await act(person, path)).status).toBe(303);
    mend();
    expect((await accountRow(person.name))?.is_admin).toBe(1);
    expect((await adminLog()).filter(({ admin }) => admin === person.name)).toHaveLength(1);
  });

  it("of many who use it at once makes one an administrator", async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => createUser()));
    const path = await setUpLink();
    const responses = await Promise.all(people.map((person) => act(person, path)));
    expect(responses.filter(({ status }) => status === 303)).toHaveLength(1);
    const rows = await Promise.all(people.map(({ name }) => accountRow(name)));
    expect(rows.filter((row) => row?.is_admin === 1)).toHaveLength(1);
  });

  it("shows who is not signed in the ways to an account, and does nothing by itself", async () => {
    const path = await setUpLink();
    const secret = path.slice("/set-up/".length);
    const before = await allRows();
    const links = findElements(await (await open(null, path)).text(), "a").map(({ href }) => href);
    expect(links).toContain(`/sign-up?invitation=${secret}&next=%2Fadmin`);
    expect(links).toContain(`/sign-in?${new URLSearchParams({ next: path })}`);
    expect((await act(null, path)).headers.get("location")).toBe(path);
    expect(await allRows()).toEqual(before);
  });

  it("leaves the invitation alone by which somebody has come: its use is still used", async () => {
    const secret = await invite();
    expect(await comeBy(secret)).toBe("made");
    const person = await createUser();
    const hash = await sha256(secret);
    await env.DB.prepare("UPDATE accounts SET invitation = ? WHERE name = ?")
      .bind(hash, person.name)
      .run();
    await act(person, await setUpLink());
    expect((await accountRow(person.name))?.invitation).toBe(hash);
    expect(await comeBy(secret)).toBe("not-invited");
  });

  it("may be used by a new account instead: it is used up then, too", async () => {
    const path = await setUpLink();
    expect(await comeBy(path.slice("/set-up/".length))).toBe("made");
    expect((await open(await createUser(), path)).status).toBe(404);
  });

  it("is good for seven days, and ends the ones before it", async () => {
    const person = await createUser();
    const [old, path] = [await setUpLink(), await setUpLink()];
    expect((await open(person, old)).status).toBe(404);
    expect((await open(person, path)).status).toBe(200);
    advanceClock(7 * DAY_MS + 1);
    expect((await open(person, path)).status).toBe(404);
  });

  it("is no other invitation: not an ordinary one, not one for several", async () => {
    const person = await createUser();
    const ordinary = await invite();
    const several = await invite({ admin: "yes", uses: "2" });
    const before = await allRows();
    for (const secret of [ordinary, several, "x", "%00", "'"]) {
      const path = `/set-up/${encodeURIComponent(secret)}`;
      const response = await open(person, path);
      expect(response.status).toBe(404);
      expect(mainText(await response.text())).toContain("does not work");
      expect((await act(person, path)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
  });
});

/**
 * People sign up, sign in and change their ways in while the connections to D1 or the user's object
 * break, at each call: nobody is locked out, there is no account without a way in, and what works
 * once is not used up for nothing.
 */

import { env } from "cloudflare:workers";
import { scryptSync } from "node:crypto";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { makeResetLink } from "../../src/accounts/links";
import { Authenticator } from "../support/authenticator";
import { type Act, CUTS, cutAtEachCall } from "../support/fault-injection";
import { cutting } from "../support/faults";
import { makePasskey, showPasskey, signUpWithPasskey } from "../support/passkeys";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";
import { accountId, activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  createUser,
  ORIGIN,
  PASSWORD,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";

// The first passkey loads its library, which is no part of what is cut.
beforeAll(async () => {
  await signUpWithPasskey();
});

const postForm = (
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendWithSettings({})(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: ORIGIN, ...uniqueClientAddress(), ...headers },
  });

/** Who has a password that can be weighed in no time. */
async function someoneQuick(): Promise<TestUser> {
  const person = await createUser();
  const key = scryptSync(PASSWORD, "salt", 32, { N: 2, r: 1, p: 1 }).toString("base64url");
  await env.DB.prepare("UPDATE passwords SET hash = ? WHERE account = ?")
    .bind(`scrypt$2$1$1$salt$${key}`, await accountId(person.name))
    .run();
  return person;
}

/** Of each account of this name, whether it has a password. */
async function accountsOf(name: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    `SELECT p.hash IS NOT NULL AS hasPassword
     FROM accounts a LEFT JOIN passwords p ON p.account = a.id WHERE a.name = ?`,
  )
    .bind(name)
    .all();
  return results;
}

const passwordOf = async (name: string): Promise<unknown> =>
  env.DB.prepare("SELECT hash FROM passwords WHERE account = ?")
    .bind(await accountId(name))
    .first("hash");

async function expectSignedIn(name: string, response: Response, context: string): Promise<void> {
  expect(await signedInUser(sessionCookie(response)), context).toBe(name);
}

async function expectPassword(name: string, password: string, context: string): Promise<void> {
  const response = await submitSignIn(name, password);
  expect(response.status, `${context}: the password is right`).toBe(303);
  await expectSignedIn(name, response, context);
}

async function signingUp(): Promise<Act> {
  const name = uniqueUserName();
  return {
    send: () => postForm("/sign-up", { name, password: PASSWORD }),
    status: 303,
    state: () => accountsOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await accountsOf(name), context).toEqual([{ hasPassword: 1 }]);
      if (response) await expectSignedIn(name, response, context);
      await expectPassword(name, PASSWORD, context);
    },
  };
}

async function signingIn(): Promise<Act> {
  const { name } = await someoneQuick();
  return {
    send: () => postForm("/sign-in", { name, password: PASSWORD }),
    status: 303,
    expectDone: async (response, context) => {
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function changingPassword(): Promise<Act> {
  const { name, cookie } = await someoneQuick();
  const other = sessionCookie(await submitSignIn(name));
  let tries = 0;
  const wanted = () => `another long password, number ${tries}`;
  const old = await passwordOf(name);
  return {
    send: () => {
      tries++;
      return postForm("/security/password", { password: wanted() }, { Cookie: cookie });
    },
    status: 303,
    state: () => passwordOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await passwordOf(name), context).not.toBe(old);
      expect(await signedInUser(cookie), `${context}: this session stays`).toBe(name);
      expect(await signedInUser(other), `${context}: other sessions have ended`).toBe("");
      if (!response || tries > 1) await expectPassword(name, wanted(), context);
    },
  };
}

const postJson = (path: string, fields: object, headers: Record<string, string> = {}) =>
  sendWithSettings({})(path, {
    method: "POST",
    body: JSON.stringify(fields),
    headers: {
      Origin: ORIGIN,
      "Content-Type": "application/json",
      ...uniqueClientAddress(),
      ...headers,
    },
  });

/** What /passkeys.js does; the first answer that is none is the last. */
async function postPasskey(
  path: string,
  fields: object,
  answer: (options: { challenge: string }) => Promise<unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const asked = await postJson(path, fields, headers);
  if (asked.status !== 200) return asked;
  return postJson(path, { ...fields, credential: await answer(await asked.json()) }, headers);
}

const rowsOf = async (table: string, name: string): Promise<number> =>
  Number(
    await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE account = ?`)
      .bind(await accountId(name))
      .first("n"),
  );

async function signingUpWithPasskey(): Promise<Act> {
  const name = uniqueUserName();
  const device = new Authenticator();
  return {
    send: () => postPasskey("/sign-up/passkey", { name }, (options) => device.create(options)),
    status: 200,
    state: () => accountsOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await accountsOf(name), context).toEqual([{ hasPassword: 0 }]);
      expect(await rowsOf("passkeys", name), context).toBe(1);
      if (response) await expectSignedIn(name, response, context);
      const again = await showPasskey("/sign-in/passkey", device);
      await expectSignedIn(name, again, context);
    },
  };
}

async function signingInWithPasskey(): Promise<Act> {
  const { name, device } = await signUpWithPasskey();
  return {
    send: () => postPasskey("/sign-in/passkey", {}, (options) => device.get(options)),
    status: 200,
    expectDone: async (response, context) => {
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function addingPasskey(): Promise<Act> {
  const { name, cookie } = await createUser();
  const headers = { Cookie: cookie };
  return {
    send: () =>
      postPasskey(
        "/security/passkeys/add",
        { name: "Phone" },
        (options) => new Authenticator().create(options),
        headers,
      ),
    status: 200,
    state: () => rowsOf("passkeys", name),
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await rowsOf("passkeys", name), context).toBeGreaterThanOrEqual(1);
    },
  };
}

async function makingCodes(): Promise<Act> {
  const { name, cookie } = await createUser();
  const kept = async () =>
    (
      await env.DB.prepare("SELECT hash FROM recovery_codes WHERE account = ?")
        .bind(await accountId(name))
        .all()
    ).results;
  return {
    send: () => postForm("/security/recovery-codes", {}, { Cookie: cookie }),
    status: 200,
    state: kept,
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await kept(), context).toHaveLength(10);
      if (!response) return;
      const code = firstCode(await response.text());
      await expectSignedIn(name, await postForm("/recover", { name, code }), context);
    },
  };
}

const firstCode = (html: string): string => /<li>\s*([\w-]+)\s*<\/li>/.exec(html)?.[1] ?? "";

async function someoneWithCode(): Promise<TestUser & { code: string }> {
  const { name, cookie } = await createUser();
  const page = await postForm("/security/recovery-codes", {}, { Cookie: cookie });
  return { name, cookie, code: firstCode(await page.text()) };
}

async function recovering(): Promise<Act> {
  const { name, code } = await someoneWithCode();
  return {
    send: () => postForm("/recover", { name, code }),
    status: 303,
    state: () => rowsOf("recovery_codes", name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await rowsOf("recovery_codes", name), context).toBe(9);
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function startingAnew(): Promise<Act> {
  const { name, cookie } = await createUser();
  const path = await makeResetLink(env, await accountId(name), Date.now());
  return {
    send: () => postForm(path, {}),
    status: 303,
    state: () => rowsOf("links", name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await passwordOf(name), context).toBeNull();
      expect(await signedInUser(cookie), context).toBe("");
      expect(await rowsOf("sessions", name), context).toBe(1);
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function signingOut(): Promise<Act> {
  const { name, cookie } = await createUser();
  return {
    send: () => postForm("/sign-out", {}, { Cookie: cookie }),
    status: 303,
    state: () => signedInUser(cookie),
    writes: "DB.run",
    expectDone: async (_, context) => {
      expect(await signedInUser(cookie), `${context}: ${name} is signed out`).toBe("");
    },
  };
}

/** Not all of them: each password takes its time to be weighed. */
const SOME_CUTS = CUTS.filter(({ trouble, lasts }) =>
  lasts ? trouble === "lost" : /lost|reset|silent/.test(trouble),
);

describe.each([
  ["Signing up", signingUp],
  ["Signing in", signingIn],
  ["Signing up with a passkey", signingUpWithPasskey],
  ["Signing in with a passkey", signingInWithPasskey],
  ["Adding a passkey", addingPasskey],
  ["Changing the password", changingPassword],
  ["Making recovery codes", makingCodes],
  ["Using a recovery code", recovering],
  ["Using a link", startingAnew],
  ["Signing out", signingOut],
])("%s", (_, ready) => {
  it.each(SOME_CUTS)("at each call: $title", (kind) => cutAtEachCall(kind, ready));
});

describe("What works once", () => {
  /** From a browser, which gets a page. */
  const recover = (name: string, code: string): Promise<Response> =>
    postForm("/recover", { name, code }, { Accept: "text/html" });

  it.each([
    ["at once", { trouble: "lost", isMade: true, lasts: true }],
    ["much later", { trouble: "silent", isMade: true }],
  ] as const)("and was used %s, although nobody could tell, has let in", async (_, kind) => {
    const { name, code } = await someoneWithCode();
    const { calls } = await cutting(null, () => recover("?", code));
    expect(calls).toEqual([]);
    const at = 2; // Whose code it is, whether they may come in: then it is used.
    const seen = await cutting({ ...kind, at }, () => recover(name, code));
    expect([seen.result.status, seen.calls[at]]).toEqual([503, "DB.batch"]);
    await seen.arrive();
    expect(await rowsOf("recovery_codes", name)).toBe(9);
    await expectSignedIn(name, seen.result, "the answer that says that it does not know");
  });

  it("and was not used is still good", async () => {
    const { name, code } = await someoneWithCode();
    const kind = { trouble: "overloaded", lasts: true, at: 2 } as const;
    const { result } = await cutting(kind, () => recover(name, code));
    expect(result.status).toBe(503);
    expect(await signedInUser(sessionCookie(result))).toBe("");
    expect((await recover(name, code)).status).toBe(303);
  });
});

/** Lets something else happen in between, when the next request is about to write. */
function inBetween(act: () => Promise<unknown>): void {
  const batch = env.DB.batch.bind(env.DB);
  const spy = vi.spyOn(env.DB, "batch").mockImplementationOnce(async (statements) => {
    await act();
    return batch(statements);
  });
  onTestFinished(() => spy.mockRestore());
}

describe("A way in that is taken away while somebody comes in by it", () => {
  /** Takes the password away, as it can be done; the cookie is that of who does it. */
  const TAKING: [string, (person: TestUser) => Promise<Response>][] = [
    [
      "changed",
      ({ cookie }) =>
        postForm("/security/password", { password: "a new password" }, { Cookie: cookie }),
    ],
    [
      "removed",
      async ({ cookie }) => {
        await makePasskey("/security/passkeys/add", { name: "b" }, { cookie });
        return postForm("/security/password/remove", {}, { Cookie: cookie });
      },
    ],
    [
      "voided by a link",
      async ({ name }) => postForm(await makeResetLink(env, await accountId(name), Date.now()), {}),
    ],
  ];

  const expectOut = async (name: string, response: Response): Promise<void> => {
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await rowsOf("sessions", name), "only who took it away is in").toBe(1);
  };

  it.each(TAKING)("lets nobody in: a password that is %s", async (_, take) => {
    const person = await someoneQuick();
    inBetween(async () => expect((await take(person)).status).toBe(303));
    const response = await postForm("/sign-in", { name: person.name, password: PASSWORD });
    await expectOut(person.name, response);
    expect(await response.text()).toContain("The name or the password is wrong.");
    const deeds = await activityRows(person.name);
    expect(deeds).not.toContainEqual(expect.objectContaining({ way: "password" }));
  });

  it("lets nobody in: a password, however late the sign-in arrives", async () => {
    const person = await someoneQuick();
    const at = 2; // Who it is, whether the password is right: then they are let in.
    const cut = { trouble: "silent", isMade: true, at } as const;
    const signingIn = () => postForm("/sign-in", { name: person.name, password: PASSWORD });
    const seen = await cutting(cut, signingIn);
    expect([seen.result.status, seen.calls[at]]).toEqual([503, "DB.batch"]);
    const { cookie } = person;
    await postForm("/security/password", { password: "a new password" }, { Cookie: cookie });
    await seen.arrive();
    expect(await rowsOf("sessions", person.name)).toBe(1);
  });

  it("lets nobody in: a passkey", async () => {
    const { name, device, cookie } = await signUpWithPasskey();
    await makePasskey("/security/passkeys/add", { name: "another" }, { cookie });
    const asked = await postJson("/sign-in/passkey", {});
    const credential = await device.get(await asked.json());
    inBetween(() => postForm(`/security/passkeys/${device.id}/remove`, {}, { Cookie: cookie }));
    await expectOut(name, await postJson("/sign-in/passkey", { credential }));
  });

  it("proves nothing", async () => {
    const person = await someoneQuick();
    const provedAt = async () =>
      (await env.DB.prepare("SELECT proved_at FROM sessions WHERE account = ?")
        .bind(await accountId(person.name))
        .first("proved_at")) as number;
    const before = await provedAt();
    const headers = { Cookie: person.cookie };
    inBetween(() => postForm("/security/password", { password: "a new password" }, headers));
    const response = await postForm("/confirm", { password: PASSWORD }, headers);
    expect(response.status).toBe(403);
    expect(await provedAt()).toBe(before);
  });
});

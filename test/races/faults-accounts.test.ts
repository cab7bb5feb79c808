/**
 * Sign-up, sign-in and changes of sign-in methods with a fault at each call to D1 or the user's object:
 * nobody is locked out, no account is without a sign-in method, and no one-time token is used up in
 * vain.
 */

import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createResetLink } from "../../src/accounts/links";
import { Authenticator } from "../support/authenticator";
import { hashPasswordsCheaply } from "../support/cheap-passwords";
import { withFault } from "../support/fault-injection";
import { FAULTS, type FaultCase, testEachFault } from "../support/faults-at-each-call";
import { createPasskey, signUpWithPasskey, signWithPasskey } from "../support/passkeys";
import {
  createUser,
  ORIGIN,
  PASSWORD,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";
import { accountId, activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

// The first passkey loads the library, which is not part of the test.
beforeAll(async () => {
  await signUpWithPasskey();
});

beforeEach(hashPasswordsCheaply);

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

/** For each account of this name, whether it has a password. */
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

async function signingUp(): Promise<FaultCase> {
  const name = uniqueUserName();
  let attempts = 0;
  return {
    send: () => {
      attempts++;
      return postForm("/sign-up", { name, password: PASSWORD });
    },
    status: 303,
    loadState: () => accountsOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await accountsOf(name), context).toEqual([{ hasPassword: 1 }]);
      if (response) await expectSignedIn(name, response, context);
      // After a single answered attempt the account has no other password.
      if (!response || attempts > 1) await expectPassword(name, PASSWORD, context);
    },
  };
}

async function signingIn(): Promise<FaultCase> {
  const { name } = await createUser();
  return {
    send: () => postForm("/sign-in", { name, password: PASSWORD }),
    status: 303,
    expectDone: async (response, context) => {
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function changingPassword(): Promise<FaultCase> {
  const { name, cookie } = await createUser();
  const other = sessionCookie(await submitSignIn(name));
  let attempts = 0;
  const newPassword = () => `another long password, number ${attempts}`;
  const old = await passwordOf(name);
  return {
    send: () => {
      attempts++;
      return postForm("/security/password", { password: newPassword() }, { Cookie: cookie });
    },
    status: 303,
    loadState: () => passwordOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await passwordOf(name), context).not.toBe(old);
      expect(await signedInUser(cookie), `${context}: this session stays`).toBe(name);
      expect(await signedInUser(other), `${context}: other sessions have ended`).toBe("");
      if (!response || attempts > 1) await expectPassword(name, newPassword(), context);
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

/** What /passkeys.js does: gets options, then sends the response. Returns the first failure. */
async function postPasskey(
  path: string,
  fields: object,
  answer: (options: { challenge: string }) => Promise<unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const options = await postJson(path, fields, headers);
  if (options.status !== 200) return options;
  return postJson(path, { ...fields, credential: await answer(await options.json()) }, headers);
}

const countRows = async (table: string, name: string): Promise<number> =>
  Number(
    await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE account = ?`)
      .bind(await accountId(name))
      .first("n"),
  );

async function signingUpWithPasskey(): Promise<FaultCase> {
  const name = uniqueUserName();
  const device = new Authenticator();
  return {
    send: () => postPasskey("/sign-up/passkey", { name }, (options) => device.create(options)),
    status: 200,
    loadState: () => accountsOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await accountsOf(name), context).toEqual([{ hasPassword: 0 }]);
      expect(await countRows("passkeys", name), context).toBe(1);
      if (response) await expectSignedIn(name, response, context);
      const again = await signWithPasskey("/sign-in/passkey", device);
      await expectSignedIn(name, again, context);
    },
  };
}

async function signingInWithPasskey(): Promise<FaultCase> {
  const { name, device } = await signUpWithPasskey();
  return {
    send: () => postPasskey("/sign-in/passkey", {}, (options) => device.get(options)),
    status: 200,
    expectDone: async (response, context) => {
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function addingPasskey(): Promise<FaultCase> {
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
    loadState: () => countRows("passkeys", name),
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await countRows("passkeys", name), context).toBeGreaterThanOrEqual(1);
    },
  };
}

async function creatingCodes(): Promise<FaultCase> {
  const { name, cookie } = await createUser();
  const storedHashes = async () =>
    (
      await env.DB.prepare("SELECT hash FROM recovery_codes WHERE account = ?")
        .bind(await accountId(name))
        .all()
    ).results;
  return {
    send: () => postForm("/security/recovery-codes", {}, { Cookie: cookie }),
    status: 200,
    loadState: storedHashes,
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await storedHashes(), context).toHaveLength(10);
      if (!response) return;
      const code = firstCode(await response.text());
      await expectSignedIn(name, await postForm("/recover", { name, code }), context);
    },
  };
}

const firstCode = (html: string): string => /<li>\s*([\w-]+)\s*<\/li>/.exec(html)?.[1] ?? "";

async function createUserWithCode(): Promise<TestUser & { code: string }> {
  const { name, cookie } = await createUser();
  const page = await postForm("/security/recovery-codes", {}, { Cookie: cookie });
  return { name, cookie, code: firstCode(await page.text()) };
}

async function recovering(): Promise<FaultCase> {
  const { name, code } = await createUserWithCode();
  return {
    send: () => postForm("/recover", { name, code }),
    status: 303,
    loadState: () => countRows("recovery_codes", name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await countRows("recovery_codes", name), context).toBe(9);
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function usingLink(): Promise<FaultCase> {
  const { name, cookie } = await createUser();
  const path = await createResetLink(env, await accountId(name), Date.now());
  return {
    send: () => postForm(path, {}),
    status: 303,
    loadState: () => countRows("links", name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await passwordOf(name), context).toBeNull();
      expect(await signedInUser(cookie), context).toBe("");
      expect(await countRows("sessions", name), context).toBe(1);
      if (response) await expectSignedIn(name, response, context);
    },
  };
}

async function signingOut(): Promise<FaultCase> {
  const { name, cookie } = await createUser();
  return {
    send: () => postForm("/sign-out", {}, { Cookie: cookie }),
    status: 303,
    loadState: () => signedInUser(cookie),
    writes: "DB.run",
    expectDone: async (_, context) => {
      expect(await signedInUser(cookie), `${context}: ${name} is signed out`).toBe("");
    },
  };
}

/** One of each: a call that is not made, one whose answer is lost, one that comes late, and no answers any more. */
const SOME_CUTS = FAULTS.filter(({ kind, isPermanent }) =>
  isPermanent ? kind === "lost" : /lost|reset|silent/.test(kind),
);

describe.each([
  ["Signing up", signingUp],
  ["Signing in", signingIn],
  ["Signing up with a passkey", signingUpWithPasskey],
  ["Signing in with a passkey", signingInWithPasskey],
  ["Adding a passkey", addingPasskey],
  ["Changing the password", changingPassword],
  ["Creating recovery codes", creatingCodes],
  ["Using a recovery code", recovering],
  ["Using a link", usingLink],
  ["Signing out", signingOut],
])("%s", (_, prepare) => testEachFault(async () => prepare, SOME_CUTS));

describe("A one-time token", () => {
  /** As a browser, which gets a page. */
  const recover = (name: string, code: string): Promise<Response> =>
    postForm("/recover", { name, code }, { Accept: "text/html" });

  it.each([
    ["at once", { kind: "lost", takesEffect: true, isPermanent: true }],
    ["much later", { kind: "silent", takesEffect: true }],
  ] as const)("that was used %s, although the answer was lost, has signed in", async (_, kind) => {
    const { name, code } = await createUserWithCode();
    const { calls } = await withFault(null, () => recover("?", code));
    expect(calls).toEqual([]);
    const at = 2; // After finding the code and the account, the token is used.
    const seen = await withFault({ ...kind, at }, () => recover(name, code));
    expect([seen.result.status, seen.calls[at]]).toEqual([503, "DB.batch"]);
    await seen.deliverLate();
    expect(await countRows("recovery_codes", name)).toBe(9);
    await expectSignedIn(name, seen.result, "the answer that the outcome is unknown");
  });

  it("that was not used is still valid", async () => {
    const { name, code } = await createUserWithCode();
    const kind = { kind: "overloaded", isPermanent: true, at: 2 } as const;
    const { result } = await withFault(kind, () => recover(name, code));
    expect(result.status).toBe(503);
    expect(await signedInUser(sessionCookie(result))).toBe("");
    expect((await recover(name, code)).status).toBe(303);
  });
});

/** Runs something else just before the next request writes. */
function runBeforeBatch(act: () => Promise<unknown>): void {
  const batch = env.DB.batch.bind(env.DB);
  const spy = vi.spyOn(env.DB, "batch").mockImplementationOnce(async (statements) => {
    await act();
    return batch(statements);
  });
  onTestFinished(() => spy.mockRestore());
}

describe("A sign-in method that is removed during a sign-in with it", () => {
  /** The ways to remove or replace a password, each in another session. */
  const REMOVALS: [string, (user: TestUser) => Promise<Response>][] = [
    [
      "changed",
      ({ cookie }) =>
        postForm("/security/password", { password: "a new password" }, { Cookie: cookie }),
    ],
    [
      "removed",
      async ({ cookie }) => {
        await createPasskey("/security/passkeys/add", { name: "b" }, { cookie });
        return postForm("/security/password/remove", {}, { Cookie: cookie });
      },
    ],
    [
      "removed by a reset link",
      async ({ name }) =>
        postForm(await createResetLink(env, await accountId(name), Date.now()), {}),
    ],
  ];

  const expectRefused = async (name: string, response: Response): Promise<void> => {
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await countRows("sessions", name), "only the session that removed it").toBe(1);
  };

  it.each(REMOVALS)("does not sign in: a password that is %s", async (_, remove) => {
    const user = await createUser();
    runBeforeBatch(async () => expect((await remove(user)).status).toBe(303));
    const response = await postForm("/sign-in", { name: user.name, password: PASSWORD });
    await expectRefused(user.name, response);
    expect(await response.text()).toContain("The name or password is wrong.");
    const activity = await activityRows(user.name);
    expect(activity).not.toContainEqual(expect.objectContaining({ way: "password" }));
  });

  it("does not sign in: a password, however late the sign-in arrives", async () => {
    const user = await createUser();
    const at = 4; // After loading the account and checking the password, the session starts.
    const fault = { kind: "silent", takesEffect: true, at } as const;
    const signingIn = () => postForm("/sign-in", { name: user.name, password: PASSWORD });
    const seen = await withFault(fault, signingIn);
    expect([seen.result.status, seen.calls[at]]).toEqual([503, "DB.batch"]);
    const { cookie } = user;
    await postForm("/security/password", { password: "a new password" }, { Cookie: cookie });
    await seen.deliverLate();
    expect(await countRows("sessions", user.name)).toBe(1);
  });

  it("does not sign in: a passkey", async () => {
    const { name, device, cookie } = await signUpWithPasskey();
    await createPasskey("/security/passkeys/add", { name: "another" }, { cookie });
    const options = await postJson("/sign-in/passkey", {});
    const credential = await device.get(await options.json());
    runBeforeBatch(() =>
      postForm(`/security/passkeys/remove/${device.id}`, {}, { Cookie: cookie }),
    );
    await expectRefused(name, await postJson("/sign-in/passkey", { credential }));
  });

  it("does not count as authentication", async () => {
    const user = await createUser();
    const authenticatedAt = async () =>
      (await env.DB.prepare("SELECT proved_at FROM sessions WHERE account = ?")
        .bind(await accountId(user.name))
        .first("proved_at")) as number;
    const before = await authenticatedAt();
    const headers = { Cookie: user.cookie };
    runBeforeBatch(() => postForm("/security/password", { password: "a new password" }, headers));
    const response = await postForm("/confirm", { password: PASSWORD }, headers);
    expect(response.status).toBe(403);
    expect(await authenticatedAt()).toBe(before);
  });
});

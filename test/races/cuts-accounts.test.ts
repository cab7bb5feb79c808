/**
 * People sign up, sign in and change their passwords while the connections to D1 or the user's
 * object break, at each call: nobody is locked out, and there is no account without a password.
 */

import { env } from "cloudflare:workers";
import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Act, CUTS, cutAtEachCall } from "../support/cuts";
import { sendWith } from "../support/elsewhere";
import { fromElsewhere, signIn, whoIs } from "../support/people";
import { accountId } from "../support/rows";
import { cookieOf, freshName, ORIGIN, PASSWORD, type Person, signUp } from "../support/world";

const postForm = (
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendWith({})(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: ORIGIN, ...fromElsewhere(), ...headers },
  });

/** Who has a password that can be weighed in no time. */
async function someoneQuick(): Promise<Person> {
  const person = await signUp();
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
  expect(await whoIs(cookieOf(response)), context).toBe(name);
}

async function expectPassword(name: string, password: string, context: string): Promise<void> {
  const response = await signIn(name, password);
  expect(response.status, `${context}: the password is right`).toBe(303);
  await expectSignedIn(name, response, context);
}

async function signingUp(): Promise<Act> {
  const name = freshName();
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
  let tries = 0;
  const wanted = () => `another long password, number ${tries}`;
  const old = await passwordOf(name);
  return {
    send: () => {
      tries++;
      const passwords = { current: PASSWORD, password: wanted() };
      return postForm("/change-password", passwords, { Cookie: cookie });
    },
    status: 303,
    state: () => passwordOf(name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await passwordOf(name), context).not.toBe(old);
      expect(await whoIs(cookie), `${context}: other sessions have ended`).toBe("");
      if (response) await expectSignedIn(name, response, context);
      if (!response || tries > 1) await expectPassword(name, wanted(), context);
    },
  };
}

async function signingOut(): Promise<Act> {
  const { name, cookie } = await signUp();
  return {
    send: () => postForm("/sign-out", {}, { Cookie: cookie }),
    status: 303,
    state: () => whoIs(cookie),
    writes: "DB.run",
    expectDone: async (_, context) => {
      expect(await whoIs(cookie), `${context}: ${name} is signed out`).toBe("");
    },
  };
}

/** Not all of them: each password takes its time to be weighed. */
const SOME_CUTS = CUTS.filter(({ trouble, lasts }) => lasts || /lost|reset|silent/.test(trouble));

describe.each([
  ["Signing up", signingUp],
  ["Signing in", signingIn],
  ["Changing the password", changingPassword],
  ["Signing out", signingOut],
])("%s", (_, ready) => {
  it.each(SOME_CUTS)("at each call: $title", (kind) => cutAtEachCall(kind, ready));
});

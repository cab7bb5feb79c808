/** Administrators, and what they do on their pages. */

import { env } from "cloudflare:workers";
import { createUser, send, sendForm, type TestUser } from "./provider";

/** Somebody who administers the provider, and has just proved who they are. */
export async function administrator(name?: string): Promise<TestUser> {
  const person = await createUser(name);
  await env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE name = ?").bind(person.name).run();
  return person;
}

/** Opens a page as this person. */
export const open = (
  person: TestUser | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  send(path, { headers: { ...(person ? { Cookie: person.cookie } : {}), ...headers } });

/** Sends the form of a page as this person. */
export const act = (
  person: TestUser | null,
  path: string,
  fields: Record<string, string> = {},
): Promise<Response> => sendForm(path, fields, person ? { cookie: person.cookie } : {});

/** Does something with an account: the form at the end of the question. */
export const actOn = (
  admin: TestUser,
  name: string,
  what: string,
  fields: Record<string, string> = {},
): Promise<Response> => act(admin, `/admin/accounts/${name}/${what}`, fields);

/** A row of `accounts`. */
export const accountRow = (name: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare("SELECT * FROM accounts WHERE name = ?").bind(name).first();

/** What stands in the log of administrators, the newest first. */
export async function adminLog(): Promise<
  { admin: string; kind: string; account: string | null; detail: string }[]
> {
  const { results } = await env.DB.prepare(
    "SELECT admin, kind, account, detail FROM admin_log ORDER BY at DESC, id DESC",
  ).all<{ admin: string; kind: string; account: string | null; detail: string }>();
  return results;
}

/** The last time that somebody on this browser proved who they are is long ago. */
export const forgetProofs = (): Promise<unknown> =>
  env.DB.prepare("UPDATE sessions SET proved_at = 0").run();

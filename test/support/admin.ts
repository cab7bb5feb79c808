/** Administrators, and requests to the administration pages. */

import { env } from "cloudflare:workers";
import { createUser, send, sendForm, type TestUser } from "./provider";

/** Creates an administrator who has just signed in. */
export async function createAdministrator(name?: string): Promise<TestUser> {
  const user = await createUser(name);
  await env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE name = ?").bind(user.name).run();
  return user;
}

/** Opens a page as this user; null: without a session. */
export const openPage = (
  user: TestUser | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  send(path, { headers: { ...(user ? { Cookie: user.cookie } : {}), ...headers } });

/** Submits the form of a page as this user; null: without a session. */
export const submitForm = (
  user: TestUser | null,
  path: string,
  fields: Record<string, string> = {},
): Promise<Response> => sendForm(path, fields, user ? { cookie: user.cookie } : {});

/** Performs an action on an account: submits its confirmation form. */
export const submitAction = (
  admin: TestUser,
  name: string,
  action: string,
  fields: Record<string, string> = {},
): Promise<Response> => submitForm(admin, `/admin/accounts/${name}/${action}`, fields);

/** The account's row in D1, null if not found. */
export const loadAccountRow = (name: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare("SELECT * FROM accounts WHERE name = ?").bind(name).first();

/** The entries of the audit log, newest first. */
export async function loadAuditLog(): Promise<
  { admin: string; kind: string; account: string | null; detail: string }[]
> {
  const { results } = await env.DB.prepare(
    "SELECT admin, kind, account, detail FROM admin_log ORDER BY at DESC, id DESC",
  ).all<{ admin: string; kind: string; account: string | null; detail: string }>();
  return results;
}

/** Makes the last authentication of all sessions a long time ago. */
export const expireReauthentication = (): Promise<unknown> =>
  env.DB.prepare("UPDATE sessions SET proved_at = 0").run();

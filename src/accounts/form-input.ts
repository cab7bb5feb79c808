/** What people type into the forms of accounts, as it is meant. */

import { settings } from "../env";
import { resolveOrigins, safeRedirectPath } from "../http/hosts";
import type { AccountContext } from "./pages/fields";

/** People may give their whole address for their name. */
export function userOf(c: AccountContext, raw: string): string {
  const { host } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
  const name = raw.trim();
  return name.toLowerCase().endsWith(`@${host}`) ? name.slice(0, -host.length - 1) : raw;
}

/** Where to go then: a path of ours. */
export const nextOf = (c: AccountContext, path: unknown): string =>
  safeRedirectPath(c.req.url, typeof path === "string" ? path : undefined);

/** What a passkey is to be called; `fallback` where nothing is left of it. */
export const passkeyName = (raw: unknown, fallback: string): string =>
  [...(typeof raw === "string" ? raw.trim() : "")].slice(0, MAX_PASSKEY_NAME).join("") || fallback;

export const MAX_PASSKEY_NAME = 60;

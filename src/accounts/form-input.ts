/** Parses the input of the account forms. */

import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { isOwnHost, normalizeHost, safeRedirectPath } from "../http/hosts";

export const MAX_PASSKEY_NAME_LENGTH = 60;

/** Parses a user name; a whole address, user@host, counts as its user name. */
export function parseUserInput(c: HonoContext, raw: string): string {
  const [, name, rawHost = ""] = /^(.*)@(.*)$/s.exec(raw.trim()) ?? [];
  const host = normalizeHost(rawHost);
  const isOwn = host !== null && isOwnHost(host, c.req.url, settings(c.env));
  return name !== undefined && isOwn ? name : raw;
}

/** The path to continue to, which is always on this provider. */
export const nextPath = (c: HonoContext, path: unknown): string =>
  safeRedirectPath(c.req.url, typeof path === "string" ? path : undefined);

/** The name for a passkey, shortened to fit; `fallback` if it is empty. */
export const parsePasskeyName = (raw: unknown, fallback: string): string =>
  [...(typeof raw === "string" ? raw.trim() : "")].slice(0, MAX_PASSKEY_NAME_LENGTH).join("") ||
  fallback;

/** Parses the input of the account forms. */

import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { normalizeHost, resolveOrigins, safeRedirectPath } from "../http/hosts";

export const MAX_PASSKEY_NAME_LENGTH = 60;

/** Parses a user name; a whole address, user@host, counts as its user name. */
export function parseUserInput(c: HonoContext, raw: string): string {
  const { host } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
  const [, name, rawHost = ""] = /^(.*)@(.*)$/s.exec(raw.trim()) ?? [];
  return name !== undefined && normalizeHost(rawHost) === host ? name : raw;
}

/** The path to continue to, which is always on this provider. */
export const nextPath = (c: HonoContext, path: unknown): string =>
  safeRedirectPath(c.req.url, typeof path === "string" ? path : undefined);

/** The name for a passkey, shortened to fit; `fallback` if it is empty. */
export const parsePasskeyName = (raw: unknown, fallback: string): string =>
  [...(typeof raw === "string" ? raw.trim() : "")].slice(0, MAX_PASSKEY_NAME_LENGTH).join("") ||
  fallback;

/** Device authorization, for devices without a browser: RFC 8628. */

import type { Account } from "../../accounts/accounts";
import { insertActivity, newActivityEntry } from "../../accounts/activity";
import { formatScopes, minimizeScopes, parseScopes, type Scope } from "../../core/scope";
import { randomBelow, randomId, randomSecret, sha256 } from "../../core/secrets";
import type { Env } from "../../env";
import { isProgramName } from "../app-identity";
import {
  type DeviceRow,
  decideDevice,
  insertDevice,
  isDecidedBy,
  loadDevice,
  loadPendingDevice,
  recordPoll,
  redeemDeviceCode,
} from "../db/devices";
import type { StoreSuccessor } from "../db/single-use";
import { isReplay, redeem, revokeReplayedGrant } from "./redemption";
import { invalidGrant, type TokenError, type TokenOutcome } from "./token-response";

const DEVICE_CODE_LIFETIME_SECONDS = 600;
const POLL_INTERVAL_SECONDS = 5;

/** RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests" */
const SLOW_DOWN_SECONDS = 5;

/** RFC 8628 §6.1: no vowels, so that codes are not words, and no letter that looks like a digit. */
const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH = 8;

/** Scopes that a device may ask for, and how long they are together: anyone can store them. */
const MAX_DEVICE_SCOPES = 16;
const MAX_DEVICE_SCOPE_LENGTH = 512;

/** Device authorization response: RFC 8628 §3.2. */
interface DeviceAuthorizationResponse {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  /** Seconds. */
  expires_in: number;
  /** Seconds between two polls. */
  interval: number;
}

/**
 * Starts a device authorization. The `client_id` is the device's name for itself; it is not verified,
 * and the page says so. Refuses with `invalid_request` when the name cannot be displayed, with
 * `invalid_scope` when the scope is malformed or too long, and with `slow_down` when there are too many
 * devices, of this client address or in all.
 */
export async function startDeviceAuthorization(
  env: Env,
  pages: string,
  { clientId, scope, client }: { clientId: string | null; scope: string | null; client: string },
  now: number,
): Promise<{ ok: true; response: DeviceAuthorizationResponse } | { ok: false; error: TokenError }> {
  if (clientId === null || !isProgramName(clientId)) {
    const error_description =
      "client_id must be the name of the device: 1 to 50 letters, digits, spaces and . _ - ' ( ) +";
    return { ok: false, error: { error: "invalid_request", error_description } };
  }
  const scopes = minimizeScopes(parseScopes(scope ?? "") ?? []);
  const formatted = formatScopes(scopes);
  const isTooLong = scopes.length > MAX_DEVICE_SCOPES || formatted.length > MAX_DEVICE_SCOPE_LENGTH;
  if (scopes.length === 0 || isTooLong) {
    const error_description = `scope must be a list such as 'notes:rw photos:r', of at most ${MAX_DEVICE_SCOPES} modules and ${MAX_DEVICE_SCOPE_LENGTH} characters.`;
    return { ok: false, error: { error: "invalid_scope", error_description } };
  }
  const deviceCode = randomSecret();
  const device = {
    hash: await sha256(deviceCode),
    name: clientId,
    scope: formatted,
    interval: POLL_INTERVAL_SECONDS,
    expiresAt: now + DEVICE_CODE_LIFETIME_SECONDS * 1000,
    client,
  };
  const userCode = await insertUniqueDevice(env, device, now);
  if (userCode === null) {
    const error_description = "Too many devices are waiting for a decision.";
    return { ok: false, error: { error: "slow_down", error_description } };
  }
  const verification_uri = `${pages}/device`;
  const response = {
    device_code: deviceCode,
    user_code: formatUserCode(userCode),
    verification_uri,
    verification_uri_complete: `${verification_uri}?user_code=${formatUserCode(userCode)}`,
    expires_in: DEVICE_CODE_LIFETIME_SECONDS,
    interval: POLL_INTERVAL_SECONDS,
  };
  return { ok: true, response };
}

/**
 * Inserts a device with a user code that no other device has. Returns the user code; null if there are
 * too many devices.
 */
async function insertUniqueDevice(
  env: Env,
  device: Omit<Parameters<typeof insertDevice>[1], "userCode">,
  now: number,
): Promise<string | null> {
  for (;;) {
    const userCode = randomUserCode();
    const outcome = await insertDevice(env.DB, { ...device, userCode }, now);
    if (outcome !== "code-taken") return outcome === "inserted" ? userCode : null;
  }
}

const randomUserCode = (): string =>
  Array.from(
    { length: USER_CODE_LENGTH },
    () => USER_CODE_LETTERS[randomBelow(USER_CODE_LETTERS.length)],
  ).join("");

/** Formats a user code to be read easily: "BCDF-GHJK". */
export const formatUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;

/**
 * Parses a user code in any case, with any punctuation (RFC 8628 §6.1). Returns null if it cannot be
 * one.
 */
export function parseUserCode(typed: string): string | null {
  const code = typed.toUpperCase().replace(/[\s\p{P}]/gu, "");
  const isCode =
    code.length === USER_CODE_LENGTH && [...code].every((c) => USER_CODE_LETTERS.includes(c));
  return isCode ? code : null;
}

/** A device that waits for the user's decision. */
export interface PendingDevice {
  /** Hash of its device code. */
  hash: string;
  name: string;
  scopes: Scope[];
}

/** Finds a pending device by what the user typed. Returns null if not found, expired or decided. */
export async function findPendingDevice(
  env: Env,
  typed: string,
  now: number,
): Promise<PendingDevice | null> {
  const code = parseUserCode(typed);
  const row = code === null ? null : await loadPendingDevice(env.DB, code, now);
  const scopes = row && parseScopes(row.scope);
  return row && scopes ? { hash: row.hash, name: row.name, scopes } : null;
}

/**
 * Allows a device access. Resolves to `gone` if it was already decided or has expired, to `too-many` if
 * the account has as many grants as it may have.
 */
export function allowDevice(
  env: Env,
  account: Account,
  device: PendingDevice,
  consent: { scopes: Scope[]; expiresAt: number | null },
  now: number,
): ReturnType<typeof decideDevice> {
  const granted = formatScopes(consent.scopes);
  const decision = {
    account: account.id,
    grantId: randomId(),
    granted,
    grantExpiresAt: consent.expiresAt,
  };
  const event = { kind: "app-allowed", app: device.name, scope: granted } as const;
  const entry = newActivityEntry(event, now);
  const isDecided = isDecidedBy(device.hash, decision.grantId);
  const activity = insertActivity(env.DB, account.id, entry, isDecided);
  return decideDevice(env.DB, device.hash, decision, [activity], now);
}

/** Denies a device access. Returns false if it was already decided or has expired. */
export async function denyDevice(
  env: Env,
  account: Account,
  device: PendingDevice,
  now: number,
): Promise<boolean> {
  const denial = { account: account.id, grantId: randomId(), granted: null, grantExpiresAt: null };
  return (await decideDevice(env.DB, device.hash, denial, [], now)) === "done";
}

/**
 * Redeems a device code, or says why it cannot be redeemed yet. Refuses with
 * - `authorization_pending` or `slow_down` until the user decides,
 * - `access_denied` when the user has denied it,
 * - `expired_token` when the code has expired,
 * - `invalid_grant` when the code is unknown, another device's or used. A used code revokes its grant,
 *   unless it is sent again at once.
 */
export async function exchangeDeviceCode(
  env: Env,
  deviceCode: string,
  clientId: string,
  now: number,
): Promise<TokenOutcome> {
  const row = await loadDevice(env.DB, await sha256(deviceCode));
  if (row === null || row.name !== clientId) return invalidGrant("The device code is invalid.");
  const { account, user, grantId, granted } = row;
  if (account !== null && grantId !== null && (await isReplay(env, row, now))) {
    return revokeReplayedGrant(env, { account, grantId }, now);
  }
  if (row.successor === null && row.expiresAt <= now) {
    return refuse("expired_token", "The device code has expired.");
  }
  if (account === null) return pendingResponse(env, row, now);
  if (user === null || grantId === null || granted === null) {
    return refuse("access_denied", "The user denied the request.");
  }
  const store: StoreSuccessor = (refresh) => redeemDeviceCode(env.DB, row.hash, refresh, now);
  return redeem(env, deviceCode, { ...row, account, user, grantId }, granted, store, now);
}

async function pendingResponse(env: Env, row: DeviceRow, now: number): Promise<TokenOutcome> {
  const isTooFast = row.polledAt !== null && now < row.polledAt + row.interval * 1000;
  const interval = row.interval + (isTooFast ? SLOW_DOWN_SECONDS : 0);
  await recordPoll(env.DB, row, interval, now);
  return isTooFast
    ? refuse("slow_down", `Poll at most every ${interval} seconds.`)
    : refuse("authorization_pending", "The user has not decided yet.");
}

const refuse = (error: TokenError["error"], error_description: string): TokenOutcome => ({
  ok: false,
  error: { error, error_description },
});

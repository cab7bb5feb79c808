/** Devices without a browser ask for access by a code that a person types: RFC 8628. */

import type { Account } from "../accounts/accounts";
import { entryOf, insertActivity } from "../accounts/activity";
import { isDisplayable } from "../core/names";
import { formatScopes, parseScopes, type Scope } from "../core/scope";
import { randomBelow, randomId, randomSecret, sha256 } from "../core/secrets";
import type { Env } from "../env";
import { minimizeScopes } from "./consent-answer";
import {
  type DeviceRow,
  decideDevice,
  insertDevice,
  isDecidedBy,
  loadDevice,
  loadPendingDevice,
  recordPoll,
  redeemDeviceCode,
} from "./db/devices";
import {
  createRefreshToken,
  createTokenResponse,
  invalidGrant,
  revokeReplayedGrant,
  type TokenError,
  type TokenOutcome,
} from "./token-response";

const DEVICE_CODE_LIFETIME_SECONDS = 600;
const POLL_INTERVAL_SECONDS = 5;

/** RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests" */
const SLOW_DOWN_SECONDS = 5;

/** RFC 8628 §6.1: no vowels, so that no word comes of it, and nothing that looks like a digit. */
const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH = 8;

/** What a device may call itself: one short line of letters, digits and a few signs. */
const DEVICE_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._'()+-]{0,48}[\p{L}\p{M}\p{N}.)+])?$/u;

/** RFC 8628 §3.2. */
interface DeviceAuthorizationResponse {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  /** Seconds. */
  expires_in: number;
  interval: number;
}

/**
 * Takes a device's request for access. Its `client_id` is what it calls itself; nobody has checked
 * that, and people are told so. Refuses with `invalid_request` a name that could not be shown, with
 * `invalid_scope` what is no scope.
 */
export async function authorizeDevice(
  env: Env,
  pages: string,
  { clientId, scope }: { clientId: string | null; scope: string | null },
  now: number,
): Promise<{ ok: true; response: DeviceAuthorizationResponse } | { ok: false; error: TokenError }> {
  if (clientId === null || !DEVICE_NAME.test(clientId) || !isDisplayable(clientId)) {
    const error_description =
      "client_id is what the device calls itself: 1 to 50 letters, digits, spaces and . _ - ' ( ) +";
    return { ok: false, error: { error: "invalid_request", error_description } };
  }
  const scopes = parseScopes(scope ?? "");
  if (scopes === null) {
    const error_description = "scope is not a list such as 'notes:rw photos:r'.";
    return { ok: false, error: { error: "invalid_scope", error_description } };
  }
  const device = {
    name: clientId,
    scope: formatScopes(minimizeScopes(scopes)),
    interval: POLL_INTERVAL_SECONDS,
    expiresAt: now + DEVICE_CODE_LIFETIME_SECONDS * 1000,
  };
  const deviceCode = randomSecret();
  const userCode = await insertUniqueDevice(env, { ...device, hash: await sha256(deviceCode) });
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

/** Returns the code that the person has to type: one that no other device has. */
async function insertUniqueDevice(
  env: Env,
  device: Omit<Parameters<typeof insertDevice>[1], "userCode">,
): Promise<string> {
  for (;;) {
    const userCode = randomUserCode();
    if (await insertDevice(env.DB, { ...device, userCode })) return userCode;
  }
}

const randomUserCode = (): string =>
  Array.from(
    { length: USER_CODE_LENGTH },
    () => USER_CODE_LETTERS[randomBelow(USER_CODE_LETTERS.length)],
  ).join("");

/** The code as it is read best: "BCDF-GHJK". */
export const formatUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;

/** RFC 8628 §6.1: what was typed in any case, with whatever signs between; null: no such code. */
export function parseUserCode(typed: string): string | null {
  const code = typed.toUpperCase().replace(/[\s\p{P}]/gu, "");
  const isCode =
    code.length === USER_CODE_LENGTH && [...code].every((c) => USER_CODE_LETTERS.includes(c));
  return isCode ? code : null;
}

/** A device that waits for an answer. */
export interface PendingDevice {
  /** Hash of its device code. */
  hash: string;
  name: string;
  scopes: Scope[];
}

/** Who waits behind the code that somebody typed; null: nobody, or not any more. */
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

/** Allows a device what is left of its wish. False if somebody else was first, or it is too late. */
export function allowDevice(
  env: Env,
  account: Account,
  device: PendingDevice,
  allowed: { scopes: Scope[]; expiresAt: number | null },
  now: number,
): Promise<boolean> {
  const granted = formatScopes(allowed.scopes);
  const deed = { kind: "app-allowed", app: device.name, scope: granted } as const;
  const answer = {
    account: account.id,
    grantId: randomId(),
    granted,
    grantExpiresAt: allowed.expiresAt,
  };
  const isTaken = isDecidedBy(device.hash, answer.grantId);
  const deeds = [insertActivity(env.DB, account.id, entryOf(deed, now), isTaken)];
  return decideDevice(env.DB, device.hash, answer, deeds, now);
}

/** Denies it. False likewise. */
export const denyDevice = (
  env: Env,
  account: Account,
  device: PendingDevice,
  now: number,
): Promise<boolean> => {
  const answer = { account: account.id, grantId: randomId(), granted: null, grantExpiresAt: null };
  return decideDevice(env.DB, device.hash, answer, [], now);
};

/**
 * Answers a device that asks whether it was allowed. Refuses with `authorization_pending` or
 * `slow_down` while nobody has answered, with `access_denied` and `expired_token`, and with
 * `invalid_grant` a code that is unknown, of another device, or used: that revokes its grant.
 */
export async function exchangeDeviceCode(
  env: Env,
  deviceCode: string,
  clientId: string,
  now: number,
): Promise<TokenOutcome> {
  const row = await loadDevice(env.DB, await sha256(deviceCode));
  if (row === null || row.name !== clientId) return invalidGrant("The device code is not valid.");
  const { account, user, grantId, granted, grantExpiresAt } = row;
  if (account !== null && grantId !== null && row.successor !== null) {
    return revokeReplayedGrant(env, { account, grantId }, now);
  }
  if (row.expiresAt <= now) return refuse("expired_token", "The device code has expired.");
  if (account === null) return pendingResponse(env, row, now);
  if (user === null || grantId === null || granted === null) {
    return refuse("access_denied", "The person has refused.");
  }
  const redeemed = { account, user, grantId, grantExpiresAt };
  const refresh = await createRefreshToken(env, grantExpiresAt, now);
  // Signed first: if no key can be read, the code is not used up for nothing.
  const response = await createTokenResponse(env, redeemed, refresh.token, granted, now);
  const isFirst = await redeemDeviceCode(env.DB, row.hash, refresh, now);
  return isFirst ? response : revokeReplayedGrant(env, redeemed, now);
}

async function pendingResponse(env: Env, row: DeviceRow, now: number): Promise<TokenOutcome> {
  const isTooFast = row.polledAt !== null && now < row.polledAt + row.interval * 1000;
  const interval = row.interval + (isTooFast ? SLOW_DOWN_SECONDS : 0);
  await recordPoll(env.DB, row, interval, now);
  return isTooFast
    ? refuse("slow_down", `Ask again every ${interval} seconds at most.`)
    : refuse("authorization_pending", "The person has not answered yet.");
}

const refuse = (error: TokenError["error"], error_description: string): TokenOutcome => ({
  ok: false,
  error: { error, error_description },
});

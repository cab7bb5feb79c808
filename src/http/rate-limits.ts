/** Rate limits: Cloudflare's for sign-in and sign-up, and our own for everything else. */

import type { Next } from "hono";
import { MAX_USER_NAME_LENGTH } from "../core/names";
import type { Refusal } from "../core/refusals";
import { type Env, settings } from "../env";
import { type Bucket, consume, fill, type Rate, refuseIfFull } from "./buckets";
import type { HonoContext } from "./context";
import { forwardedAddress, isBehindCloudflare } from "./hosts";
import { refusalResponse } from "./refusals";

/** The period of the rate limits in wrangler.toml. */
export const RATE_LIMIT_PERIOD_SECONDS = 60;

/**
 * Counts a request of this client address towards one of Cloudflare's rate limits. Returns whether it
 * is within the limit.
 */
export async function isWithinRateLimit(c: HonoContext, limit: RateLimit): Promise<boolean> {
  const { success } = await limit.limit({ key: clientAddressKey(c) });
  return success;
}

/**
 * Bursts, in seconds of the sustained rate. They are long, because a first sync requests thousands of
 * documents as fast as it can, and an app that is refused stalls.
 */
const BURST_SECONDS = 100;

/** Bytes of messages that an app may exchange for each request of its sustained rate. */
const BYTES_PER_REQUEST = 16 * 1024;

/** Bytes of messages that an app may exchange at once: more than the largest message has. */
const BYTE_BURST = 48 * 1024 * 1024;

/** Folders above a document that a write may change at no charge: more than apps commonly have. */
const FREE_FOLDERS = 8;

/**
 * Folders beyond them, of all writes of an account: each is a row that D1 changes, one after the other
 * for all accounts. An app may use half of them, so that it does not keep the others from writing.
 */
const FOLDER_RATE: Rate = { perSecond: 500, burst: 5000 };
const FOLDER_RATE_OF_APP: Rate = { perSecond: 250, burst: 2500 };

/** Forms and exports of a signed-in user: nobody fills in forms faster for long. */
const FORM_RATE: Rate = { perSecond: 0.5, burst: 300 };

/** §14: misses in the public folders of a user that an address may have before it counts as guessing. */
const MISS_RATE: Rate = { perSecond: 0.5, burst: 60 };

/** An app: the ids of its grant and of the account. */
interface AppClaims {
  grant: string;
  account: string;
}

/**
 * Counts a request of an app with a valid token, or one that stands for several. Returns null, or the
 * refusal.
 */
export function limitApp(
  env: Env,
  { grant, account }: AppClaims,
  now: number,
  cost = 1,
): Refusal | null {
  const { REQUESTS_PER_SECOND: perSecond } = settings(env);
  return consume(
    [
      { name: `app ${grant}`, rate: sustainedRate(perSecond), cost },
      { name: `account ${account}`, rate: sustainedRate(2 * perSecond), cost },
    ],
    now,
  );
}

/**
 * Counts the folders above a document that is to be written, beyond a few. Returns null, or the
 * refusal.
 */
export function limitFolders(
  { grant, account }: AppClaims,
  folders: number,
  now: number,
): Refusal | null {
  const cost = folders - FREE_FOLDERS;
  if (cost <= 0) return null;
  return consume(
    [
      { name: `folders of app ${grant}`, rate: FOLDER_RATE_OF_APP, cost },
      { name: `folders of account ${account}`, rate: FOLDER_RATE, cost },
    ],
    now,
  );
}

/**
 * Counts bytes that an app exchanges with the server in messages. Returns null, or the refusal, and then
 * counts nothing. Even zero bytes are refused while the app has exceeded its limit by `recordBytes`.
 */
export const limitBytes = (
  env: Env,
  claims: AppClaims,
  bytes: number,
  now: number,
): Refusal | null => consume(byteBuckets(env, claims, bytes), now);

/** Counts bytes that have to be sent to an app, even beyond its limit: then the next ones have to wait. */
export function recordBytes(env: Env, claims: AppClaims, bytes: number, now: number): void {
  for (const bucket of byteBuckets(env, claims, bytes)) fill(bucket, now);
}

function byteBuckets(env: Env, { grant, account }: AppClaims, bytes: number): Bucket[] {
  const perSecond = settings(env).REQUESTS_PER_SECOND * BYTES_PER_REQUEST;
  const rate = { perSecond, burst: BYTE_BURST, maxDebt: BYTE_BURST };
  const accountRate = { perSecond: 2 * perSecond, burst: 2 * BYTE_BURST, maxDebt: BYTE_BURST };
  return [
    { name: `bytes of app ${grant}`, rate, cost: bytes },
    { name: `bytes of account ${account}`, rate: accountRate, cost: bytes },
  ];
}

/** Counts a form or an export of a signed-in user. Returns null, or the refusal. */
export const limitUser = (account: string, now: number): Refusal | null =>
  consume([{ name: `user ${account}`, rate: FORM_RATE }], now);

/**
 * Counts a request of the user's own for documents, on the pages: like one of an app. Returns null, or the
 * refusal.
 */
export const limitOwnDocuments = (env: Env, account: string, now: number): Refusal | null =>
  limitApp(env, pagesOf(account), now);

/** Counts the folders above a document that the user writes on the pages, as `limitFolders` does. */
export const limitOwnFolders = (account: string, folders: number, now: number): Refusal | null =>
  limitFolders(pagesOf(account), folders, now);

const pagesOf = (account: string): AppClaims => ({ grant: `pages of ${account}`, account });

/**
 * Counts an exchange of a refresh token, each of which leaves a row for a week. Allows an account as many as fifty
 * apps need, and some at once; an app half of them, so that none keeps the others from renewing their access.
 * Returns null, or the refusal.
 */
export function limitTokenRefresh(
  env: Env,
  { grant, account }: AppClaims,
  now: number,
): Refusal | null {
  const perSecond = 50 / settings(env).ACCESS_TOKEN_SECONDS;
  return consume(
    [
      { name: `refresh of app ${grant}`, rate: { perSecond: perSecond / 2, burst: 150 } },
      { name: `refresh ${account}`, rate: { perSecond, burst: 300 } },
    ],
    now,
  );
}

/** Counts a request without a valid token. Returns null, or the refusal. */
export const limitAnonymous = (c: HonoContext, now: number): Refusal | null =>
  consume(
    [
      {
        name: `address ${clientAddressKey(c)}`,
        isAnonymous: true,
        rate: sustainedRate(settings(c.env).REQUESTS_PER_SECOND / 2),
      },
    ],
    now,
  );

/**
 * Refuses an address with too many misses in the public folders of a user. Counts nothing. Returns null,
 * or the refusal.
 */
export const blockGuessing = (c: HonoContext, user: string, now: number): Refusal | null =>
  refuseIfFull(missBucket(c, user), now);

/** Counts an anonymous request for a public document of a user that does not exist. Returns null, or the refusal. */
export const recordMiss = (c: HonoContext, user: string, now: number): Refusal | null =>
  consume([missBucket(c, user)], now);

const missBucket = (c: HonoContext, user: string): Bucket => ({
  // Whatever is longer is no user's name.
  name: `miss ${clientAddressKey(c)} ${user.slice(0, MAX_USER_NAME_LENGTH + 1)}`,
  isAnonymous: true,
  rate: MISS_RATE,
});

/** Middleware: applies `limitAnonymous` to all routes of an area. */
export async function limitAnonymousRequests(
  c: HonoContext,
  next: Next,
): Promise<Response | undefined> {
  const refusal = limitAnonymous(c, Date.now());
  if (refusal) return refusalResponse(refusal);
  await next();
}

const sustainedRate = (perSecond: number): Rate => ({
  perSecond,
  burst: perSecond * BURST_SECONDS,
});

/**
 * The client that a limit applies to: its IPv4 address, or the /64 of its IPv6 address, all of which
 * one subscriber has. It is known from Cloudflare's edge, or from a proxy that is trusted; otherwise all clients
 * share the key "local", because a header could be forged.
 */
export function clientAddressKey(c: HonoContext): string {
  const address = clientAddress(c) ?? "local";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const headGroups = head.split(":").filter(Boolean);
  const tailGroups = tail?.split(":").filter(Boolean) ?? [];
  const zeros = Array<string>(Math.max(0, 8 - headGroups.length - tailGroups.length)).fill("0");
  return [...headGroups, ...zeros, ...tailGroups].slice(0, 4).join(":");
}

function clientAddress(c: HonoContext): string | null {
  if (isBehindCloudflare(c)) return c.req.header("cf-connecting-ip") || null;
  return settings(c.env).TRUST_PROXY === "yes" ? forwardedAddress(c.req.raw.headers) : null;
}

/** How often one may knock: the limits of the platform for forms, and our own for everything else. */

import type { Next } from "hono";
import type { Refusal } from "../core/refusals";
import { type Env, settings } from "../env";
import type { HonoContext } from "./context";
import { isBehindCloudflare } from "./hosts";
import { refusalResponse } from "./refusals";

/** The period of the limits in wrangler.toml. */
export const RATE_LIMIT_PERIOD_SECONDS = 60;

/** Whether this client's address still has a try. */
export async function isWithinRateLimit(c: HonoContext, limit: RateLimit): Promise<boolean> {
  const { success } = await limit.limit({ key: clientAddressKey(c) });
  return success;
}

/** How many requests may come for long, and how many at once after a time without any. */
interface Rate {
  perSecond: number;
  burst: number;
}

interface Bucket {
  name: string;
  rate: Rate;
}

/**
 * A first sync asks for thousands of documents as fast as it can, and an app that is refused
 * stalls, so bursts are long: this many seconds of the steady rate.
 */
const BURST_SECONDS = 100;

/** §14: misses of one address in the public folders, before it is taken for somebody who guesses. */
const MISS_RATE: Rate = { perSecond: 0.5, burst: 60 };

/** Buckets that are kept; those that have run empty are dropped first. */
const MAX_BUCKETS = 20_000;

/** Requests take the time when they come and ask later: what differs by more is a clock set back. */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * When each bucket will have run empty (GCRA), milliseconds since 1970. An isolate counts for
 * itself: without a call to the platform, to the second, and able to look without counting.
 */
const arrivalTimes = new Map<string, number>();

/** Takes a request of an app that has shown its token. Null, or the refusal. */
export function limitApp(
  env: Env,
  { grant, account }: { grant: string; account: string },
  now: number,
): Refusal | null {
  const { REQUESTS_PER_SECOND: perSecond } = settings(env);
  return consume(
    [
      { name: `app ${grant}`, rate: steadyRate(perSecond) },
      { name: `account ${account}`, rate: steadyRate(2 * perSecond) },
    ],
    now,
  );
}

/** What somebody who is signed in may send, or take along: nobody fills in forms as fast for long. */
const FORM_RATE: Rate = { perSecond: 0.5, burst: 300 };

/** Takes a form, or an archive, of somebody who is signed in. Null, or the refusal. */
export const limitUser = (account: string, now: number): Refusal | null =>
  consume([{ name: `person ${account}`, rate: FORM_RATE }], now);

/** Takes a request that shows no token, or none that counts. Null, or the refusal. */
export const limitAnonymous = (c: HonoContext, now: number): Refusal | null =>
  consume(
    [
      {
        name: `address ${clientAddressKey(c)}`,
        rate: steadyRate(settings(c.env).REQUESTS_PER_SECOND / 2),
      },
    ],
    now,
  );

/** The refusal of a stranger who has guessed too often at public documents, or null. */
export const blockGuessing = (c: HonoContext, now: number): Refusal | null =>
  rateLimitRefusal(secondsToWait(missBucket(c), now));

/** Counts that a stranger has asked for a public document that is not there. Null, or the refusal. */
export const recordMiss = (c: HonoContext, now: number): Refusal | null =>
  consume([missBucket(c)], now);

const missBucket = (c: HonoContext): Bucket => ({
  name: `guess ${clientAddressKey(c)}`,
  rate: MISS_RATE,
});

/** The limit of strangers for a whole room. */
export async function limitAnonymousRequests(
  c: HonoContext,
  next: Next,
): Promise<Response | undefined> {
  const refusal = limitAnonymous(c, Date.now());
  if (refusal) return refusalResponse(refusal);
  await next();
}

const steadyRate = (perSecond: number): Rate => ({ perSecond, burst: perSecond * BURST_SECONDS });

/** Takes one from each bucket. A request that is refused by any takes nothing. */
function consume(buckets: Bucket[], now: number): Refusal | null {
  const refusal = rateLimitRefusal(
    Math.max(...buckets.map((bucket) => secondsToWait(bucket, now))),
  );
  if (refusal) return refusal;
  if (arrivalTimes.size >= MAX_BUCKETS) evictBuckets(now);
  for (const { name, rate } of buckets) {
    arrivalTimes.set(name, Math.max(arrivalTimes.get(name) ?? 0, now) + 1000 / rate.perSecond);
  }
  return null;
}

/** 0: one more fits in. */
function secondsToWait({ name, rate: { perSecond, burst } }: Bucket, now: number): number {
  const interval = 1000 / perSecond;
  const fullFor = (arrivalTimes.get(name) ?? now) - now - (burst - 1) * interval;
  // A full bucket has room for the next one after an interval; if not, the clock was set back.
  const isSetBack = fullFor > interval + MAX_CLOCK_SKEW_MS;
  if (isSetBack) arrivalTimes.delete(name);
  return isSetBack ? 0 : Math.max(0, Math.ceil(fullFor / 1000));
}

function evictBuckets(now: number): void {
  for (const [bucket, at] of arrivalTimes) if (at <= now) arrivalTimes.delete(bucket);
  if (arrivalTimes.size >= MAX_BUCKETS) arrivalTimes.clear();
}

const rateLimitRefusal = (seconds: number): Refusal | null =>
  seconds === 0
    ? null
    : {
        code: "too-many-requests",
        message: `Too many requests. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
        retryAfterSeconds: seconds,
      };

/**
 * Whom a limit is for: the client's IPv4 address, or the /64 that its IPv6 address is in, for a
 * subscriber has all of it. Without Cloudflare's edge all share one: there the header would be
 * whatever the client says.
 */
export function clientAddressKey(c: HonoContext): string {
  const address = (isBehindCloudflare(c) && c.req.header("cf-connecting-ip")) || "local";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter(Boolean);
  const rest = tail?.split(":").filter(Boolean) ?? [];
  const zeros = Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill("0");
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":");
}

/** Rate limits: Cloudflare's for sign-in and sign-up, and our own for everything else. */

import type { Next } from "hono";
import type { Refusal } from "../core/refusals";
import { type Env, settings } from "../env";
import type { HonoContext } from "./context";
import { isBehindCloudflare } from "./hosts";
import { refusalResponse } from "./refusals";

/** The period of the rate limits in wrangler.toml. */
export const RATE_LIMIT_PERIOD_SECONDS = 60;

/** Counts a request of this client address; whether it is within one of Cloudflare's rate limits. */
export async function isWithinRateLimit(c: HonoContext, limit: RateLimit): Promise<boolean> {
  const { success } = await limit.limit({ key: clientAddressKey(c) });
  return success;
}

/** A sustained rate, and the number of requests that may come at once after a pause. */
interface Rate {
  perSecond: number;
  burst: number;
}

interface Bucket {
  name: string;
  rate: Rate;
}

/**
 * Bursts, in seconds of the sustained rate. They are long, because a first sync requests thousands of
 * documents as fast as it can, and an app that is refused stalls.
 */
const BURST_SECONDS = 100;

/** Forms and exports of a signed-in user: nobody fills in forms faster for long. */
const FORM_RATE: Rate = { perSecond: 0.5, burst: 300 };

/** §14: misses in public folders that an address may have before it counts as guessing. */
const MISS_RATE: Rate = { perSecond: 0.5, burst: 60 };

/** Buckets in memory. Empty ones are evicted first. */
const MAX_BUCKETS = 20_000;

/**
 * Requests take the time when they arrive and are limited later, so times may differ a little. A
 * larger difference means that the clock was set back.
 */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * The theoretical arrival time (GCRA) of each bucket: when it will be empty, milliseconds since 1970.
 * Each isolate counts for itself: that needs no call to the platform, has the precision of a second,
 * and lets `blockGuessing` look without counting.
 */
const arrivalTimes = new Map<string, number>();

/** Counts a request of an app with a valid token. Null, or the refusal. */
export function limitApp(
  env: Env,
  { grant, account }: { grant: string; account: string },
  now: number,
): Refusal | null {
  const { REQUESTS_PER_SECOND: perSecond } = settings(env);
  return consume(
    [
      { name: `app ${grant}`, rate: sustainedRate(perSecond) },
      { name: `account ${account}`, rate: sustainedRate(2 * perSecond) },
    ],
    now,
  );
}

/** Counts a form or an export of a signed-in user. Null, or the refusal. */
export const limitUser = (account: string, now: number): Refusal | null =>
  consume([{ name: `user ${account}`, rate: FORM_RATE }], now);

/** Counts a request without a valid token. Null, or the refusal. */
export const limitAnonymous = (c: HonoContext, now: number): Refusal | null =>
  consume(
    [
      {
        name: `address ${clientAddressKey(c)}`,
        rate: sustainedRate(settings(c.env).REQUESTS_PER_SECOND / 2),
      },
    ],
    now,
  );

/** Refuses an address that has had too many misses in public folders. Counts nothing. */
export const blockGuessing = (c: HonoContext, now: number): Refusal | null =>
  rateLimitRefusal(secondsToWait(missBucket(c), now));

/** Counts an anonymous request for a public document that does not exist. Null, or the refusal. */
export const recordMiss = (c: HonoContext, now: number): Refusal | null =>
  consume([missBucket(c)], now);

const missBucket = (c: HonoContext): Bucket => ({
  name: `miss ${clientAddressKey(c)}`,
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

/** Counts a request in every bucket, or in none if any of them is full. */
function consume(buckets: Bucket[], now: number): Refusal | null {
  const refusal = rateLimitRefusal(
    Math.max(...buckets.map((bucket) => secondsToWait(bucket, now))),
  );
  if (refusal) return refusal;
  if (arrivalTimes.size >= MAX_BUCKETS) evictBuckets(now);
  for (const { name, rate } of buckets) {
    const arrivalTime = Math.max(arrivalTimes.get(name) ?? 0, now);
    arrivalTimes.set(name, arrivalTime + 1000 / rate.perSecond);
  }
  return null;
}

/** Seconds until the bucket admits one more request; 0 if it does now. */
function secondsToWait({ name, rate: { perSecond, burst } }: Bucket, now: number): number {
  const interval = 1000 / perSecond;
  const fullFor = (arrivalTimes.get(name) ?? now) - now - (burst - 1) * interval;
  // A full bucket admits the next request after one interval, unless the clock was set back.
  const isClockSetBack = fullFor > interval + MAX_CLOCK_SKEW_MS;
  if (isClockSetBack) arrivalTimes.delete(name);
  return isClockSetBack ? 0 : Math.max(0, Math.ceil(fullFor / 1000));
}

function evictBuckets(now: number): void {
  for (const [name, arrivalTime] of arrivalTimes) {
    if (arrivalTime <= now) arrivalTimes.delete(name);
  }
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
 * The client that a limit applies to: its IPv4 address, or the /64 of its IPv6 address, all of which
 * one subscriber has. Without Cloudflare's edge all clients share the key "local", because the
 * header could be forged.
 */
export function clientAddressKey(c: HonoContext): string {
  const address = (isBehindCloudflare(c) && c.req.header("cf-connecting-ip")) || "local";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const headGroups = head.split(":").filter(Boolean);
  const tailGroups = tail?.split(":").filter(Boolean) ?? [];
  const zeros = Array<string>(Math.max(0, 8 - headGroups.length - tailGroups.length)).fill("0");
  return [...headGroups, ...zeros, ...tailGroups].slice(0, 4).join(":");
}

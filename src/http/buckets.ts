/** Buckets that fill with requests and drain at a rate (GCRA), in the memory of the isolate. */

import type { Refusal } from "../core/refusals";
import { BoundedMap } from "../platform/bounded-map";

/** A sustained rate of requests, folders or bytes, and how many may come at once after a pause. */
export interface Rate {
  perSecond: number;
  burst: number;
  /** How many more may be counted although the bucket is full: `recordBytes`. */
  maxDebt?: number;
}

/** What counts towards a rate. */
export interface Bucket {
  name: string;
  /** Whether anybody could invent its name: of addresses, and of what they guess. */
  isAnonymous?: boolean;
  rate: Rate;
  /** Requests, folders or bytes to count; one request if it is missing. */
  cost?: number;
}

/** Buckets of each kind in memory. Those that were not filled for longest are evicted. */
const MAX_BUCKETS = 20_000;

/**
 * Requests take the time when they arrive and are limited later, so times may differ a little. A
 * larger difference means that the clock was set back.
 */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * The theoretical arrival time (GCRA) of each bucket: when it will be empty, milliseconds since 1970.
 * Each isolate counts for itself: that needs no call to the platform, has the precision of a second,
 * and lets `blockGuessing` look without counting. The most recently filled bucket is the last. Anonymous
 * ones are apart: however many there are, an app or account that has used up its limit stays limited.
 */
const arrivalTimes = {
  known: new BoundedMap<string, number>(MAX_BUCKETS),
  anonymous: new BoundedMap<string, number>(MAX_BUCKETS),
};

const arrivalTimesFor = ({ isAnonymous }: Bucket): Map<string, number> =>
  isAnonymous ? arrivalTimes.anonymous : arrivalTimes.known;

/** Counts the cost in every bucket, or in none if any of them is full. Returns null, or the refusal. */
export function consume(buckets: Bucket[], now: number): Refusal | null {
  const refusal = rateLimitRefusal(
    Math.max(...buckets.map((bucket) => secondsToWait(bucket, now))),
  );
  if (refusal) return refusal;
  for (const bucket of buckets) fill(bucket, now);
  return null;
}

/** Adds the cost to a bucket, up to its debt. */
export function fill(bucket: Bucket, now: number): void {
  const { name, rate, cost = 1 } = bucket;
  const times = arrivalTimesFor(bucket);
  const arrivalTime = Math.max(times.get(name) ?? 0, now) + (cost * 1000) / rate.perSecond;
  // So that it is evicted last.
  times.delete(name);
  times.set(name, Math.min(arrivalTime, now + fullestFor(rate)));
}

/** Seconds until the bucket admits the cost; 0 if it does now. */
function secondsToWait(bucket: Bucket, now: number): number {
  const { name, rate, cost = 1 } = bucket;
  const times = arrivalTimesFor(bucket);
  const filledFor = (times.get(name) ?? now) - now;
  // No bucket is ever filled for longer, unless the clock was set back.
  const isClockSetBack = filledFor > fullestFor(rate) + MAX_CLOCK_SKEW_MS;
  if (isClockSetBack) times.delete(name);
  const admittedIn = filledFor - ((rate.burst - cost) * 1000) / rate.perSecond;
  return isClockSetBack ? 0 : Math.max(0, Math.ceil(admittedIn / 1000));
}

/** The refusal if the bucket is full, without counting; null: it is not. */
export const refuseIfFull = (bucket: Bucket, now: number): Refusal | null =>
  rateLimitRefusal(secondsToWait(bucket, now));

/** Milliseconds after which a bucket that is as full as it can be is empty. */
const fullestFor = ({ perSecond, burst, maxDebt = 0 }: Rate): number =>
  ((burst + maxDebt) * 1000) / perSecond;

const rateLimitRefusal = (seconds: number): Refusal | null =>
  seconds === 0
    ? null
    : {
        code: "too-many-requests",
        message: `Too many requests. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
        retryAfterSeconds: seconds,
      };

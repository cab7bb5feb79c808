/**
 * Custom hostnames: a user's domain leads here as a whole through Cloudflare for SaaS, which has a certificate for it.
 *
 *   ask       a row in D1, then the custom hostname at Cloudflare, then its id in the row
 *   check     while its page is open, and by the daily job
 *   end       the user ends it, or the domain is not the account's any more, for whatever reason: removed, taken over, not
 *             proved any more, the account deleted. It is deleted at Cloudflare, then its row; at once if the user or an
 *             administrator has done it, otherwise, or if that fails, by the daily job, each day until it succeeds
 *
 * Invariant: each custom hostname that we have made has a row, from before it is made until after it is deleted.
 */

import { DAY_MS, HOUR_MS } from "../core/time";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import {
  type ApiFailure,
  type CustomHostname,
  createCustomHostname,
  deleteCustomHostname,
  findCustomHostname,
  hasCustomHostnames,
  readCustomHostname,
  restartValidation,
} from "./custom-hostnames-api";
import {
  beginHostnameCheck,
  deleteHostnameRow,
  endHostname,
  type HostnameFinding,
  type HostnameRecord,
  loadDueHostnames,
  loadHostname,
  loadUnwantedHostname,
  recordHostname,
  requestHostname,
} from "./db/custom-hostnames";
import { CHECK_PAUSE_SECONDS } from "./domains";
import { isHostnameReady, isStuck } from "./hostname-state";

export type { HostnameRecord };

/** How often one that works is checked. */
const RECHECK_DAYS = 7;

/** After this time a call that has begun makes nothing any more. */
const LATE_MS = HOUR_MS;

/** The calls of one check in the daily job: two to Cloudflare, one to D1, and a retry. */
export const HOSTNAME_CHECK_CALLS = 4;

/**
 * Requests a custom hostname for a user's domain, or has Cloudflare validate it again. Does nothing if the account does
 * not have the domain, or has asked a moment ago. Returns `too-many`, and requests nothing, if there are
 * CUSTOM_HOSTNAMES_MAX of others.
 */
export async function askForHostname(
  env: Env,
  account: string,
  host: string,
  now: number,
): Promise<"asked" | "too-many"> {
  const limit = settings(env).CUSTOM_HOSTNAMES_MAX;
  const notSince = now - CHECK_PAUSE_SECONDS * 1000;
  const record = await requestHostname(env.DB, account, host, { limit, notSince, now });
  if (record === "too-many") return record;
  if (record !== null) {
    // What works is not validated anew, whatever the last call said.
    const isGivenUp = isStuck(record) && !isHostnameReady(record);
    await check(env, record, now, isGivenUp ? restartValidation : readCustomHostname);
  }
  return "asked";
}

/** The custom hostname of a domain; Cloudflare is asked first if it may have changed. Null: there is none. */
export async function checkHostname(
  env: Env,
  account: string,
  host: string,
  now: number,
): Promise<HostnameRecord | null> {
  if (!hasCustomHostnames(env)) return null;
  const known = await loadHostname(env.DB, account, host);
  if (known === null || !isWaiting(known)) return known;
  const notSince = now - CHECK_PAUSE_SECONDS * 1000;
  if ((known.checkedAt ?? 0) > notSince) return known;
  const begun = await beginHostnameCheck(env.DB, account, host, notSince, now);
  return begun === null ? known : await check(env, begun, now, readCustomHostname);
}

/** Whether a custom hostname will change by itself. */
export const isWaiting = (hostname: HostnameRecord): boolean =>
  !isHostnameReady(hostname) && !isStuck(hostname);

/** Deletes the custom hostname of a domain for its user; the storage is no longer served there either. */
export async function stopHostname(env: Env, account: string, host: string): Promise<void> {
  await endHostname(env.DB, account, host);
  await releaseHostname(env, host);
}

/**
 * Deletes the custom hostname of a host at Cloudflare if nobody wants it any more. If that fails, the
 * daily job tries again. At most three calls, not counting retries.
 */
export async function releaseHostname(env: Env, host: string): Promise<void> {
  if (!hasCustomHostnames(env)) return;
  const unwanted = await loadUnwantedHostname(env.DB, host);
  if (unwanted?.id) await deleteById(env, unwanted, unwanted.id);
}

/** For the daily job: checks and deletes at most `limit` of them, with `HOSTNAME_CHECK_CALLS` for each. */
export async function checkDueHostnames(env: Env, now: number, limit: number): Promise<void> {
  for (const record of await loadDueHostnames(env.DB, now, now - LATE_MS, limit)) {
    try {
      if (record.isWanted) await check(env, record, now, readCustomHostname);
      else await deleteUnwanted(env, record, now);
    } catch (error) {
      logWarning(
        "A custom hostname could not be checked; the next daily job will try again.",
        error,
      );
    }
  }
}

/** Makes it if it is not there yet, otherwise asks about it; and records what was found. */
async function check(
  env: Env,
  record: HostnameRecord,
  now: number,
  ask: typeof readCustomHostname,
): Promise<HostnameRecord> {
  const { host, id } = record;
  const answer = await (id === null ? createCustomHostname(env, host) : ask(env, host, id));
  const finding = findingOf(record, answer);
  const next = { ...record, ...finding };
  const nextCheckAt = nextCheckOf(next, now);
  return (await recordHostname(env.DB, record, { ...finding, nextCheckAt }, now)) ?? next;
}

/** A call that has failed says nothing about what was known before. */
function findingOf(
  { id, status, certificateStatus, errors }: HostnameRecord,
  answer: CustomHostname | ApiFailure,
): Omit<HostnameFinding, "nextCheckAt"> {
  if (!("problem" in answer)) return { ...answer, problem: null };
  const { problem } = answer;
  if (problem === "gone") {
    return { id: null, status: "deleted", certificateStatus: "deleted", errors: [], problem: null };
  }
  // What Cloudflare says about the token or the zone is not for users.
  const isAboutName = problem === "refused" || problem === "taken";
  return { id, status, certificateStatus, errors: isAboutName ? answer.errors : errors, problem };
}

/** One that is not made for a reason of the operator's or the network's is tried each day, others when the user asks. */
function nextCheckOf(hostname: HostnameRecord, now: number): number | null {
  if (isHostnameReady(hostname)) return now + RECHECK_DAYS * DAY_MS;
  const { id, problem } = hostname;
  const isFinal = id === null && (problem === null || problem === "refused" || problem === "taken");
  return isFinal ? null : now + DAY_MS;
}

/** One whose id is not known may have been made by a call whose answer was lost. */
async function deleteUnwanted(env: Env, record: HostnameRecord, now: number): Promise<void> {
  if (record.id !== null) return deleteById(env, record, record.id, now);
  const found = await findCustomHostname(env, record.host);
  if (found === null) await deleteHostnameRow(env.DB, record);
  else if ("problem" in found) await recordFailure(env, record, found, now);
  else await deleteById(env, record, found.id, now);
}

async function deleteById(
  env: Env,
  record: HostnameRecord,
  id: string,
  now: number | null = null,
): Promise<void> {
  const failure = await deleteCustomHostname(env, id);
  if (failure === null) await deleteHostnameRow(env.DB, record);
  else if (now !== null) await recordFailure(env, record, failure, now);
}

/** So that others come first the next time. */
const recordFailure = (
  env: Env,
  record: HostnameRecord,
  failure: ApiFailure,
  now: number,
): Promise<unknown> => {
  const finding = findingOf(record, failure);
  return recordHostname(env.DB, record, { ...finding, nextCheckAt: now + DAY_MS }, now);
};

/**
 * The daily job's part: checks the claims that are due, and tells users before a domain stops; then the custom
 * hostnames, which end with their domains.
 */

import { sendEmail } from "../accounts/send-email";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import { callsSoFar } from "../platform/request-context";
import { checkDueHostnames, HOSTNAME_CHECK_CALLS } from "./custom-hostnames";
import { hasCustomHostnames } from "./custom-hostnames-api";
import { type DueClaim, loadDueClaims } from "./db/checks";
import { checkClaim, GRACE_DAYS } from "./domains";
import { EVIDENCE_CALLS } from "./evidence";
import { DOMAIN_MESSAGES } from "./messages";

/** The most claims that one daily job checks, whatever the plan. */
const MAX_CHECKS = 200;

/** A check, its record, an email, and one retry. */
const CALLS_OF_A_CHECK = EVIDENCE_CALLS + 3;

/** For the query, and retries of what came before. */
const SPARE_CALLS = 4;

/** Left for custom hostnames: on the free plan claims would need all calls. */
const CALLS_FOR_HOSTNAMES = SPARE_CALLS + 2 * HOSTNAME_CHECK_CALLS;

/** How many checks the calls allow that the plan has left for this job. */
function affordableChecks(env: Env, callsOfEach: number, reserved: number): number {
  const calls = settings(env).SUBREQUESTS - callsSoFar() - reserved;
  return Math.min(MAX_CHECKS, Math.floor(calls / callsOfEach));
}

/** Checks as many as the plan's calls allow this job. The others wait for the next day. */
export async function checkDomains(env: Env, now: number): Promise<void> {
  await checkDueClaims(env, now);
  if (!hasCustomHostnames(env)) return;
  const limit = affordableChecks(env, HOSTNAME_CHECK_CALLS, SPARE_CALLS);
  if (limit > 0) await checkDueHostnames(env, now, limit);
}

async function checkDueClaims(env: Env, now: number): Promise<void> {
  const reserved = hasCustomHostnames(env) ? CALLS_FOR_HOSTNAMES : 0;
  const limit = affordableChecks(env, CALLS_OF_A_CHECK, SPARE_CALLS + reserved);
  if (limit <= 0) return;
  for (const claim of await loadDueClaims(env.DB, now, limit)) {
    try {
      const outcome = await checkClaim(env, claim, now);
      if (outcome === "failing" || outcome === "stopped") {
        await sendNotice(env, claim, outcome, now).catch((error) =>
          logWarning("An email about a domain was not sent; the activity has it.", error),
        );
      }
    } catch (error) {
      logWarning("A domain could not be checked; the next daily job will try again.", error);
    }
  }
}

/** In all languages, because nobody's is known here. Without an address the activity log has to do. */
async function sendNotice(
  env: Env,
  { host, email }: DueClaim,
  outcome: "failing" | "stopped",
  now: number,
): Promise<void> {
  const { ORIGIN } = settings(env);
  if (email === null) return;
  const link = `${ORIGIN ?? ""}/settings/domains/${host}`;
  const until = new Date(now + GRACE_DAYS * DAY_MS).toISOString().slice(0, 10);
  const texts = Object.values(DOMAIN_MESSAGES).map(({ mail }) => mail[outcome](host, until, link));
  const [{ subject } = { subject: host }] = texts;
  const text = texts.map((one) => one.text).join("\n\n---\n\n");
  await sendEmail(env, { to: email, subject, text }, now);
}

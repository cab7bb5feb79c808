/**
 * The domains of users: claimed, proved, checked again, removed.
 *
 *   add       a claim with a random value; several accounts may claim the same domain
 *   check     the value is in DNS, or in a file of the host: in ONE D1 batch the domain is the account's
 *             another account has it: only if that account's value is gone
 *   each day  claims that are due; once a month those that are proved
 *             not found any more: the user is told; after GRACE_DAYS the domain stops, and is an open claim
 *             never found in CLAIM_DAYS: the claim is deleted
 *
 * Invariant: a domain leads to at most one account. Unless the operator has given it the domain, that
 * account had published its own value there at the last check, or at one in the GRACE_DAYS before.
 */

import { newActivityEntry } from "../accounts/activity";
import { randomId } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { beginCheck, type DomainOwner, recordFailedCheck, recordProof } from "./db/checks";
import {
  type Domain,
  type DomainClaim,
  deleteDomain,
  deleteOldClaims,
  insertClaim,
  loadDomains,
  updateDomainStorage,
} from "./db/domains";
import { type Evidence, findValue, gatherEvidence, isInconclusive, isProved } from "./evidence";

export { type Domain, type DomainClaim, loadDomains, updateDomainStorage };

/** How many domains an account may claim or have. */
export const MAX_DOMAINS = 10;

/** How long a claim waits for its proof. */
export const CLAIM_DAYS = 14;

/** How long a domain goes on after its proof has disappeared. */
export const GRACE_DAYS = 14;

/** How often a proved claim is checked. */
const RECHECK_DAYS = 30;

/** The page checks a claim no more often than this, however often it is loaded. */
export const CHECK_PAUSE_SECONDS = 20;

/** The account whose domain it is: its id and its address at this provider. */
interface Claimant {
  id: string;
  address: string;
}

/**
 * Claims a domain. The value names the address, so that nobody can be made to publish it for another
 * account or at another provider. Returns false if the account may have no more.
 */
export const addDomain = (
  env: Env,
  { id, address }: Claimant,
  host: string,
  now: number,
): Promise<boolean> => {
  const value = `satchel:${address}:${randomId()}`;
  return insertClaim(env.DB, id, { host, value }, MAX_DOMAINS, now);
};

/** A domain or claim of an account. Returns null if it has none with this name. */
export const loadDomain = async (env: Env, account: string, host: string): Promise<Domain | null> =>
  (await loadDomains(env.DB, account, host))[0] ?? null;

/**
 * Checks a claim that is not proved, or is failing, unless it was checked a moment ago. Returns whether it
 * was checked.
 */
export async function checkOpenClaim(
  env: Env,
  account: string,
  claim: DomainClaim,
  now: number,
): Promise<boolean> {
  if (claim.verifiedAt !== null && claim.failingSince === null) return false;
  const notSince = now - CHECK_PAUSE_SECONDS * 1000;
  if ((claim.checkedAt ?? 0) > notSince) return false;
  const { isDue, owner } = await beginCheck(env.DB, account, claim.host, notSince, now);
  if (isDue) await checkClaim(env, { ...claim, account, owner }, now);
  return isDue;
}

/** What a check means: `failing` and `stopped` are for the user to know. */
export type CheckOutcome = "proved" | "not-proved" | "failing" | "stopped";

/** Checks a claim, and records what was found. At most `EVIDENCE_CALLS` and one call, not counting retries. */
export async function checkClaim(
  env: Env,
  claim: DomainClaim & { account: string; owner: DomainOwner | null },
  now: number,
): Promise<CheckOutcome> {
  const evidence = await gatherEvidence(env, claim.host);
  const findings = findValue(evidence, claim.value);
  if (isProved(findings) && mayTake(claim, evidence)) {
    const from = claim.owner && claim.owner.account !== claim.account ? claim.owner.account : null;
    const proved = { ...claim, findings, from, nextCheckAt: now + RECHECK_DAYS * DAY_MS };
    const { host } = claim;
    await recordProof(env.DB, proved, {
      gained: newActivityEntry({ kind: "domain-added", host }, now),
      lost: newActivityEntry({ kind: "domain-lost", host, why: "taken" }, now),
    });
    return "proved";
  }
  const outcome = outcomeOfFailure(claim, isProved(findings) || isInconclusive(findings), now);
  const check = { ...claim, findings, nextCheckAt: now + DAY_MS, outcome };
  const { host } = claim;
  await recordFailedCheck(
    env.DB,
    check,
    newActivityEntry(
      outcome === "stopped"
        ? { kind: "domain-lost", host, why: "unproved" }
        : { kind: "domain-failing", host },
      now,
    ),
  );
  if (outcome === "nothing-changes") return "not-proved";
  // Told once, although it is found each day.
  return outcome === "failing" && claim.failingSince !== null ? "not-proved" : outcome;
}

/** Whether the domain is free for the claim: nobody's, its own, or of an account whose value is gone. */
function mayTake(
  { account, owner }: { account: string; owner: DomainOwner | null },
  evidence: Evidence,
): boolean {
  if (owner === null || owner.account === account) return true;
  if (owner.value === null) return false;
  const findings = findValue(evidence, owner.value);
  // Name servers that fail do not say that it is gone: if they go on to, the other account's domain stops.
  const isUnknown = isInconclusive(findings) || findings.dns === "refused";
  return !isProved(findings) && !isUnknown;
}

function outcomeOfFailure(
  { verifiedAt, failingSince }: DomainClaim,
  saysNothing: boolean,
  now: number,
): "nothing-changes" | "failing" | "stopped" {
  if (verifiedAt === null || saysNothing) return "nothing-changes";
  const isOver = failingSince !== null && failingSince + GRACE_DAYS * DAY_MS <= now;
  return isOver ? "stopped" : "failing";
}

/** Removes a domain or a claim for its user. */
export const removeDomain = (
  env: Env,
  account: string,
  host: string,
  now: number,
): Promise<unknown> =>
  deleteDomain(
    env.DB,
    account,
    host,
    newActivityEntry({ kind: "domain-lost", host, why: "removed" }, now),
  );

/** Deletes claims that were not proved in time; for the daily job. */
export const deleteExpiredClaims = (db: D1Database, now: number): D1PreparedStatement =>
  deleteOldClaims(db, now - CLAIM_DAYS * DAY_MS);

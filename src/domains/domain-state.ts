/** The state of a domain, as its user and administrators see it. */

import { DAY_MS } from "../core/time";
import type { Domain } from "./db/domains";
import { CLAIM_DAYS, GRACE_DAYS } from "./domains";

/**
 * `active`: proved. `given`: by the operator. `failing`: active, but not proved any more. `open`: not
 * proved yet. `taken`: proved, but another account has it.
 */
export type DomainState = "active" | "given" | "failing" | "open" | "taken";

/** The state of a domain. */
export function stateOf({ isActive, claim }: Domain): DomainState {
  if (claim === null) return "given";
  if (isActive) return claim.failingSince === null ? "active" : "failing";
  return claim.dnsFinding === "found" || claim.fileFinding === "found" ? "taken" : "open";
}

/** When an open claim expires, or a failing domain stops; null: it does not. */
export function endOf({ claim }: Domain): number | null {
  if (claim === null) return null;
  if (claim.failingSince !== null) return claim.failingSince + GRACE_DAYS * DAY_MS;
  return claim.verifiedAt === null ? claim.createdAt + CLAIM_DAYS * DAY_MS : null;
}

/** The state of a custom hostname and of its certificate, in fewer words than Cloudflare has. */

import type { HostnameRecord } from "./db/custom-hostnames";

/**
 * Whether a host leads here. `moved`: not any more, or not for a week. `blocked`: Cloudflare does not allow it.
 * `deleted`: Cloudflare has given up on it.
 */
export type HostState = "active" | "pending" | "moved" | "blocked" | "deleted";

/** The state of its certificate. `ended`: there is none any more. */
export type CertificateState =
  | "initializing"
  | "pending_validation"
  | "pending_issuance"
  | "pending_deployment"
  | "active"
  | "timed_out"
  | "ended";

/** https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/domain-support/hostname-validation/validation-status/ */
const HOST_STATES: Record<string, HostState> = {
  active: "active",
  active_redeploying: "active",
  moved: "moved",
  blocked: "blocked",
  pending_blocked: "blocked",
  deleted: "deleted",
  pending_deletion: "deleted",
};

const CERTIFICATE_STATES: Record<string, CertificateState> = {
  pending_validation: "pending_validation",
  pending_issuance: "pending_issuance",
  pending_deployment: "pending_deployment",
  staging_deployment: "pending_deployment",
  staging_active: "pending_deployment",
  holding_deployment: "pending_deployment",
  backup_issued: "pending_deployment",
  active: "active",
  // Still valid.
  pending_expiration: "active",
  initializing_timed_out: "timed_out",
  validation_timed_out: "timed_out",
  issuance_timed_out: "timed_out",
  deployment_timed_out: "timed_out",
  deletion_timed_out: "ended",
  expired: "ended",
  pending_deletion: "ended",
  deleted: "ended",
  pending_cleanup: "ended",
  deactivating: "ended",
  inactive: "ended",
};

/** The state of the host. A status that is not known is one of many before "active". */
export const hostStateOf = ({ status }: HostnameRecord): HostState =>
  HOST_STATES[status ?? ""] ?? "pending";

/** The state of the certificate. */
export const certificateStateOf = ({ certificateStatus }: HostnameRecord): CertificateState =>
  CERTIFICATE_STATES[certificateStatus ?? ""] ?? "initializing";

/** Whether the host can be used: it leads here, and has its certificate. */
export const isHostnameReady = (hostname: HostnameRecord): boolean =>
  hostname.id !== null &&
  hostStateOf(hostname) === "active" &&
  certificateStateOf(hostname) === "active";

/** Whether Cloudflare has given up, or refused: nothing happens unless the user asks again. */
export function isStuck(hostname: HostnameRecord): boolean {
  const { id, problem } = hostname;
  if (problem !== null && problem !== "busy" && problem !== "unavailable") return true;
  if (id === null) return hostStateOf(hostname) === "deleted";
  const certificate = certificateStateOf(hostname);
  const isGivenUp = certificate === "timed_out" || certificate === "ended";
  return isGivenUp || !["active", "pending"].includes(hostStateOf(hostname));
}

/** The name of a domain as a user types it, and which names cannot be anybody's own. */

import { isDomainName, normalizeHost } from "../http/hosts";

/**
 * Why a name cannot be added: it is no domain name; it is one of a local network; others can register
 * names below it (https://publicsuffix.org); or it belongs to the provider.
 */
export type NameProblem = "invalid" | "local" | "public-suffix" | "provider";

/** With `_satchel.` in front, a name has at most 253 characters (RFC 1035 §2.3.4). */
const MAX_HOST_LENGTH = 240;

/** Top-level names that never belong to anybody on the internet (RFC 6761, RFC 6762, RFC 9476). */
const LOCAL_NAMES = new Set(["localhost", "local", "internal", "onion", "alt", "arpa"]);

/**
 * The host of a domain as it is compared everywhere: lower case, A-labels. Takes an address or a URL
 * that was pasted, too. `providerHosts` and all names below them are the provider's.
 */
export async function parseDomainName(
  raw: string,
  providerHosts: string[],
): Promise<{ host: string } | { problem: NameProblem }> {
  const typed = raw
    .trim()
    .replace(/^https?:\/\//i, "")
    .replace(/\/$/, "")
    .replace(/^[^@]*@/, "");
  const host = normalizeHost(typed);
  const labels = host?.split(".") ?? [];
  const topLevel = labels.at(-1) ?? "";
  if (LOCAL_NAMES.has(topLevel)) return { problem: "local" };
  const isName = host !== null && labels.length > 1 && isDomainName(host);
  if (!isName || host.length > MAX_HOST_LENGTH) return { problem: "invalid" };
  if (providerHosts.some((own) => host === own || host.endsWith(`.${own}`))) {
    return { problem: "provider" };
  }
  // The list is large, and hardly ever needed.
  const { getPublicSuffix } = await import("tldts");
  return getPublicSuffix(host, { allowPrivateDomains: true }) === host
    ? { problem: "public-suffix" }
    : { host };
}

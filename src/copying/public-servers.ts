/** Which other servers may be asked: public ones, over https. */

import ipaddr from "ipaddr.js";
import { type Env, settings } from "../env";

/** Names that are resolved in a network of one's own, if at all: RFC 6761, RFC 6762, RFC 8375. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa)$/;

const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/**
 * Whether the Worker may send a request to this URL. Addresses of private networks, of this machine and of
 * its link are refused, also where an IPv6 address contains one. A public name may still lead to such an
 * address: there the platform refuses the connection (docs/moving.md).
 */
export function mayAsk(url: URL, env: Env): boolean {
  const { protocol, hostname, username, password } = url;
  if (username !== "" || password !== "") return false;
  if (settings(env).MOVE_IN_FROM === "any") return protocol === "https:" || protocol === "http:";
  return protocol === "https:" && isPublicHost(hostname.replace(/\.$/, ""));
}

/** `host` is that of a parsed URL, so an IPv4 address has its usual form, however it was written. */
function isPublicHost(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  if (!ipaddr.isValid(address)) return host.includes(".") && !PRIVATE_NAME.test(host);
  const parsed = ipaddr.parse(address);
  const isGlobal = parsed.kind() === "ipv4" || parsed.match(GLOBAL_IPV6);
  return isGlobal && parsed.range() === "unicast";
}

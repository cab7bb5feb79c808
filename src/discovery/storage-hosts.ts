/** Which hosts serve whose storage: those of the settings, and domains of users that lead here as a whole. */

import { type Env, settings } from "../env";
import {
  areHostsKnown,
  isDomainName,
  isStorageHostOf,
  type Origins,
  originsAtDomain,
  resolveOrigins,
} from "../http/hosts";
import { BoundedMap } from "../platform/bounded-map";
import { type DomainHost, loadDomainHost } from "./db";

/** How long an isolate believes what it knows of a host. */
const KNOWN_MS = 30_000;

/** Hosts that an isolate remembers of each kind; the first is forgotten first. */
const MAX_KNOWN_HOSTS = 1000;

interface KnownHost {
  domain: DomainHost | null;
  at: number;
}

/** Apart from each other: anybody who can send a Host header can invent hosts, which must not push out domains. */
const domainHosts = new BoundedMap<string, KnownHost>(MAX_KNOWN_HOSTS);
const otherHosts = new BoundedMap<string, KnownHost>(MAX_KNOWN_HOSTS);

/**
 * Whether the host of this request serves the storage of this user. The provider's own hosts cost
 * nothing; whose domain another host is, each isolate asks D1 twice a minute.
 */
export async function servesStorage(
  env: Env,
  requestUrl: string,
  user: string,
  now: number,
): Promise<boolean> {
  const known = isStorageHostOf(user, requestUrl, settings(env));
  if (known !== null) return known;
  const domain = await findDomainHost(env, requestUrl, now);
  // On a single host nobody has said which hosts lead here.
  if (domain === null) return !areHostsKnown(settings(env));
  return domain.user === user && domain.hasStorage;
}

/**
 * The origins that a response of the storage names: at a domain with storage that domain, so that an app that
 * was connected there needs no other host. Costs no more than `servesStorage`, which has asked before.
 */
export async function announcedOrigins(
  env: Env,
  requestUrl: string,
  now: number,
): Promise<Origins> {
  const origins = resolveOrigins(requestUrl, settings(env));
  if (isStorageHostOf("", requestUrl, settings(env)) !== null) return origins;
  const domain = await findDomainHost(env, requestUrl, now);
  return domain?.hasStorage ? originsAtDomain(origins, new URL(requestUrl).host) : origins;
}

/**
 * The domain of a user that is the host of this request, however it is written: with a final dot, or a
 * port. Null: none, or they cannot be told from the pages. What cannot be a domain costs nothing.
 */
export async function findDomainHost(
  env: Env,
  requestUrl: string,
  now: number,
): Promise<DomainHost | null> {
  if (settings(env).ORIGIN === null) return null;
  const host = new URL(requestUrl).host.replace(/\.(?=:|$)/, "");
  if (!isDomainName(host.replace(/:\d+$/, ""))) return null;
  const known = domainHosts.get(host) ?? otherHosts.get(host);
  if (known !== undefined && known.at + KNOWN_MS > now && known.at <= now) return known.domain;
  const domain = await loadDomainHost(env.DB, host);
  remember(host, domain, now);
  return domain;
}

function remember(host: string, domain: DomainHost | null, at: number): void {
  domainHosts.delete(host);
  otherHosts.delete(host);
  const hosts = domain === null ? otherHosts : domainHosts;
  hosts.set(host, { domain, at });
}

/** Origins, hosts and public URLs of the provider (§14). */

import { coversHost, type Env, type Settings } from "../env";

/** The provider's public origins. They are the same unless STORAGE_ORIGIN is set. */
export interface Origins {
  pages: string;
  /** With "*" in place of the user's name if each user has an origin: `storageOrigin`. */
  storage: string;
}

/** The origins from the settings, or else from the URL of the request. */
export function resolveOrigins(requestUrl: string, settings: Settings): Origins {
  const pages = settings.ORIGIN ?? new URL(requestUrl).origin;
  return { pages, storage: settings.STORAGE_ORIGIN ?? pages };
}

/**
 * A host, with its port unless that is the default one, as hosts are compared: in lower case, in A-labels
 * (RFC 5890 §2.3.2.1), without the final dot of a fully qualified name. Null if it is not one.
 */
export function normalizeHost(raw: string): string | null {
  const url = URL.parse(`https://${raw}`);
  const isHostOnly = url !== null && url.href === `https://${url.host}/`;
  return isHostOnly ? url.host.replace(/\.(?=:|$)/, "") : null;
}

/** A label of a domain name (RFC 1123 §2.1). */
const LABEL_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Whether a host can be a domain name, in lower case. One whose last label begins with a digit is an IPv4 address,
 * in whatever notation (https://url.spec.whatwg.org/#ends-in-a-number-checker), or nothing.
 */
export function isDomainName(host: string): boolean {
  const labels = host.split(".");
  const isName = labels.every((label) => LABEL_PATTERN.test(label));
  return isName && host.length <= 253 && !/^\d/.test(labels.at(-1) ?? "");
}

/**
 * Whether the settings say which hosts are the provider's. With custom hostnames hosts lead here that are not: of
 * a user who has left, for example.
 */
export const areHostsKnown = (settings: Settings): boolean =>
  settings.STORAGE_ORIGIN !== null || settings.CUSTOM_HOSTNAMES_ZONE !== "";

/** What a host may serve besides the storage, which is elsewhere if STORAGE_ORIGIN is set. */
export type HostRole = "pages" | "discovery";

/**
 * §14: "the OAuth dialog and launch dashboard or token revocation interface SHOULD be on a
 * different origin than the remoteStorage interface." Whether the host of this request has the role;
 * always true if the settings name one host only.
 */
export function isServedOn(role: HostRole, requestUrl: string, settings: Settings): boolean {
  if (!areHostsKnown(settings)) return true;
  const { host } = new URL(requestUrl);
  const { STORAGE_ORIGIN } = settings;
  // Personal domains serve WebFinger on their own host.
  if (role === "discovery") return STORAGE_ORIGIN === null || !coversHost(STORAGE_ORIGIN, host);
  const isPageHost =
    settings.ORIGIN === null ||
    host === new URL(settings.ORIGIN).host ||
    settings.OLD_HOSTS.includes(host);
  return isPageHost && (STORAGE_ORIGIN === null || !coversHost(STORAGE_ORIGIN, host));
}

/**
 * Whether the host of this request serves the storage of this user, as far as the settings say. Null if they
 * do not know the host: it may be a domain of a user (`discovery/storage-hosts.ts`).
 */
export function isStorageHostOf(
  user: string,
  requestUrl: string,
  { ORIGIN, STORAGE_ORIGIN, OLD_HOSTS }: Settings,
): boolean | null {
  if (ORIGIN === null && STORAGE_ORIGIN === null) return true;
  const { host } = new URL(requestUrl);
  // Clients remember the storage root that they have found once.
  if (OLD_HOSTS.includes(host)) return true;
  if (STORAGE_ORIGIN !== null && coversHost(STORAGE_ORIGIN, host)) {
    return host === new URL(STORAGE_ORIGIN).host.replace("*", user);
  }
  const isPageHost = ORIGIN !== null && host === new URL(ORIGIN).host;
  return isPageHost ? STORAGE_ORIGIN === null : null;
}

/** The hosts of the provider, without ports: nobody else can have one of them, or a name below it. */
export function providerHosts(requestUrl: string, settings: Settings): string[] {
  const { pages, storage } = resolveOrigins(requestUrl, settings);
  const { OLD_HOSTS, CUSTOM_HOSTNAMES_TARGET: target } = settings;
  const others = [...OLD_HOSTS, ...(target === "" ? [] : [target])].map(
    (host) => `https://${host}`,
  );
  return [pages, storage, ...others].map((url) => new URL(url).hostname.replace("*.", ""));
}

/** Whether user addresses on this host are this provider's own. */
export const isOwnHost = (host: string, requestUrl: string, settings: Settings): boolean =>
  host === new URL(resolveOrigins(requestUrl, settings).pages).host ||
  settings.OLD_HOSTS.includes(host);

/**
 * Whether an origin is the provider's: that of the pages, that of anybody's storage, or one of a host under which
 * it was known before.
 */
export function isOwnOrigin(origin: string, requestUrl: string, settings: Settings): boolean {
  const host = /^https?:/.test(origin) ? normalizeHost(new URL(origin).host) : null;
  if (host === null) return false;
  const { storage } = resolveOrigins(requestUrl, settings);
  return isOwnHost(host, requestUrl, settings) || coversHost(storage, host);
}

/**
 * Whether the provider announces URLs without TLS to clients that use it, because a proxy has ended TLS
 * and nothing says that its headers can be believed.
 */
export function isBehindUntrustedProxy(
  requestUrl: string,
  headers: Headers,
  settings: Settings,
): boolean {
  if (settings.ORIGIN !== null || settings.TRUST_PROXY === "yes") return false;
  return requestUrl.startsWith("http:") && forwardedProtocol(headers) === "https";
}

/**
 * The protocol of the client, as the proxy next to us says: X-Forwarded-Proto, or RFC 7239 §5.4. Values
 * before the last one may be the client's own.
 */
export function forwardedProtocol(headers: Headers): string | undefined {
  const forwarded = /(?:^|;)\s*proto="?([a-z]+)/i.exec(lastValue(headers, "forwarded") ?? "")?.[1];
  return (lastValue(headers, "x-forwarded-proto") ?? forwarded)?.trim().toLowerCase();
}

/**
 * The address of the client, as the proxy next to us says: X-Forwarded-For, or RFC 7239 §5.2. Values before
 * the last one may be the client's own, and so may a header that the proxy does not set, but passes on: if
 * there are both, they have to agree. Null if it is no address, such as "unknown".
 */
export function forwardedAddress(headers: Headers): string | null {
  const forwarded = lastValue(headers, "forwarded");
  const [, quoted, token] = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i.exec(forwarded ?? "") ?? [];
  const nodes = [
    forwarded === undefined ? undefined : (quoted ?? token ?? ""),
    lastValue(headers, "x-forwarded-for"),
  ].filter((node) => node !== undefined);
  const [address = null, ...others] = nodes.map(parseAddress);
  return others.every((other) => other === address) ? address : null;
}

const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "via"];

/** Whether a proxy says that it has passed the request on, whose Host header then says nothing of where the client is. */
export const isForwarded = (headers: Headers): boolean =>
  FORWARDING_HEADERS.some((name) => headers.has(name));

/** The value that the last proxy has added to a header. */
const lastValue = (headers: Headers, name: string): string | undefined =>
  headers.get(name)?.split(",").at(-1);

/** The address of a node as proxies write it; null if it is none. */
function parseAddress(node: string): string | null {
  // RFC 4291 §2.5.5.2: how a proxy that listens on IPv6 may write an IPv4 address.
  const address = withoutPort(node.trim())
    .toLowerCase()
    .replace(/^::ffff:(?=[\d.]+$)/, "");
  const isAddress = address.includes(":")
    ? URL.canParse(`http://[${address}]`)
    : /^\d+(?:\.\d+){3}$/.test(address) && URL.canParse(`http://${address}`);
  return isAddress ? address : null;
}

/** "[2001:db8::1]:443" and "192.0.2.1:443"; brackets go, too. */
const withoutPort = (node: string): string =>
  node.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");

/** Whether the request came through Cloudflare's edge, which sets `cf`. */
export const isBehindCloudflare = ({ env, req }: { env: Env; req: { raw: Request } }): boolean =>
  env.LOCAL_SERVER === undefined && req.raw.cf?.colo !== undefined;

/** Whether the host is this machine, which browsers treat as secure without TLS. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** The origin of a user's storage. */
export const storageOrigin = ({ storage }: Origins, user: string): string =>
  storage.replace("*", user);

/** <storage_root> of a user: §8, "note there is no trailing slash". */
export const storageRoot = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user)}/storage/${user}`;

/** The URL of a user's quota endpoint. */
export const quotaUrl = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user)}/quota/${user}`;

/**
 * The WebSocket URL of a user's RxDB endpoint: a template with "{module}" for the name of the module.
 */
export const rxdbEndpoint = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user).replace(/^http/, "ws")}/rxdb/${user}/{module}`;

/** The URL for reading and writing the databases of a user as a whole. */
export const databasesUrl = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user)}/databases/${user}`;

/** The URL for reading many documents of a user at once. */
export const batchUrl = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user)}/batch/${user}`;

/** The WebSocket URL of a user's live endpoint. */
export const liveEndpoint = (origins: Origins, user: string): string =>
  `${storageOrigin(origins, user).replace(/^http/, "ws")}/live/${user}`;

/** The origins for the address with a domain of a user at which the storage is served, too. */
export const originsAtDomain = ({ pages }: Origins, host: string): Origins => ({
  pages,
  storage: `${new URL(pages).protocol}//${host}`,
});

/** The address that a user enters in an app: <user>@<host>. */
export const userAddress = (origins: Origins, user: string): string =>
  `${user}@${new URL(origins.pages).host}`;

/** The path and query if they stay on the origin of the request, otherwise "/". */
export function safeRedirectPath(requestUrl: string, path: string | undefined): string {
  const { origin } = new URL(requestUrl);
  if (path === undefined || !path.startsWith("/") || !URL.canParse(path, origin)) return "/";
  const target = new URL(path, origin);
  // "/.//x" becomes "//x", which a browser takes for another host.
  const isSameOrigin = target.origin === origin && !target.pathname.startsWith("//");
  return isSameOrigin ? target.pathname + target.search : "/";
}

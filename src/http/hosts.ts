/** Which host a request is for: the pages' or the storage's (§14). */

import type { Env, Settings } from "../env";

/** Origins as seen from the outside. They are the same unless STORAGE_ORIGIN is set. */
export interface Origins {
  pages: string;
  storage: string;
}

/** The origins as this request's client sees them, unless the settings fix them. */
export function resolveOrigins(requestUrl: string, settings: Settings): Origins {
  const pages = settings.ORIGIN ?? new URL(requestUrl).origin;
  return { pages, storage: settings.STORAGE_ORIGIN ?? pages };
}

/** The rooms that may be on hosts of their own. */
export type HostRole = "pages" | "storage" | "discovery";

/**
 * §14: "the OAuth dialog and launch dashboard or token revocation interface SHOULD be on a
 * different origin than the remoteStorage interface." Whether `door` is open on the host that this
 * request came to; always, while there is only one.
 */
export function isServedOn(role: HostRole, requestUrl: string, settings: Settings): boolean {
  if (settings.STORAGE_ORIGIN === null) return true;
  const { host } = new URL(requestUrl);
  const isStorageHost = host === new URL(settings.STORAGE_ORIGIN).host;
  if (role === "storage") return isStorageHost;
  const isPageHost = settings.ORIGIN === null || host === new URL(settings.ORIGIN).host;
  // Personal domains are asked for WebFinger at their own host.
  return !isStorageHost && (isPageHost || role === "discovery");
}

/** Whether the request came by Cloudflare's edge, which says in `cf` at which of its places. */
export const isBehindCloudflare = ({ env, req }: { env: Env; req: { raw: Request } }): boolean =>
  env.LOCAL_SERVER === undefined && req.raw.cf?.colo !== undefined;

/** Whether a host is this machine, which browsers take for secure without TLS. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** <storage_root> of a user: §8, "note there is no trailing slash". */
export const storageRoot = (origins: Origins, user: string): string =>
  `${origins.storage}/storage/${user}`;

/** Where an app reads how much room a user has. */
export const quotaUrl = (origins: Origins, user: string): string =>
  `${origins.storage}/quota/${user}`;

/**
 * Where the RxDB apps of a user open a WebSocket: a template, in which the name of the module comes in
 * place of "{module}".
 */
export const rxdbEndpoint = (origins: Origins, user: string): string =>
  `${origins.storage.replace(/^http/, "ws")}/rxdb/${user}/{module}`;

/** <user>@<host>, the address that a person gives to an app. */
export const userAddress = (origins: Origins, user: string): string =>
  `${user}@${new URL(origins.pages).host}`;

/** The path if it leads nowhere but to our own pages, otherwise the home page. */
export function safeRedirectPath(requestUrl: string, path: string | undefined): string {
  const { origin } = new URL(requestUrl);
  if (path === undefined || !path.startsWith("/") || !URL.canParse(path, origin)) return "/";
  const target = new URL(path, origin);
  // A path that begins with two slashes, as "/.//x" becomes, is another host to a browser.
  const isOurs = target.origin === origin && !target.pathname.startsWith("//");
  return isOurs ? target.pathname + target.search : "/";
}

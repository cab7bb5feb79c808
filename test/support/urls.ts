/** The URLs of the provider: what tests name by its path is at the hosts that HOSTS has chosen. */

import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { HOSTS, type Hosts, type HostsName, storageOriginOn } from "./hosts";
import { ORIGIN } from "./origin";

declare module "vitest" {
  interface ProvidedContext {
    hosts: HostsName;
  }
}

/** The provider's hosts. */
export const hosts: Hosts = HOSTS[inject("hosts")];

/** Whether each user has an origin: then no host serves a path without a user, or with an invalid one. */
export const hasUserOrigins: boolean = hosts.namedOrigin("alice") !== hosts.namedOrigin("bob");

/** The origin at which tests use the storage of a user. */
export const storageOrigin = (user: string): string => storageOriginOn(hosts, user);

/** The same for its WebSockets. */
export const socketOrigin = (user: string): string => socketsOf(storageOrigin(user));

/** The origin of the WebSockets of an origin. */
export const socketsOf = (origin: string): string => origin.replace(/^http/, "ws");

const STORAGE_PATH = /^\/(?:storage|quota|batch|databases|live|rxdb)\/([^/?]*)/;

/** What a user is called whose name can be no part of a host. */
const NO_NAME = "nobody-at-all";

/** The URL of a path: at the storage of the user that it names, or at the pages. A URL stays as it is. */
export function urlOf(pathOrUrl: string): URL {
  const [, user] = STORAGE_PATH.exec(pathOrUrl) ?? [];
  if (user === undefined) return new URL(pathOrUrl, ORIGIN);
  return new URL(pathOrUrl, storageOrigin(/^[a-z0-9-]+$/.test(user) ? user : NO_NAME));
}

/** The path below which the deployed version has the pages' own files. */
export const ASSETS = `/assets/${env.VERSION?.id}`;

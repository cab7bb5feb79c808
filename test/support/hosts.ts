/** The kinds of hosts at which a provider has the storage. All have the pages at ORIGIN. */

import type { Variables } from "../../src/env";
import { ORIGIN } from "./origin.ts";

/** Where a provider has its storage. */
export interface Hosts {
  settings: Variables;
  /** The origin of a user's storage, as the provider's pages name it. */
  namedOrigin(user: string): string;
  /** The domain of each user, at which their storage is served, too; null: they have none. */
  domain: ((user: string) => string) | null;
}

/** By the names that HOSTS takes: docs/guarantees.md. */
export const HOSTS = {
  /** One host, whose name no setting says. */
  single: { settings: {}, namedOrigin: () => ORIGIN, domain: null },
  /** A host for the storage. */
  storage: {
    settings: { ORIGIN, STORAGE_ORIGIN: "https://storage.example" },
    namedOrigin: () => "https://storage.example",
    domain: null,
  },
  /** An origin for the storage of each user. */
  wildcard: {
    settings: { ORIGIN, STORAGE_ORIGIN: "https://*.storage.example" },
    namedOrigin: (user) => `https://${user}.storage.example`,
    domain: null,
  },
  /** One host, and a domain for each user, at which they have their storage. */
  domain: {
    settings: { ORIGIN },
    namedOrigin: () => ORIGIN,
    domain: (user) => `${user}.home.example`,
  },
} satisfies Record<string, Hosts>;

/** The name of a kind of hosts. */
export type HostsName = keyof typeof HOSTS;

/** All of their names. */
export const HOSTS_NAMES = Object.keys(HOSTS) as HostsName[];

/** The origin at which apps use the storage of a user. */
export const storageOriginOn = ({ domain, namedOrigin }: Hosts, user: string): string =>
  domain === null ? namedOrigin(user) : `https://${domain(user)}`;

/** The address by which apps find that origin. */
export const addressOn = ({ domain }: Hosts, user: string): string =>
  `${user}@${domain === null ? new URL(ORIGIN).host : domain(user)}`;

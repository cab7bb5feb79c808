/** What WebFinger says of a person: §10, RFC 7033. Pure. */

import { parseUserName } from "../core/names";
import { PROPERTY, STORAGE_API, STORAGE_REL } from "../core/spec";
import { type Origins, quotaUrl, rxdbEndpoint, storageRoot } from "../http/hosts";

/** Whom a resource names: somebody at a host, or without a user name the owner of that host. */
export interface Subject {
  user: string | null;
  host: string;
}

/**
 * Reads a resource: "acct:<user>@<host>", or "https://<host>/" (also http, and without the last
 * slash) for a personal domain. Null if it is no such URI.
 */
export function parseResource(resource: string): Subject | null {
  const [, rawUser, rawHost] = /^acct:([^@]+)@([^@/?#\s]+)$/i.exec(resource) ?? [];
  if (rawUser !== undefined && rawHost !== undefined) {
    const user = parseUserName(decode(rawUser));
    return user === null ? null : { user, host: rawHost.toLowerCase().replace(/:443$/, "") };
  }
  if (!/^https?:\/\//i.test(resource) || !URL.canParse(resource)) return null;
  const { host, pathname, search, hash, username } = new URL(resource);
  const isRoot = pathname === "/" && search === "" && hash === "" && username === "";
  return isRoot ? { user: null, host } : null;
}

/** The JRD of a user; `rels` filters its links (RFC 7033 §4.3), if there are any. */
export function describeUser(
  resource: string,
  user: string,
  origins: Origins,
  rels: string[],
): Record<string, unknown> {
  const authorize = `${origins.pages}/oauth/authorize/${user}`;
  const links = [
    {
      rel: STORAGE_REL,
      href: storageRoot(origins, user),
      properties: {
        [PROPERTY.version]: STORAGE_API,
        [PROPERTY.implicitGrant]: authorize,
        [PROPERTY.tokenInQuery]: "true",
        [PROPERTY.ranges]: "GET",
        [PROPERTY.authorizationEndpoint]: authorize,
        [PROPERTY.tokenEndpoint]: `${origins.pages}/oauth/token`,
        [PROPERTY.challengeMethods]: "S256",
        [PROPERTY.quota]: quotaUrl(origins, user),
        [PROPERTY.rxdb]: rxdbEndpoint(origins, user),
      },
    },
  ];
  return {
    subject: resource,
    links: links.filter(({ rel }) => rels.length === 0 || rels.includes(rel)),
  };
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What WebFinger says of a person: §10, RFC 7033. Pure. */

import { parseUserName } from "../core/names";
import { LINK_PROPERTIES, STORAGE_API, STORAGE_REL } from "../core/spec";
import { type Origins, quotaUrl, rxdbEndpoint, storageRoot } from "../http/hosts";

/** Whom a resource names: somebody at a host, or without a user name the owner of that host. */
export interface WebFingerSubject {
  user: string | null;
  host: string;
}

/**
 * Reads a resource: "acct:<user>@<host>", or "https://<host>/" (also http, and without the last
 * slash) for a personal domain. Null if it is no such URI.
 */
export function parseResource(resource: string): WebFingerSubject | null {
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
export function buildJrd(
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
        [LINK_PROPERTIES.version]: STORAGE_API,
        [LINK_PROPERTIES.implicitGrant]: authorize,
        [LINK_PROPERTIES.tokenInQuery]: "true",
        [LINK_PROPERTIES.ranges]: "GET",
        [LINK_PROPERTIES.authorizationEndpoint]: authorize,
        [LINK_PROPERTIES.tokenEndpoint]: `${origins.pages}/oauth/token`,
        [LINK_PROPERTIES.challengeMethods]: "S256",
        [LINK_PROPERTIES.quota]: quotaUrl(origins, user),
        [LINK_PROPERTIES.rxdb]: rxdbEndpoint(origins, user),
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

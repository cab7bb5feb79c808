/** Parses WebFinger resources and builds a user's JRD: §10, RFC 7033. */

import { parseUserName } from "../core/names";
import { AVATAR_REL, LINK_PROPERTIES, NAME_PROPERTY, STORAGE_API, STORAGE_REL } from "../core/spec";
import {
  batchUrl,
  databasesUrl,
  liveEndpoint,
  normalizeHost,
  type Origins,
  quotaUrl,
  rxdbEndpoint,
  storageRoot,
} from "../http/hosts";
import type { FoundUser } from "./db";

/** The subject of a resource: a user at a host, or if `user` is null the owner of the host. */
export interface WebFingerSubject {
  user: string | null;
  host: string;
}

/**
 * Parses a resource: "acct:<user>@<host>", or "https://<host>/" (also http, and without the final
 * slash) for a personal domain. Returns null if it is neither.
 */
export function parseResource(resource: string): WebFingerSubject | null {
  // Without control characters: a URL parser leaves them out.
  const [, rawUser, rawHost] = /^acct:([^@]+)@([^@/?#\s\p{Cc}]+)$/iu.exec(resource) ?? [];
  if (rawUser !== undefined && rawHost !== undefined) {
    const user = parseUserName(decode(rawUser));
    const host = normalizeHost(rawHost);
    return user === null || host === null ? null : { user, host };
  }
  if (!/^https?:\/\//i.test(resource) || !URL.canParse(resource)) return null;
  const { host, pathname, search, hash, username } = new URL(resource);
  const isRoot = pathname === "/" && search === "" && hash === "" && username === "";
  const normalized = normalizeHost(host);
  return isRoot && normalized !== null ? { user: null, host: normalized } : null;
}

/** The JRD of a user; `rels` filters its links unless empty (RFC 7033 §4.3). */
export function buildJrd(
  resource: string,
  { name, displayName, picture }: Omit<FoundUser, "hasStorageThere">,
  origins: Origins,
  rels: string[],
): Record<string, unknown> {
  const authorize = `${origins.pages}/oauth/authorize/${name}`;
  const links = [
    {
      rel: STORAGE_REL,
      href: storageRoot(origins, name),
      properties: {
        [LINK_PROPERTIES.version]: STORAGE_API,
        [LINK_PROPERTIES.implicitGrant]: authorize,
        [LINK_PROPERTIES.tokenInQuery]: "true",
        [LINK_PROPERTIES.ranges]: "GET",
        [LINK_PROPERTIES.authorizationEndpoint]: authorize,
        [LINK_PROPERTIES.tokenEndpoint]: `${origins.pages}/oauth/token`,
        [LINK_PROPERTIES.challengeMethods]: "S256",
        [LINK_PROPERTIES.quota]: quotaUrl(origins, name),
        [LINK_PROPERTIES.rxdb]: rxdbEndpoint(origins, name),
        [LINK_PROPERTIES.databases]: databasesUrl(origins, name),
        [LINK_PROPERTIES.batch]: batchUrl(origins, name),
        [LINK_PROPERTIES.live]: liveEndpoint(origins, name),
      },
    },
    ...(picture === null ? [] : [{ rel: AVATAR_REL, href: picture }]),
  ];
  return {
    subject: resource,
    ...(displayName === null ? {} : { properties: { [NAME_PROPERTY]: displayName } }),
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

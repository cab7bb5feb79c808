/** Constants of draft-dejong-remotestorage-26 and its related RFCs. */

/** <storage_api>: §8 "always 'draft-dejong-remotestorage-26'". */
export const STORAGE_API = "draft-dejong-remotestorage-26";

/** §10: the WebFinger link relation of a user's storage. */
export const STORAGE_REL = "http://tools.ietf.org/id/draft-dejong-remotestorage";

/** The relation of a link to a picture of the user: https://webfinger.net/rel/ */
export const AVATAR_REL = "http://webfinger.net/rel/avatar";

/** The property with the user's display name, as webfinger.js reads it. */
export const NAME_PROPERTY = "http://packetizer.com/ns/name";

/** §10, §10.1, §15: the properties of that link. */
export const LINK_PROPERTIES = {
  version: "http://remotestorage.io/spec/version",
  implicitGrant: "http://tools.ietf.org/html/rfc6749#section-4.2",
  authorizationEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.1",
  tokenEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.2",
  challengeMethods: "http://tools.ietf.org/html/rfc7636",
  tokenInQuery: "http://tools.ietf.org/html/rfc6750#section-2.3",
  ranges: "http://tools.ietf.org/html/rfc7233",
  /** Satchel's own, not of the draft: the URL of the quota endpoint. */
  quota: "urn:x-satchel:quota",
  /** Satchel's own: the URL template of the RxDB endpoint, with {module} for the module's name. */
  rxdb: "urn:x-satchel:rxdb",
  /** Satchel's own: the URL for reading and writing databases as a whole, with the version of its protocol. */
  databases: "urn:x-satchel:databases:1",
  /** Satchel's own: the URL for reading many documents at once, with the version of its protocol. */
  batch: "urn:x-satchel:batch:1",
  /** Satchel's own: the URL of the live endpoint, with the version of its protocol. */
  live: "urn:x-satchel:live:1",
} as const;

/** RFC 8628 §3.4: the grant type with which a device redeems its code. */
export const DEVICE_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";

/** §4: content type and context of a folder description. */
export const FOLDER_CONTENT_TYPE = "application/ld+json";
export const FOLDER_JSONLD_CONTEXT = "http://remotestorage.io/spec/folder-description";

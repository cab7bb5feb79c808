/**
 * The decisions of the reference server, each a small function: a faulty server replaces one of them. Every
 * rule gets what it needs as arguments, and none keeps anything.
 */

/**
 * @typedef {{bytes: Uint8Array, type: string, etag: string, modified: string}} StoredDocument
 * @typedef {{documents: Map<string, StoredDocument>, folders: Map<string, string>, items: Map<string, Set<string>>}} Account
 * `folders` has the versions of all folders that ever were, `items` the names in those that are not empty.
 */

const ETAG_LIST = /^(\s*,)*\s*(W\/)?"[^"]*"(\s*,\s*((W\/)?"[^"]*")?)*\s*$/;

export const rules = {
  /** The tags of a condition: "*", a list of tags as they were sent, or null if it is malformed. */
  parseTags(/** @type {string} */ value) {
    if (value.trim() === "*") return "*";
    return ETAG_LIST.test(value) ? (value.match(/(W\/)?"[^"]*"/g) ?? []) : null;
  },

  /** Whether a condition names a version. The comparison is weak: proxies weaken ETags. */
  matches(/** @type {"*" | string[]} */ tags, /** @type {string | null} */ etag) {
    if (etag === null) return false;
    return tags === "*" || tags.some((tag) => tag.replace(/^W\//, "") === etag);
  },

  ifMatchHolds: (/** @type {boolean} */ isMatch) => isMatch,
  ifNoneMatchHolds: (/** @type {boolean} */ isMatch) => !isMatch,

  /** The version of a document after a PUT. */
  nextEtag: (/** @type {number} */ count, /** @type {Uint8Array} */ _bytes) => `"v${count}"`,

  /** The folders whose versions change with a document: all above it. */
  changedFolders: (
    /** @type {string[]} */ foldersAbove,
    /** @type {string} */ _method,
    /** @type {Account} */ _account,
  ) => foldersAbove,

  /** Whether a scope allows a method at a path. */
  allows(/** @type {string} */ scope, /** @type {string} */ method, /** @type {string} */ path) {
    return scope.split(" ").some((one) => {
      const [module, level] = one.split(":");
      const isRead = method === "GET" || method === "HEAD";
      if (!isRead && level !== "rw") return false;
      return (
        module === "*" || path.startsWith(`/${module}/`) || path.startsWith(`/public/${module}/`)
      );
    });
  },

  /** Whether anybody may read a path. */
  isPublic: (/** @type {string} */ method, /** @type {string} */ path) =>
    (method === "GET" || method === "HEAD") && path.startsWith("/public/") && !path.endsWith("/"),

  /** Whether a token is for this account. */
  isOwn: (/** @type {string} */ tokenUser, /** @type {string} */ user) => tokenUser === user,

  /** The token of a request; null if it has none. */
  tokenOf(/** @type {Request} */ request) {
    const match = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "");
    return match ? match[1] : null;
  },

  /** The decoded names of a path; null if it is malformed. */
  parsePath(/** @type {string} */ path) {
    try {
      const names = path.split("/").slice(1).map(decodeURIComponent);
      const isFolder = names.at(-1) === "";
      const items = isFolder ? names.slice(0, -1) : names;
      const isValid = items.every(
        (name) => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name),
      );
      return isValid ? names : null;
    } catch {
      return null;
    }
  },

  /** The first and the last byte of a range; null: the whole; "none": not satisfiable. */
  parseRange(/** @type {string | null} */ header, /** @type {number} */ length) {
    const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
    if (!match || (match[1] === "" && match[2] === "")) return null;
    if (match[1] === "") {
      const count = Math.min(Number(match[2]), length);
      return count === 0 ? "none" : [length - count, length - 1];
    }
    const [first, last] = [Number(match[1]), match[2] === "" ? length - 1 : Number(match[2])];
    if (last < first && match[2] !== "") return null;
    return first >= length ? "none" : [first, Math.min(last, length - 1)];
  },

  /** What is stored of a body. */
  store: (/** @type {Uint8Array} */ bytes, /** @type {StoredDocument | undefined} */ _before) =>
    bytes,

  storeType: (/** @type {string} */ type, /** @type {StoredDocument | undefined} */ _before) =>
    type,

  /** The method that is carried out. */
  methodOf: (/** @type {Request} */ request) => request.method,

  /** Whether a document would have the name of a folder, or a folder above it that of a document. */
  isClash: (
    /** @type {Account} */ { documents, items },
    /** @type {string} */ path,
    /** @type {string[]} */ foldersAbove,
  ) => foldersAbove.some((folder) => documents.has(folder.slice(0, -1))) || items.has(`${path}/`),

  /** What else is deleted with a document. */
  deletedWith: (/** @type {Account} */ _account, /** @type {string} */ _path) =>
    /** @type {string[]} */ ([]),

  /** The status of a request that has Content-Range; null if that is ignored. */
  statusOfParts: () => /** @type {number | null} */ (400),

  /** What is answered before the token is looked at. */
  answerFirst: (
    /** @type {Account} */ _account,
    /** @type {string} */ _path,
    /** @type {Request} */ _request,
  ) => /** @type {Response | null} */ (null),

  /** What reading a folder does. */
  onReadFolder: (/** @type {Account} */ _account, /** @type {string} */ _folder) => {},

  /** The version of a document as GET tells it. */
  currentEtag: (/** @type {StoredDocument} */ document, /** @type {string} */ _ofFolder) =>
    document.etag,

  /** The items of a folder. */
  items: (
    /** @type {[string, object][]} */ items,
    /** @type {Account} */ _account,
    /** @type {string} */ _folder,
  ) => items,

  context: "http://remotestorage.io/spec/folder-description",

  /** A token or a code. */
  secret: (/** @type {string} */ kind, /** @type {number} */ count) =>
    `${kind}-of-the-reference-${count}-${count * 7919}`,

  /** Where the browser is sent. */
  redirectTo: (/** @type {string} */ redirectUri, /** @type {string} */ _clientId) => redirectUri,

  /** What separates the answer of the implicit grant from the address. */
  markOfTokens: "#",

  denial: "access_denied",

  /** The parameter with the state. */
  stateParameter: (/** @type {string | undefined} */ state, /** @type {string} */ encoded) =>
    state === undefined ? "" : `&state=${encoded}`,

  /** The links of the WebFinger record. */
  links: (/** @type {any[]} */ links) => links,

  /** How a document is described in its folder. */
  describeDocument: (/** @type {StoredDocument} */ document) => ({
    ETag: document.etag.slice(1, -1),
    "Content-Type": document.type,
    "Content-Length": document.bytes.length,
    "Last-Modified": document.modified,
  }),

  describeFolder: (/** @type {string} */ etag) => ({ ETag: etag.slice(1, -1) }),

  /** What happens between the check of a condition and the write. */
  beforeWrite: () => /** @type {Promise<void> | null} */ (null),

  /** The scope that a dialog grants; null: none. */
  grantedScope: (/** @type {string} */ scope) =>
    scope.split(" ").every((one) => /^[^:]+:rw?$/.test(one)) ? scope : null,

  /** Whether a verifier redeems a code. */
  isVerified: (
    /** @type {string} */ challenge,
    /** @type {string} */ verifier,
    /** @type {string} */ computed,
  ) => verifier !== "" && computed === challenge,

  isRedirectUriEqual: (/** @type {string} */ one, /** @type {string | null} */ other) =>
    one === other,

  /** The state as it is put into an answer. */
  encodeState: (/** @type {string} */ state) => encodeURIComponent(state),

  /** The last word on an answer. */
  finish: (/** @type {Response} */ response, /** @type {Request} */ _request) =>
    /** @type {Response | Promise<Response>} */ (response),
};

/** @typedef {typeof rules} Rules */

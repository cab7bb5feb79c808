/** The storage of the reference server: documents by path, and a version for each folder. */

/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {import("./rules.js").StoredDocument} StoredDocument */

/** A refusal: an empty answer with this status. */
const refuse = (/** @type {number} */ status, /** @type {HeadersInit} */ headers = {}) =>
  new Response(null, { status, headers });

/**
 * @param {Rules} rules
 * @param {{find: (token: string) => {user: string, scope: string} | undefined}} tokens
 */
export function createStorage(rules, tokens) {
  /** @type {Map<string, {documents: Map<string, StoredDocument>, folders: Map<string, string>}>} */
  const accounts = new Map();
  let count = 0;

  const accountOf = (/** @type {string} */ user) => {
    const account = accounts.get(user) ?? { documents: new Map(), folders: new Map() };
    accounts.set(user, account);
    return account;
  };

  /** What a request lacks to be allowed; null if it is. */
  function refuseAccess(
    /** @type {Request} */ request,
    /** @type {string} */ user,
    /** @type {string} */ path,
  ) {
    if (rules.isPublic(request.method, path)) return null;
    const token = rules.tokenOf(request);
    const grant = token === null ? undefined : tokens.find(token);
    const challenge = 'Bearer realm="remoteStorage"';
    if (grant === undefined) return refuse(401, { "WWW-Authenticate": challenge });
    const isAllowed =
      rules.isOwn(grant.user, user) && rules.allows(grant.scope, request.method, path);
    return isAllowed ? null : refuse(403);
  }

  /** Answers a request for a path below the storage root of a user. */
  return async function answer(
    /** @type {Request} */ request,
    /** @type {string} */ user,
    /** @type {string} */ rawPath,
  ) {
    if (rawPath.length > 8000) return refuse(414);
    const names = rules.parsePath(rawPath);
    if (names === null) return refuse(400);
    const path = `/${names.join("/")}`;
    const refusal = refuseAccess(request, user, path);
    if (refusal) return refusal;
    const account = accountOf(user);
    const isFolder = path.endsWith("/");
    if (request.method === "GET" || request.method === "HEAD") {
      return isFolder ? readFolder(request, account, path) : readDocument(request, account, path);
    }
    if (request.method !== "PUT" && request.method !== "DELETE") return refuse(405);
    return isFolder ? refuse(400) : change(request, account, path);
  };

  /** @typedef {ReturnType<typeof accountOf>} Account */

  /** The status that the conditions of a request demand; null if they hold. */
  function conditionStatus(/** @type {Request} */ request, /** @type {string | null} */ etag) {
    for (const [name, isPositive] of /** @type {const} */ ([
      ["if-match", true],
      ["if-none-match", false],
    ])) {
      const value = request.headers.get(name);
      if (value === null) continue;
      const tags = rules.parseTags(value);
      if (tags === null) return 400;
      const isMatch = rules.matches(tags, etag);
      if (isPositive && !rules.ifMatchHolds(isMatch)) return 412;
      if (!isPositive && !rules.ifNoneMatchHolds(isMatch)) {
        return request.method === "GET" || request.method === "HEAD" ? 304 : 412;
      }
    }
    return null;
  }

  function readFolder(
    /** @type {Request} */ request,
    /** @type {Account} */ account,
    /** @type {string} */ folder,
  ) {
    const etag = account.folders.get(folder) ?? '"empty"';
    const headers = { ETag: etag, "Cache-Control": cacheControl(folder) };
    const status = conditionStatus(request, etag);
    if (status !== null) return refuse(status, headers);
    /** @type {[string, object][]} */
    const items = [];
    for (const [path, document] of account.documents) {
      if (!path.startsWith(folder)) continue;
      const [name, ...below] = path.slice(folder.length).split("/");
      if (below.length === 0) items.push([name, rules.describeDocument(document)]);
      else {
        const tag = account.folders.get(`${folder}${name}/`) ?? "";
        items.push([`${name}/`, rules.describeFolder(tag)]);
      }
    }
    const context = "http://remotestorage.io/spec/folder-description";
    const body = JSON.stringify({ "@context": context, items: Object.fromEntries(items) });
    return new Response(body, { headers: { ...headers, "Content-Type": "application/ld+json" } });
  }

  function readDocument(
    /** @type {Request} */ request,
    /** @type {Account} */ account,
    /** @type {string} */ path,
  ) {
    const document = account.documents.get(path);
    if (document === undefined) return refuse(404);
    const { bytes, type, etag, modified } = document;
    const headers = {
      ETag: etag,
      "Content-Type": type,
      "Last-Modified": modified,
      "Accept-Ranges": "bytes",
      "Cache-Control": cacheControl(path),
      "Content-Security-Policy": "sandbox; default-src 'none'",
    };
    const status = conditionStatus(request, etag);
    if (status !== null) return refuse(status, headers);
    const ifRange = request.headers.get("if-range");
    const isPart = request.method === "GET" && (ifRange === null || ifRange === etag);
    const range = isPart ? rules.parseRange(request.headers.get("range"), bytes.length) : null;
    const size = bytes.length;
    if (range === "none") return refuse(416, { "Content-Range": `bytes */${size}` });
    const [first, last] = range ?? [0, size - 1];
    const part = bytes.slice(first, last + 1);
    return new Response(/** @type {Uint8Array<ArrayBuffer>} */ (part), {
      status: range ? 206 : 200,
      headers: {
        ...headers,
        "Content-Length": `${part.length}`,
        ...(range ? { "Content-Range": `bytes ${first}-${last}/${size}` } : {}),
      },
    });
  }

  async function change(
    /** @type {Request} */ request,
    /** @type {Account} */ account,
    /** @type {string} */ path,
  ) {
    if (request.headers.has("content-range")) return refuse(400);
    const type = request.headers.get("content-type");
    if (request.method === "PUT" && type === null) return refuse(400);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const before = account.documents.get(path);
    if (request.method === "DELETE" && before === undefined) return refuse(404);
    const status = conditionStatus(request, before?.etag ?? null);
    if (status !== null) return refuse(status, before ? { ETag: before.etag } : {});
    const foldersAbove = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
    if (request.method === "PUT" && isClash(account, path, foldersAbove)) return refuse(409);
    const pause = rules.beforeWrite();
    if (pause) await pause;
    count++;
    for (const folder of rules.changedFolders(foldersAbove, request.method)) {
      account.folders.set(folder, `"f${count}"`);
    }
    if (request.method === "DELETE") {
      account.documents.delete(path);
      return new Response(null, {
        status: 200,
        headers: { ETag: /** @type {any} */ (before).etag },
      });
    }
    const etag = rules.nextEtag(count, bytes);
    const modified = new Date().toUTCString();
    account.documents.set(path, { bytes, type: String(type), etag, modified });
    return new Response(null, { status: before ? 200 : 201, headers: { ETag: etag } });
  }

  /** Whether a document of this path would have the name of a folder, or a folder above it that of a document. */
  function isClash(
    /** @type {Account} */ { documents },
    /** @type {string} */ path,
    /** @type {string[]} */ foldersAbove,
  ) {
    if (foldersAbove.some((folder) => documents.has(folder.slice(0, -1)))) return true;
    return [...documents.keys()].some((other) => other.startsWith(`${path}/`));
  }
}

const cacheControl = (/** @type {string} */ path) =>
  path.startsWith("/public/") ? "no-cache, public" : "no-cache";

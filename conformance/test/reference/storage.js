/** The storage of the reference server: documents by path, and a version for each folder. */

/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {import("./rules.js").Account} Account */

/** A refusal: an empty answer with this status. */
const refuse = (/** @type {number} */ status, /** @type {HeadersInit} */ headers = {}) =>
  new Response(null, { status, headers });

/**
 * @param {Rules} rules
 * @param {{find: (token: string) => {user: string, scope: string} | undefined}} tokens
 */
export function createStorage(rules, tokens) {
  /** @type {Map<string, Account>} */
  const accounts = new Map();
  let count = 0;

  const accountOf = (/** @type {string} */ user) => {
    const account = accounts.get(user) ?? {
      documents: new Map(),
      folders: new Map(),
      items: new Map(),
    };
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
    const account = accountOf(user);
    const refusal = rules.answerFirst(account, path, request) ?? refuseAccess(request, user, path);
    if (refusal) return refusal;
    const isFolder = path.endsWith("/");
    const method = rules.methodOf(request);
    if (method === "GET" || method === "HEAD") {
      return isFolder ? readFolder(request, account, path) : readDocument(request, account, path);
    }
    if (method !== "PUT" && method !== "DELETE") return refuse(405);
    return isFolder ? refuse(400) : change(request, method, account, path);
  };

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
    rules.onReadFolder(account, folder);
    const etag = account.folders.get(folder) ?? '"empty"';
    const headers = { ETag: etag, "Cache-Control": cacheControl(folder) };
    const status = conditionStatus(request, etag);
    if (status !== null) return refuse(status, headers);
    const items = [...(account.items.get(folder) ?? [])].map((name) => {
      const path = `${folder}${name}`;
      return /** @type {[string, object]} */ ([
        name,
        name.endsWith("/")
          ? rules.describeFolder(account.folders.get(path) ?? "")
          : rules.describeDocument(/** @type {StoredDocument} */ (account.documents.get(path))),
      ]);
    });
    const listed = rules.items(items, account, folder);
    const body = JSON.stringify({ "@context": rules.context, items: Object.fromEntries(listed) });
    return new Response(body, { headers: { ...headers, "Content-Type": "application/ld+json" } });
  }

  function readDocument(
    /** @type {Request} */ request,
    /** @type {Account} */ account,
    /** @type {string} */ path,
  ) {
    const document = account.documents.get(path);
    if (document === undefined) return refuse(404);
    const { bytes, type, modified } = document;
    const ofFolder = account.folders.get(path.slice(0, path.lastIndexOf("/") + 1)) ?? "";
    const etag = rules.currentEtag(document, ofFolder);
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
    /** @type {"PUT" | "DELETE"} */ method,
    /** @type {Account} */ account,
    /** @type {string} */ path,
  ) {
    const statusOfParts = request.headers.has("content-range") ? rules.statusOfParts() : null;
    if (statusOfParts !== null) return refuse(statusOfParts);
    const type = request.headers.get("content-type");
    if (method === "PUT" && type === null) return refuse(400);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const before = account.documents.get(path);
    if (method === "DELETE" && before === undefined) return refuse(404);
    const status = conditionStatus(request, before?.etag ?? null);
    if (status !== null) return refuse(status, before ? { ETag: before.etag } : {});
    const foldersAbove = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
    if (method === "PUT" && rules.isClash(account, path, foldersAbove)) return refuse(409);
    const pause = rules.beforeWrite();
    if (pause) await pause;
    count++;
    for (const folder of rules.changedFolders(foldersAbove, method, account)) {
      account.folders.set(folder, `"f${count}"`);
    }
    if (method === "DELETE") {
      for (const gone of [path, ...rules.deletedWith(account, path)]) remove(account, gone);
      return new Response(null, {
        status: 200,
        headers: { ETag: /** @type {any} */ (before).etag },
      });
    }
    const etag = rules.nextEtag(count, bytes);
    const modified = new Date().toUTCString();
    listPath(account, path);
    account.documents.set(path, {
      bytes: rules.store(bytes, before),
      type: rules.storeType(String(type), before),
      etag,
      modified,
    });
    return new Response(null, { status: before ? 200 : 201, headers: { ETag: etag } });
  }
}

const cacheControl = (/** @type {string} */ path) =>
  path.startsWith("/public/") ? "no-cache, public" : "no-cache";

/** Lists a path in its folder, and the folder in those above. */
export function listPath(/** @type {Account} */ { items }, /** @type {string} */ path) {
  for (const [folder, name] of namesUp(path)) {
    items.set(folder, (items.get(folder) ?? new Set()).add(name));
  }
}

/** Forgets a document, and the folders that are left empty. */
function remove(/** @type {Account} */ { documents, items }, /** @type {string} */ path) {
  documents.delete(path);
  for (const [folder, name] of namesUp(path)) {
    items.get(folder)?.delete(name);
    if ((items.get(folder)?.size ?? 0) > 0) return;
    items.delete(folder);
  }
}

/** The folders above a path, deepest first, each with the name that leads towards the path. */
function* namesUp(/** @type {string} */ path) {
  for (let at = path; at !== "/"; ) {
    const folder = at.slice(0, at.lastIndexOf("/", at.length - 2) + 1);
    yield [folder, at.slice(folder.length)];
    at = folder;
  }
}

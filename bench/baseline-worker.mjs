/**
 * The baseline: a Worker that makes only the calls to D1, R2 and the user's Durable Object that an
 * operation needs. Its time is the platform's (here, the simulators'); what Satchel takes beyond it
 * is Satchel's own.
 *
 *   GET      one D1 batch (the grant, the document's row), then R2
 *   304      one D1 batch (the grant, the row), for folders and documents; HEAD likewise
 *   listing  one D1 batch (the grant, the folder's row, its items), and the JSON of the listing
 *   PUT      R2 under a new key, streaming the body; one call of the object, and in it one D1
 *            batch: a row per ancestor and the document's
 *   DELETE   one call of the object, and in it one D1 batch: a row per ancestor, and the document's deletion
 *   OPTIONS  no call
 *
 * Left out: signatures (a token is the account and the grant in plain text), preconditions of writes,
 * name clashes, quota and usage, deletion of empty folders, ranges, CORS, content types, validation of
 * requests, error messages, and the query that refuses a PUT before its body is read. So the baseline
 * is as fast as the platform allows, but unfit for real data. It keeps two properties that every
 * server needs: nothing is read or written without the grant's row, and the writes of one user are
 * serialized, each in its own batch.
 */

import { DurableObject } from "cloudflare:workers";

const FOLDER_CONTEXT = "http://remotestorage.io/spec/folder-description";

export default {
  /** Serves /storage/<user>/<path>; POST /users/<user> creates a user for the bench. */
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/users/")) return createUser(env, pathname.slice("/users/".length));
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    const [account, grant] = request.headers
      .get("Authorization")
      .slice("Bearer ".length)
      .split(".");
    const target = { account, grant, ...parsePath(pathname) };
    if (request.method === "PUT") return put(request, env, target);
    if (request.method === "DELETE") return remove(env, target);
    return target.name.endsWith("/") && !request.headers.has("If-None-Match")
      ? list(env, target)
      : read(request, env, target);
  },
};

/** One per user: runs one batch after the other. */
export class UserObject extends DurableObject {
  #lastCommit = Promise.resolve();

  /** @returns {Promise<boolean>} whether something was written: false without a grant */
  commit(change) {
    const commit = this.#lastCommit.then(() => write(this.env.DB, change));
    this.#lastCommit = commit.catch(() => {});
    return commit;
  }
}

async function createUser(env, name) {
  await env.DB.batch([
    env.DB.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?1, ?1, 0)").bind(name),
    env.DB.prepare(
      `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at)
       VALUES (?1, 'bench', '', '', '*:rw', 'implicit', 0)`,
    ).bind(name),
  ]);
  return new Response(`${name}.bench`);
}

/** Parent and name as in the table `nodes`, in which the root is '/' in ''. */
function parsePath(pathname) {
  const path = pathname.slice(pathname.indexOf("/", "/storage/".length));
  if (path === "/") return { parent: "", name: "/" };
  const start = path.lastIndexOf("/", path.length - 2) + 1;
  return { parent: path.slice(0, start), name: path.slice(start) };
}

async function read(request, env, { account, grant, parent, name }) {
  const [granted, found] = await env.DB.batch([
    selectGrant(env.DB, account, grant),
    selectNode(env.DB, account, parent, name),
  ]);
  const [row] = found.results;
  if (!granted.results[0] || !row) return new Response(null, { status: 404 });
  const headers = { ETag: `"${row.version}"` };
  if (request.headers.get("If-None-Match") === headers.ETag) {
    return new Response(null, { status: 304, headers });
  }
  headers["Content-Type"] = row.type;
  headers["Content-Length"] = String(row.length);
  if (request.method === "HEAD") return new Response(null, { headers });
  const { body } = await env.BODIES.get(row.version);
  return new Response(body, { headers });
}

async function list(env, { account, grant, parent, name }) {
  const [granted, found, children] = await env.DB.batch([
    selectGrant(env.DB, account, grant),
    selectNode(env.DB, account, parent, name),
    env.DB.prepare(
      "SELECT name, version, type, length, modified FROM nodes WHERE account = ?1 AND parent = ?2",
    ).bind(account, parent + name),
  ]);
  const [row] = found.results;
  if (!granted.results[0] || !row) return new Response(null, { status: 404 });
  const items = {};
  for (const { name, version, type, length, modified } of children.results) {
    items[name] =
      type === null
        ? { ETag: version }
        : {
            ETag: version,
            "Content-Type": type,
            "Content-Length": length,
            "Last-Modified": new Date(modified).toUTCString(),
          };
  }
  return new Response(JSON.stringify({ "@context": FOLDER_CONTEXT, items }), {
    headers: { ETag: `"${row.version}"`, "Content-Type": "application/ld+json" },
  });
}

async function put(request, env, target) {
  const version = crypto.randomUUID();
  await env.BODIES.put(version, request.body);
  const type = request.headers.get("Content-Type");
  const length = Number(request.headers.get("Content-Length"));
  return commit(env, { ...target, version, put: { type, length } });
}

const remove = (env, target) => commit(env, { ...target, version: crypto.randomUUID(), put: null });

async function commit(env, change) {
  const isWritten = await env.USERS.getByName(change.account).commit(change);
  return new Response(null, {
    status: isWritten ? 200 : 404,
    headers: { ETag: `"${change.version}"` },
  });
}

async function write(db, { account, grant, parent, name, version, put }) {
  const now = Date.now();
  const [ancestors] = await db.batch([
    db
      .prepare(
        `INSERT INTO nodes (account, parent, name, version, length, documents, modified)
         SELECT ?1, a.value ->> 0, a.value ->> 1, ?3, 0, 1, ?4 FROM grants g, json_each(?5) a
         WHERE g.account = ?1 AND g.id = ?2
         ON CONFLICT (account, parent, name) DO UPDATE SET
           version = excluded.version, modified = excluded.modified`,
      )
      .bind(account, grant, version, now, JSON.stringify(ancestorsOf(parent))),
    put
      ? db
          .prepare(
            `INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
             SELECT ?1, ?3, ?4, ?5, ?6, ?7, 1, ?8 FROM grants g WHERE g.account = ?1 AND g.id = ?2
             ON CONFLICT (account, parent, name) DO UPDATE SET version = excluded.version,
               type = excluded.type, length = excluded.length, modified = excluded.modified`,
          )
          .bind(account, grant, parent, name, version, put.type, put.length, now)
      : db
          .prepare(
            `DELETE FROM nodes WHERE account = ?1 AND parent = ?3 AND name = ?4
               AND EXISTS (SELECT 1 FROM grants WHERE account = ?1 AND id = ?2)`,
          )
          .bind(account, grant, parent, name),
  ]);
  return ancestors.meta.changes > 0;
}

/** [parent, name] of this folder and of all folders above it, starting with the root. */
function ancestorsOf(folder) {
  const names = folder.split("/").slice(1, -1);
  const below = names.map((name, depth) => [
    `/${names
      .slice(0, depth)
      .map((name) => `${name}/`)
      .join("")}`,
    `${name}/`,
  ]);
  return [["", "/"], ...below];
}

const selectGrant = (db, account, id) =>
  db.prepare("SELECT scope FROM grants WHERE account = ?1 AND id = ?2").bind(account, id);

const selectNode = (db, account, parent, name) =>
  db
    .prepare(
      `SELECT version, type, length, modified FROM nodes
       WHERE account = ?1 AND parent = ?2 AND name = ?3`,
    )
    .bind(account, parent, name);

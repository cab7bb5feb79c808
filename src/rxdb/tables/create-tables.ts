/** Creates the SQLite tables of a module object. Times are milliseconds since 1970. */

/**
 * Texts by which documents are found or sorted are stored as `sortableText` returns them. Every row
 * written is billed, so a document has as few as possible: its own, one in `documents_by_seq`, and one
 * per index.
 */
const SCHEMA = `
  -- A collection in one version of its schema. Ids are never reused: connections and events outlive
  -- their collection.
  CREATE TABLE IF NOT EXISTS collections (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    database  TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    primary_path TEXT NOT NULL, -- the field with the primary key
    seq       INTEGER NOT NULL, -- of the last write
    documents INTEGER NOT NULL, -- without deleted ones
    bytes     INTEGER NOT NULL, -- of documents, index entries and attachments
    -- r2_bytes: of its attachments in R2; schema: JSON, as it was imported with the collection. Both are added below.
    UNIQUE (database, name, version)
  );

  -- An index of a collection that any of its clients has in its schema.
  CREATE TABLE IF NOT EXISTS indexes (
    id          INTEGER PRIMARY KEY,
    collection  INTEGER NOT NULL,
    definition  TEXT NOT NULL,
    is_faithful INTEGER NOT NULL, -- its order is RxDB's order for all documents
    UNIQUE (collection, definition)
  );

  -- A document in its current revision, which may say that it is deleted.
  CREATE TABLE IF NOT EXISTS documents (
    collection INTEGER NOT NULL,
    id         TEXT NOT NULL,
    seq        INTEGER NOT NULL, -- of the write that made this revision
    deleted    INTEGER NOT NULL,
    lwt        REAL NOT NULL,    -- last write time, by the client's clock
    data       TEXT NOT NULL,    -- JSON
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS documents_by_seq ON documents (collection, seq);
  CREATE INDEX IF NOT EXISTS documents_deleted ON documents (collection, lwt) WHERE deleted = 1;

  -- The entry of a document in an index.
  CREATE TABLE IF NOT EXISTS entries (
    "index" INTEGER NOT NULL,
    key     TEXT NOT NULL,
    id      TEXT NOT NULL,
    PRIMARY KEY ("index", key, id)
  ) WITHOUT ROWID;

  -- An attachment: its bytes, or where they are in R2.
  CREATE TABLE IF NOT EXISTS attachments (
    collection INTEGER NOT NULL,
    id         TEXT NOT NULL, -- of the document
    name       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    length     INTEGER NOT NULL,
    data       BLOB,
    r2_key     TEXT,
    PRIMARY KEY (collection, id, name)
  ) WITHOUT ROWID;

  -- An orphan: a body in R2 to which no attachment refers, not yet or not any more.
  CREATE TABLE IF NOT EXISTS loose_bodies (
    r2_key TEXT PRIMARY KEY,
    since  INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- The latest changes, for clients that were offline: event bulks, in parts that fit into a row. Of
  -- those that were deleted, an empty row of the newest stays, with collection 0: so it is known since
  -- when changes are kept, and numbers are not reused.
  CREATE TABLE IF NOT EXISTS events (
    seq        INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    request    TEXT NOT NULL, -- the request that made the change
    answer     TEXT NOT NULL, -- JSON of the answer to it
    json       TEXT NOT NULL, -- '' after its collection was removed
    PRIMARY KEY (seq, part)
  ) WITHOUT ROWID;

  -- A session: a secret for the URL, created with an access token, or such a token itself.
  CREATE TABLE IF NOT EXISTS sessions (
    hash       TEXT PRIMARY KEY, -- SHA-256 of the secret
    grant_id   TEXT NOT NULL,
    opened_at  INTEGER NOT NULL,
    expires_at INTEGER            -- NULL: when its grant ends
  ) WITHOUT ROWID;

  -- A storage instance of an RxDB client. Outlives its socket.
  CREATE TABLE IF NOT EXISTS connections (
    session    TEXT NOT NULL,
    id         TEXT NOT NULL,    -- the client's connectionId
    collection INTEGER NOT NULL,
    schema     TEXT NOT NULL,    -- JSON, as this client has it
    lost_at    INTEGER,          -- since when it may have missed changes; NULL: it has a socket
    is_stale   INTEGER NOT NULL, -- it has missed changes that are no longer kept
    PRIMARY KEY (session, id)
  ) WITHOUT ROWID;`;

/**
 * Since version 2, `r2_bytes` counts the attachments in R2, and `bytes` counts bytes of UTF-8, with keys
 * and ids. Counts what is there once: `documentBytes`, `entryBytes`, and the attachments.
 */
const RECOUNT = `
  ALTER TABLE collections ADD COLUMN r2_bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE collections SET
    bytes = (SELECT coalesce(sum(octet_length(data) + 2 * octet_length(documents.id)), 0)
        FROM documents WHERE collection = collections.id)
      + (SELECT coalesce(sum(octet_length(key) + octet_length(entries.id)), 0)
        FROM indexes JOIN entries ON "index" = indexes.id WHERE collection = collections.id)
      + (SELECT coalesce(sum(length), 0) FROM attachments WHERE collection = collections.id),
    r2_bytes = (SELECT coalesce(sum(length), 0) FROM attachments
      WHERE collection = collections.id AND r2_key IS NOT NULL);`;

/** Since version 3, the schema of an imported collection is stored: those of others are what their clients say. */
const ADD_SCHEMA = "ALTER TABLE collections ADD COLUMN schema TEXT;";

/** The key of the version of the tables in the object's storage. Version 1 did not store it. */
const VERSION_KEY = "tables";
const VERSION = 3;

/**
 * Creates the tables, or brings those of an older version up to date. Returns true in the latter case,
 * if they hold collections.
 */
export function createTables(storage: DurableObjectStorage): boolean {
  const { kv, sql } = storage;
  const version = kv.get(VERSION_KEY);
  if (version === VERSION) return false;
  return storage.transactionSync(() => {
    const isCounted = version === 2;
    if (!isCounted) {
      sql.exec(SCHEMA);
      sql.exec(RECOUNT);
    }
    sql.exec(ADD_SCHEMA);
    kv.put(VERSION_KEY, VERSION);
    if (isCounted) return false;
    return sql.exec("SELECT 1 FROM collections LIMIT 1").toArray().length > 0;
  });
}

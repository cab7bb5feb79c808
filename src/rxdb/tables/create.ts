/** The tables in the SQLite of a module's object. Times are milliseconds since 1970. */

/**
 * Texts by which documents are found or sorted are kept as `sortable` makes them. A row that is
 * written costs, so a document has as few as can be: its own, one in `documents_by_seq`, and one
 * per index.
 */
const SCHEMA = `
  -- A collection in one version of its schema. An id is never given twice: connections and events
  -- outlive a collection that is removed.
  CREATE TABLE IF NOT EXISTS collections (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    database  TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    primary_path TEXT NOT NULL, -- the field that names a document
    seq       INTEGER NOT NULL, -- of the last write
    documents INTEGER NOT NULL, -- that are not deleted
    bytes     INTEGER NOT NULL, -- of the quota
    UNIQUE (database, name, version)
  );

  -- An index of a collection, as any of its clients wants it.
  CREATE TABLE IF NOT EXISTS indexes (
    id          INTEGER PRIMARY KEY,
    collection  INTEGER NOT NULL,
    definition  TEXT NOT NULL,
    is_faithful INTEGER NOT NULL, -- all documents stand in it where their values would have them
    UNIQUE (collection, definition)
  );

  -- A document in its current revision, also if that says that it is deleted.
  CREATE TABLE IF NOT EXISTS documents (
    collection INTEGER NOT NULL,
    id         TEXT NOT NULL,
    seq        INTEGER NOT NULL, -- of the write that made this revision, in the collection
    deleted    INTEGER NOT NULL,
    lwt        REAL NOT NULL,    -- when the client says that it was written
    data       TEXT NOT NULL,    -- JSON
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS documents_by_seq ON documents (collection, seq);
  CREATE INDEX IF NOT EXISTS documents_deleted ON documents (collection, lwt) WHERE deleted = 1;

  -- The place of a document in an index.
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

  -- A body in R2 that no attachment names, not yet or no more.
  CREATE TABLE IF NOT EXISTS loose_bodies (
    r2_key TEXT PRIMARY KEY,
    since  INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- The latest changes, for who was away: an event bulk, in parts that a row can hold. Of the newest
  -- a row always stays, if only an empty one of collection 0, so that numbers are not given twice.
  CREATE TABLE IF NOT EXISTS events (
    seq        INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    request    TEXT NOT NULL, -- the request that made the change
    answer     TEXT NOT NULL, -- JSON of what it was answered
    json       TEXT NOT NULL, -- '' once its collection was removed
    PRIMARY KEY (seq, part)
  ) WITHOUT ROWID;

  -- Who may come in: a secret in the URL, made for an access token, or the token itself.
  CREATE TABLE IF NOT EXISTS sessions (
    hash       TEXT PRIMARY KEY, -- SHA-256 of the secret
    grant_id   TEXT NOT NULL,
    opened_at  INTEGER NOT NULL,
    expires_at INTEGER            -- NULL: with its grant
  ) WITHOUT ROWID;

  -- An instance of RxDB's storage at a client. Outlives its socket.
  CREATE TABLE IF NOT EXISTS connections (
    session    TEXT NOT NULL,
    id         TEXT NOT NULL,    -- as the client calls it
    collection INTEGER NOT NULL,
    schema     TEXT NOT NULL,    -- JSON, of this client
    lost_at    INTEGER,          -- since then it may have missed changes; NULL: it has a socket
    is_stale   INTEGER NOT NULL, -- it has missed some that are not kept any more
    PRIMARY KEY (session, id)
  ) WITHOUT ROWID;`;

/** Makes the tables that are not there yet. */
export function makeTables(sql: SqlStorage): void {
  sql.exec(SCHEMA);
}

-- The index of Satchel, in D1. This file is the truth that people read; the numbered files in
-- migrations/ make the same database, and a test proves it. Document bodies are not here but in
-- R2, under <account id>/<document id>/<version>. Times are milliseconds since 1970 unless the
-- name says otherwise. Sessions, codes and refresh tokens stand here only as SHA-256 hashes, passwords
-- as scrypt hashes.

-- A person's account. Written at sign-up. A row is never deleted, so that a name is never given
-- to a second person.
CREATE TABLE accounts (
  id          TEXT NOT NULL PRIMARY KEY, -- random; first part of every R2 key of the account
  name        TEXT NOT NULL UNIQUE,      -- the <user> of <user>@<host>, lower case
  created_at  INTEGER NOT NULL,
  quota_bytes INTEGER                    -- NULL: the provider's DEFAULT_QUOTA_BYTES
) WITHOUT ROWID;

-- The password of an account, if it has one. Written at sign-up and when the password changes.
CREATE TABLE passwords (
  account    TEXT NOT NULL PRIMARY KEY,
  hash       TEXT NOT NULL, -- scrypt$N$r$p$salt$key, so that the cost can be raised later
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A browser that is signed in. Written at sign-in, dies at sign-out or when it expires.
CREATE TABLE sessions (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the cookie's value
  account    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A personal domain: https://<host>/ and acct:<name>@<host> identify this account in WebFinger.
-- Written by the operator.
CREATE TABLE domains (
  host    TEXT NOT NULL PRIMARY KEY, -- lower case, with the port if it is not the usual one
  account TEXT NOT NULL
) WITHOUT ROWID;

-- What a person allowed an app. Every token names its grant and dies with it: deleting the row
-- revokes. Ordered by account, so that one person's connected apps are one range.
CREATE TABLE grants (
  account    TEXT NOT NULL,
  id         TEXT NOT NULL,
  origin     TEXT NOT NULL, -- the app: the origin of its redirect_uri
  app_url    TEXT NOT NULL, -- where to open it: that redirect_uri without its query
  scope      TEXT NOT NULL, -- as granted, perhaps narrower than what the app asked for
  flow       TEXT NOT NULL CHECK (flow IN ('implicit', 'code')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,       -- NULL: until disconnected
  PRIMARY KEY (account, id)
) WITHOUT ROWID;

-- An authorization code on its way to the app. Its grant comes into being when it is redeemed.
-- A used code stays until it expires, so that a replay is recognised and revokes the grant.
CREATE TABLE codes (
  hash             TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the code
  account          TEXT NOT NULL,
  grant_id         TEXT NOT NULL,             -- the id that the grant will have
  redirect_uri     TEXT NOT NULL,
  challenge        TEXT NOT NULL,             -- PKCE S256
  scope            TEXT NOT NULL,
  grant_expires_at INTEGER,
  expires_at       INTEGER NOT NULL,
  successor        TEXT                       -- hash of the refresh token it was redeemed for
) WITHOUT ROWID;

-- A refresh token. Each use makes the next one; a used one stays until it expires, so that a
-- replay is recognised and revokes the grant.
CREATE TABLE refresh_tokens (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the token
  account    TEXT NOT NULL,
  grant_id   TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  successor  TEXT                       -- hash of the one it was exchanged for
) WITHOUT ROWID;

-- Keys that sign access tokens, where the operator has not set TOKEN_SECRETS. The first is made
-- when first needed; the newest signs, all verify, so deleting a row ends the tokens it signed.
CREATE TABLE signing_keys (
  kid        TEXT NOT NULL PRIMARY KEY,
  secret     TEXT NOT NULL, -- 32 random bytes, hexadecimal
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The tree of documents and folders. A document is there if its row is; a folder is there if
-- something is below it, only the root stays. Written by the commit (src/storage/commit.ts): one
-- change writes the document's row and one row per ancestor, nothing else, and no second index
-- makes that dearer. The sweep only sets totals right that have drifted.
CREATE TABLE nodes (
  account   TEXT NOT NULL,
  parent    TEXT NOT NULL,    -- path of the folder it is in, '/' or '/a/b/'; '' for the root
  name      TEXT NOT NULL,    -- decoded; a folder's ends with '/', the root's is '/'
  version   TEXT NOT NULL,    -- the ETag, random; for a document the last part of its R2 key too
  type      TEXT,             -- a document's Content-Type, byte for byte; NULL for a folder
  length    INTEGER NOT NULL, -- bytes of the document, or of all documents below the folder
  documents INTEGER NOT NULL, -- how many documents: 1, or all below the folder
  modified  INTEGER NOT NULL,
  PRIMARY KEY (account, parent, name)
) WITHOUT ROWID;

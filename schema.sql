-- The index of Satchel, in D1. This file is the truth that people read; the numbered files in
-- migrations/ make the same database, and a test proves it. Document bodies are not here but in
-- R2, under <account id>/<document id>/<version>. Times are milliseconds since 1970 unless the
-- name says otherwise. Sessions, codes, refresh tokens, recovery codes and links stand here only as
-- SHA-256 hashes, passwords as scrypt hashes.

-- A person's account. Written at sign-up. A row is never deleted, so that a name is never given
-- to a second person; of a deleted account nothing but the name and the times is left.
CREATE TABLE accounts (
  id          TEXT NOT NULL PRIMARY KEY, -- random; first part of every R2 key of the account
  name        TEXT NOT NULL UNIQUE,      -- the <user> of <user>@<host>, lower case
  created_at  INTEGER NOT NULL,
  quota_bytes INTEGER,                   -- NULL: the provider's DEFAULT_QUOTA_BYTES
  is_admin    INTEGER NOT NULL DEFAULT 0,
  invitation  TEXT,    -- hash of the invitation that it was made with, which counts as a use of it
  email       TEXT,    -- for recovery alone; NULL: none was given and confirmed
  seen_at     INTEGER, -- a page was opened while signed in; written at most once an hour
  suspended_at INTEGER, -- by an administrator: neither person nor apps come in, the data stays
  deleted_at  INTEGER, -- by its owner or an administrator: everything is being erased
  erased_at   INTEGER  -- everything is erased
) WITHOUT ROWID;
CREATE INDEX accounts_by_invitation ON accounts (invitation) WHERE invitation IS NOT NULL;
CREATE INDEX accounts_to_erase ON accounts (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

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
  expires_at INTEGER NOT NULL,
  proved_at  INTEGER NOT NULL DEFAULT 0, -- when the person last proved here who they are
  seen_at    INTEGER, -- written at most once an hour
  device     TEXT,    -- browser and system, as the browser says
  country    TEXT     -- ISO 3166 code, as the platform says
) WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account);

-- A passkey (WebAuthn credential). Written when it is made, dies when its owner removes it.
CREATE TABLE passkeys (
  id         TEXT NOT NULL PRIMARY KEY, -- the credential's id, base64url
  account    TEXT NOT NULL,
  public_key TEXT NOT NULL, -- COSE, base64url
  counter    INTEGER NOT NULL, -- of signatures; a copy would give itself away by it
  transports TEXT NOT NULL, -- JSON list: how a browser may reach it
  name       TEXT NOT NULL, -- as its owner calls it
  created_at INTEGER NOT NULL,
  used_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX passkeys_by_account ON passkeys (account);

-- A challenge that a passkey has to sign. Dies when it is used or expires.
CREATE TABLE challenges (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the challenge
  purpose    TEXT NOT NULL CHECK (purpose IN ('sign-up', 'add', 'sign-in')),
  account    TEXT, -- who makes a passkey; for a sign-up the id that the account will have
  name       TEXT, -- for a sign-up, the name that was asked for
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A recovery code, each good for one sign-in. Made ten at a time; a new set replaces the old one.
CREATE TABLE recovery_codes (
  account TEXT NOT NULL,
  hash    TEXT NOT NULL,
  PRIMARY KEY (account, hash)
) WITHOUT ROWID;

-- A link that works once: 'reset' (made by an administrator, voids the old ways in), 'recover'
-- (sent by mail, does not), 'email' (confirms the address that it was sent to).
CREATE TABLE links (
  hash       TEXT NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('reset', 'recover', 'email')),
  account    TEXT NOT NULL,
  email      TEXT,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX links_by_account ON links (account);

-- An invitation to sign up. Written by an administrator, or by the set-up of a new provider; how
-- often it was used is how many accounts name it.
CREATE TABLE invitations (
  hash        TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret in the link
  note        TEXT NOT NULL, -- for the administrators: whom it is for
  max_uses    INTEGER NOT NULL,
  quota_bytes INTEGER, -- of who comes by it; NULL: the provider's DEFAULT_QUOTA_BYTES
  is_admin    INTEGER NOT NULL DEFAULT 0, -- who comes by it is an administrator
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) WITHOUT ROWID;

-- What happened in an account, for its owner to see: only added to, dies after ACTIVITY_DAYS.
CREATE TABLE activity (
  account TEXT NOT NULL,
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL, -- src/accounts/activity.ts
  detail  TEXT NOT NULL, -- JSON, what the kind says
  PRIMARY KEY (account, at, id)
) WITHOUT ROWID;

-- What administrators did: only added to, dies after ADMIN_LOG_DAYS.
CREATE TABLE admin_log (
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  admin   TEXT NOT NULL, -- name
  kind    TEXT NOT NULL, -- src/admin/log.ts
  account TEXT,          -- name of whom it concerns
  detail  TEXT NOT NULL, -- JSON
  PRIMARY KEY (at, id)
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
  origin     TEXT NOT NULL, -- the app: the origin of its redirect_uri; '' where it has none
  app_url    TEXT NOT NULL, -- where to open it: that redirect_uri without its query; '' likewise
  label      TEXT,          -- what an app without an origin is called, by its owner or by itself
  scope      TEXT NOT NULL, -- as granted, perhaps narrower than what the app asked for
  flow       TEXT NOT NULL CHECK (flow IN ('implicit', 'code', 'token', 'device')),
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

-- A device that asks for access (RFC 8628). Written by the device; the person who types its code
-- adds the account and what is granted, and the grant comes into being with the next poll.
CREATE TABLE devices (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the device code
  user_code  TEXT NOT NULL UNIQUE,      -- what the person types, without its hyphen
  name       TEXT NOT NULL,             -- what the device calls itself
  scope      TEXT NOT NULL,             -- what it asks for
  account    TEXT,                      -- who answered; NULL: nobody yet
  grant_id   TEXT,                      -- the id that the grant will have; NULL: none
  granted    TEXT,                      -- the scope that was granted; NULL with an account: denied
  grant_expires_at INTEGER,
  interval   INTEGER NOT NULL,          -- seconds that it has to leave between two polls
  polled_at  INTEGER,
  expires_at INTEGER NOT NULL,
  successor  TEXT                       -- hash of the refresh token it was redeemed for
) WITHOUT ROWID;

-- What an app used on one day (days since 1970). Written at most once an hour per grant, by an
-- isolate that counts in memory meanwhile; dies after a month.
CREATE TABLE app_use (
  account  TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  day      INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  bytes    INTEGER NOT NULL, -- of bodies, in both directions
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (account, grant_id, day)
) WITHOUT ROWID;

-- What the provider was asked on one day (days since 1970), for the administrators and /metrics.
-- Written now and then by isolates that count in memory meanwhile; what is older than 31 days is
-- added to day 0, so that the sums never go down.
CREATE TABLE traffic (
  day          INTEGER NOT NULL,
  route        TEXT NOT NULL,    -- the pattern, never a path
  status       INTEGER NOT NULL, -- first digit: 2 to 5
  requests     INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL,
  PRIMARY KEY (day, route, status)
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

-- A module in which RxDB apps have databases (src/rxdb). Written when an app first connects, and
-- by the module's Durable Object, which holds the databases themselves: `bytes` is how much of the
-- quota it has reserved, at least what it holds. Goes when the account is erased.
CREATE TABLE rxdb_modules (
  account TEXT NOT NULL,
  module  TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  PRIMARY KEY (account, module)
) WITHOUT ROWID;

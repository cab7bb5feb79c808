-- The schema of Satchel's D1 database, for reading. The numbered files in migrations/ create the same
-- schema; a test compares them. Document bodies are in R2, under <account id>/<document id>/<version>.
-- Times are milliseconds since 1970 unless the name says otherwise. Sessions, codes, refresh tokens,
-- recovery codes and links are stored as SHA-256 hashes only, passwords as scrypt hashes.

-- Accounts. Inserted at sign-up and never deleted, so that a name is never reused; a deleted account
-- keeps only its name, its times and its invitation.
CREATE TABLE accounts (
  id          TEXT NOT NULL PRIMARY KEY, -- random; the first part of every R2 key of the account
  name        TEXT NOT NULL UNIQUE,      -- the <user> of <user>@<host>, lower case
  created_at  INTEGER NOT NULL,
  quota_bytes INTEGER,                   -- NULL: the provider's DEFAULT_QUOTA_BYTES
  is_admin    INTEGER NOT NULL DEFAULT 0,
  invitation  TEXT,    -- hash of the invitation it was created with; counts as one of its uses
  email       TEXT,    -- confirmed, only for recovery; NULL: none
  seen_at     INTEGER, -- last visit of a page while signed in; written at most once an hour
  suspended_at INTEGER, -- by an administrator: neither the user nor apps have access; the data stays
  deleted_at  INTEGER, -- by the user or an administrator: erasure has begun
  erased_at   INTEGER, -- erasure is complete
  display_name TEXT,   -- public, by WebFinger; NULL: none
  picture     TEXT     -- the address of one, public alike
) WITHOUT ROWID;
CREATE INDEX accounts_by_invitation ON accounts (invitation) WHERE invitation IS NOT NULL;
CREATE INDEX accounts_to_erase ON accounts (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

-- Passwords of the accounts that have one. Written at sign-up and when the password changes.
CREATE TABLE passwords (
  account    TEXT NOT NULL PRIMARY KEY,
  hash       TEXT NOT NULL, -- scrypt$N$r$p$salt$key: the cost can be raised later
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Sessions of browsers. Inserted at sign-in, deleted at sign-out or after they expire.
CREATE TABLE sessions (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the cookie's value
  account    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  proved_at  INTEGER NOT NULL DEFAULT 0, -- when the user last authenticated in this session
  seen_at    INTEGER, -- written at most once an hour
  device     TEXT,    -- browser and operating system, from the User-Agent
  country    TEXT     -- ISO 3166 code, from Cloudflare
) WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account);
-- An account has at most 101 sessions: with a new one, those that were not used for longest end.
CREATE TRIGGER session_limit AFTER INSERT ON sessions BEGIN
  DELETE FROM sessions WHERE account = new.account AND hash <> new.hash AND (
    expires_at <= new.created_at OR hash IN (
      SELECT hash FROM sessions WHERE account = new.account
      ORDER BY coalesce(seen_at, created_at) DESC LIMIT -1 OFFSET 100));
END;

-- Passkeys (WebAuthn credentials). Deleted when the user removes them.
CREATE TABLE passkeys (
  id         TEXT NOT NULL PRIMARY KEY, -- the credential's id, base64url
  account    TEXT NOT NULL,
  public_key TEXT NOT NULL, -- COSE, base64url
  counter    INTEGER NOT NULL, -- WebAuthn signature counter: reveals a cloned authenticator
  transports TEXT NOT NULL, -- JSON array of WebAuthn transports
  name       TEXT NOT NULL, -- chosen by the user
  created_at INTEGER NOT NULL,
  used_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX passkeys_by_account ON passkeys (account);

-- WebAuthn challenges. Deleted when used, or with the next insert after they expire.
CREATE TABLE challenges (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the challenge
  purpose    TEXT NOT NULL CHECK (purpose IN ('sign-up', 'add', 'sign-in')),
  account    TEXT, -- account that registers a passkey; for a sign-up its future id
  name       TEXT, -- for a sign-up, the requested name
  expires_at INTEGER NOT NULL,
  client     TEXT NOT NULL DEFAULT '' -- address that asked for it: each may have only so many
) WITHOUT ROWID;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX challenges_by_client ON challenges (client);
CREATE TRIGGER challenge_inserted AFTER INSERT ON challenges BEGIN
  UPDATE row_counts SET rows = rows + 1 WHERE name = 'challenges';
END;
CREATE TRIGGER challenge_deleted AFTER DELETE ON challenges BEGIN
  UPDATE row_counts SET rows = rows - 1 WHERE name = 'challenges';
END;

-- Recovery codes: each allows one sign-in. Created ten at a time; a new set replaces the old one.
CREATE TABLE recovery_codes (
  account TEXT NOT NULL,
  hash    TEXT NOT NULL,
  PRIMARY KEY (account, hash)
) WITHOUT ROWID;

-- Single-use links: 'reset' (created by an administrator; removes all other sign-in methods), 'recover'
-- (sent by email; keeps them), 'email' (confirms the address that it was sent to).
CREATE TABLE links (
  hash       TEXT NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('reset', 'recover', 'email')),
  account    TEXT NOT NULL,
  email      TEXT,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX links_by_account ON links (account);

-- Invitations to sign up, created by administrators or by the set-up of a new provider. The accounts
-- that reference an invitation are its uses.
CREATE TABLE invitations (
  hash        TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret in the link
  note        TEXT NOT NULL, -- for the administrators
  max_uses    INTEGER NOT NULL,
  quota_bytes INTEGER, -- of accounts created with it; NULL: the provider's DEFAULT_QUOTA_BYTES
  is_admin    INTEGER NOT NULL DEFAULT 0, -- whether accounts created with it are administrators
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) WITHOUT ROWID;

-- The activity log of an account, shown to its user. Append-only; deleted after ACTIVITY_DAYS. Of each
-- kind the latest 500 are kept, so that many entries of one kind do not displace those of another.
CREATE TABLE activity (
  account TEXT NOT NULL,
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL, -- src/accounts/activity-entry.ts
  detail  TEXT NOT NULL, -- JSON, its shape depends on the kind
  PRIMARY KEY (account, at, id)
) WITHOUT ROWID;
CREATE INDEX activity_by_kind ON activity (account, kind, at);
CREATE TRIGGER activity_limit AFTER INSERT ON activity BEGIN
  DELETE FROM activity WHERE (account, at, id) IN (
    SELECT account, at, id FROM activity WHERE account = new.account AND kind = new.kind
    ORDER BY at DESC, id DESC LIMIT -1 OFFSET 500);
END;

-- The audit log of administrators' actions. Append-only; deleted after ADMIN_LOG_DAYS.
CREATE TABLE admin_log (
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  admin   TEXT NOT NULL, -- name
  kind    TEXT NOT NULL, -- src/admin/admin-action.ts
  account TEXT,          -- name of the account that it is about
  detail  TEXT NOT NULL, -- JSON
  PRIMARY KEY (at, id)
) WITHOUT ROWID;

-- Personal domains: https://<host>/ and acct:<name>@<host> identify the account in WebFinger. Those with a
-- verified claim were added by their users, others by the operator.
CREATE TABLE domains (
  host    TEXT NOT NULL PRIMARY KEY, -- lower case, with the port if it is not the default one
  account TEXT NOT NULL,
  has_storage INTEGER NOT NULL DEFAULT 0 -- 1: the host leads here as a whole, and WebFinger names the storage there
) WITHOUT ROWID;
CREATE INDEX domains_by_account ON domains (account);

-- Claims: users who say that a domain is theirs, with what proves it (src/domains). Several may claim the
-- same one; it is in `domains` for the one who has proved it. Written by the pages and the daily job, which
-- deletes a claim that is not proved in time.
CREATE TABLE domain_claims (
  host          TEXT NOT NULL,
  account       TEXT NOT NULL,
  value         TEXT NOT NULL,    -- what the user publishes in DNS or in a file
  created_at    INTEGER NOT NULL, -- or when the domain was lost, which makes it an open claim again
  next_check_at INTEGER NOT NULL, -- when the daily job is to look next
  checked_at    INTEGER,
  dns_finding   TEXT,             -- what the last check has found (src/domains/evidence.ts)
  file_finding  TEXT,
  verified_at   INTEGER,          -- the last time that the value was found; NULL: not yet
  failing_since INTEGER,          -- since when it is no longer found, of a verified claim
  PRIMARY KEY (host, account)
) WITHOUT ROWID;
CREATE INDEX domain_claims_by_account ON domain_claims (account);
CREATE INDEX domain_claims_by_next_check ON domain_claims (next_check_at);

-- Custom hostnames at Cloudflare, by which a domain leads here as a whole (src/domains/custom-hostnames.ts). A row is
-- there before Cloudflare is asked for one, and goes after it was deleted there, so that none is forgotten. It is to be
-- deleted once the domain is no longer the account's, which `domains` says: so it stays when an account is erased.
CREATE TABLE custom_hostnames (
  host               TEXT NOT NULL PRIMARY KEY,
  account            TEXT,    -- whose domain it is; NULL: the user has ended it
  id                 TEXT,    -- at Cloudflare; NULL: not made yet, or deleted there
  status             TEXT,    -- of the host, as Cloudflare says it
  certificate_status TEXT,
  errors             TEXT NOT NULL DEFAULT '[]', -- JSON array of what Cloudflare says is wrong
  problem            TEXT,    -- why the last call has failed (src/domains/custom-hostnames-api.ts)
  requested_at       INTEGER NOT NULL,
  checked_at         INTEGER, -- or when the last call began
  next_check_at      INTEGER  -- when the daily job is to look next; NULL: not until the user asks again
) WITHOUT ROWID;

-- Grants: what a user allowed an app. Every token references its grant, so deleting the row revokes
-- its tokens; refresh tokens and usage are deleted with it. The key starts with the account, so that a
-- user's connected apps are one range. An account has at most 1,000 (src/oauth/db/grants.ts).
CREATE TABLE grants (
  account    TEXT NOT NULL,
  id         TEXT NOT NULL,
  origin     TEXT NOT NULL, -- the app: the origin of its redirect_uri; '' if it has none
  app_url    TEXT NOT NULL, -- where the user can open the app; '' if that is not known
  label      TEXT,          -- name of an app without an origin, chosen by the user or by the app; of a
                            -- program at a loopback port, what it calls itself
  scope      TEXT NOT NULL, -- as granted, perhaps narrower than requested
  flow       TEXT NOT NULL CHECK (flow IN ('implicit', 'code', 'token', 'device')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,       -- NULL: until disconnected
  browser    TEXT,          -- random id of the browser that the app runs in; NULL: it runs elsewhere
  PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE TRIGGER grant_deleted AFTER DELETE ON grants BEGIN
  DELETE FROM refresh_tokens WHERE account = old.account AND grant_id = old.id;
  DELETE FROM app_use WHERE account = old.account AND grant_id = old.id;
  DELETE FROM codes WHERE account = old.account AND grant_id = old.id;
  DELETE FROM devices WHERE account = old.account AND grant_id = old.id;
END;

-- Authorization codes. Redeeming one creates its grant. A used code stays until it expires or the grant
-- ends, so that a replay is recognised and revokes the grant.
CREATE TABLE codes (
  hash             TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the code
  account          TEXT NOT NULL,
  grant_id         TEXT NOT NULL,             -- the future id of the grant
  redirect_uri     TEXT NOT NULL,
  challenge        TEXT NOT NULL,             -- PKCE S256
  scope            TEXT NOT NULL,
  grant_expires_at INTEGER,
  expires_at       INTEGER NOT NULL,
  successor        TEXT,                      -- hash of the refresh token it was redeemed for
  app_url          TEXT NOT NULL DEFAULT '',  -- as in the future grant, like its label and browser
  label            TEXT,
  browser          TEXT,
  successor_key    TEXT                       -- from which the successor was made, so that it can be made again
) WITHOUT ROWID;
CREATE INDEX codes_by_account ON codes (account);

-- Refresh tokens. Each use issues the next one; a used one stays for a week at most, so that a replay is
-- recognised and revokes the grant.
CREATE TABLE refresh_tokens (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the token
  account    TEXT NOT NULL,
  grant_id   TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  successor  TEXT,                      -- hash of the one it was exchanged for
  issued_at  INTEGER NOT NULL DEFAULT 0,
  successor_key TEXT                    -- as in codes
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (account, grant_id);

-- Device authorization requests (RFC 8628). Inserted by the device; the user who enters the code adds
-- the account and the granted scope, and the next poll creates the grant. Deleted with the next insert
-- after they expire.
CREATE TABLE devices (
  hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the device code
  user_code  TEXT NOT NULL UNIQUE,      -- the code that the user enters, without its hyphen
  name       TEXT NOT NULL,             -- the device's own name
  scope      TEXT NOT NULL,             -- the requested scope
  account    TEXT,                      -- account of the user who decided; NULL: pending
  grant_id   TEXT,                      -- the future id of the grant; NULL: none
  granted    TEXT,                      -- the granted scope; NULL with an account: denied
  grant_expires_at INTEGER,
  interval   INTEGER NOT NULL,          -- minimum seconds between two polls
  polled_at  INTEGER,
  expires_at INTEGER NOT NULL,
  successor  TEXT,                      -- hash of the refresh token it was redeemed for
  client     TEXT NOT NULL DEFAULT '',  -- address that asked, until a user decides: each may have only so many
  successor_key TEXT                    -- as in codes
) WITHOUT ROWID;
CREATE INDEX devices_by_expiry ON devices (expires_at);
CREATE INDEX devices_by_client ON devices (client);
CREATE TRIGGER device_inserted AFTER INSERT ON devices BEGIN
  UPDATE row_counts SET rows = rows + 1 WHERE name = 'devices';
END;
CREATE TRIGGER device_deleted AFTER DELETE ON devices BEGIN
  UPDATE row_counts SET rows = rows - 1 WHERE name = 'devices';
END;
CREATE INDEX devices_by_account ON devices (account) WHERE account IS NOT NULL;

-- The numbers of rows of the tables that anonymous clients can fill, 'devices' and 'challenges': a count
-- of all rows with each insert would cost more the more there are. Written by triggers.
CREATE TABLE row_counts (
  name TEXT NOT NULL PRIMARY KEY, -- of the table
  rows INTEGER NOT NULL
) WITHOUT ROWID;

-- Usage of an app on one day (days since 1970). Isolates count in memory, and write at most once an
-- hour per grant. Deleted after a month, except for the last day on which the app was used.
CREATE TABLE app_use (
  account  TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  day      INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  bytes    INTEGER NOT NULL, -- of request and response bodies
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (account, grant_id, day)
) WITHOUT ROWID;

-- Requests to the provider on one day (days since 1970), for administrators and /metrics. Isolates
-- count in memory, and write at most once a minute. Days older than 31 days are added to day 0, so
-- that the totals never go down.
CREATE TABLE traffic (
  day          INTEGER NOT NULL,
  route        TEXT NOT NULL,    -- the route pattern, never a path
  status       INTEGER NOT NULL, -- first digit of the status: 2 to 5
  requests     INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL,
  PRIMARY KEY (day, route, status)
) WITHOUT ROWID;

-- Signing keys of access tokens, unless the operator has set TOKEN_SECRETS. The first one is created
-- when it is needed. The newest signs, all verify; deleting a row invalidates the tokens it signed.
CREATE TABLE signing_keys (
  kid        TEXT NOT NULL PRIMARY KEY,
  secret     TEXT NOT NULL, -- 32 random bytes, base64url or hexadecimal
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The tree of documents and folders. A document exists if its row does; a folder exists while there is
-- a document below it, the root always. Written by the commit (src/storage/commit.ts): a change writes
-- the document's row and one row per ancestor. A second index of all rows would add to that cost, so
-- there is only one of the few folders with long paths. The sweep corrects totals that have drifted.
CREATE TABLE nodes (
  account   TEXT NOT NULL,
  parent    TEXT NOT NULL,    -- path of the containing folder, '/' or '/a/b/'; '' for the root. The
                              -- beginning of a long one is replaced by '#' and its hash
                              -- (src/storage/row-keys.ts).
  name      TEXT NOT NULL,    -- decoded; that of a folder ends with '/', that of the root is '/'
  version   TEXT NOT NULL,    -- the ETag, random; also the last part of a document's R2 key
  type      TEXT,             -- a document's Content-Type, byte for byte; NULL for a folder
  length    INTEGER NOT NULL, -- bytes of the document, or of all documents below the folder
  documents INTEGER NOT NULL, -- 1 for a document, or the number of all documents below the folder
  modified  INTEGER NOT NULL,
  items_parent TEXT,          -- what a folder's items have as parent; NULL: its parent and its name
  index_bytes INTEGER NOT NULL DEFAULT 0, -- of this row and of all rows below it, as they count towards
                                          -- the quota (src/storage/db/row-bytes.ts)
  PRIMARY KEY (account, parent, name)
) WITHOUT ROWID;
-- Leads from the items of a folder with a long path to the folder.
CREATE INDEX nodes_by_items_parent ON nodes (account, items_parent) WHERE items_parent IS NOT NULL;

-- Modules in which RxDB apps have databases (src/rxdb). Inserted when an app first connects, updated by
-- the module's Durable Object, which stores the databases: `bytes` is the quota that it has reserved,
-- at least what it stores. Deleted when the account is erased.
CREATE TABLE rxdb_modules (
  account TEXT NOT NULL,
  module  TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  PRIMARY KEY (account, module)
) WITHOUT ROWID;

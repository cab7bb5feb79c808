-- People: several ways in, invitations, administrators, an activity log; tokens and devices beside
-- the apps of the web; what apps use; what the provider is asked.

ALTER TABLE accounts ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN invitation TEXT;
ALTER TABLE accounts ADD COLUMN email TEXT;
ALTER TABLE accounts ADD COLUMN seen_at INTEGER;
ALTER TABLE accounts ADD COLUMN suspended_at INTEGER;
ALTER TABLE accounts ADD COLUMN deleted_at INTEGER;
ALTER TABLE accounts ADD COLUMN erased_at INTEGER;
CREATE INDEX accounts_by_invitation ON accounts (invitation) WHERE invitation IS NOT NULL;
CREATE INDEX accounts_to_erase ON accounts (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN seen_at INTEGER;
ALTER TABLE sessions ADD COLUMN device TEXT;
ALTER TABLE sessions ADD COLUMN country TEXT;
CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE passkeys (
  id         TEXT NOT NULL PRIMARY KEY,
  account    TEXT NOT NULL,
  public_key TEXT NOT NULL,
  counter    INTEGER NOT NULL,
  transports TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX passkeys_by_account ON passkeys (account);

CREATE TABLE challenges (
  hash       TEXT NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('sign-up', 'add', 'sign-in')),
  account    TEXT,
  name       TEXT,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE recovery_codes (
  account TEXT NOT NULL,
  hash    TEXT NOT NULL,
  PRIMARY KEY (account, hash)
) WITHOUT ROWID;

CREATE TABLE links (
  hash       TEXT NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('reset', 'recover', 'email')),
  account    TEXT NOT NULL,
  email      TEXT,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX links_by_account ON links (account);

CREATE TABLE invitations (
  hash        TEXT NOT NULL PRIMARY KEY,
  note        TEXT NOT NULL,
  max_uses    INTEGER NOT NULL,
  quota_bytes INTEGER,
  is_admin    INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE activity (
  account TEXT NOT NULL,
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  detail  TEXT NOT NULL,
  PRIMARY KEY (account, at, id)
) WITHOUT ROWID;

CREATE TABLE admin_log (
  at      INTEGER NOT NULL,
  id      TEXT NOT NULL,
  admin   TEXT NOT NULL,
  kind    TEXT NOT NULL,
  account TEXT,
  detail  TEXT NOT NULL,
  PRIMARY KEY (at, id)
) WITHOUT ROWID;

CREATE TABLE new_grants (
  account    TEXT NOT NULL,
  id         TEXT NOT NULL,
  origin     TEXT NOT NULL,
  app_url    TEXT NOT NULL,
  label      TEXT,
  scope      TEXT NOT NULL,
  flow       TEXT NOT NULL CHECK (flow IN ('implicit', 'code', 'token', 'device')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (account, id)
) WITHOUT ROWID;
INSERT INTO new_grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
SELECT account, id, origin, app_url, scope, flow, created_at, expires_at FROM grants;
DROP TABLE grants;
ALTER TABLE new_grants RENAME TO grants;

CREATE TABLE devices (
  hash       TEXT NOT NULL PRIMARY KEY,
  user_code  TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  scope      TEXT NOT NULL,
  account    TEXT,
  grant_id   TEXT,
  granted    TEXT,
  grant_expires_at INTEGER,
  interval   INTEGER NOT NULL,
  polled_at  INTEGER,
  expires_at INTEGER NOT NULL,
  successor  TEXT
) WITHOUT ROWID;

CREATE TABLE app_use (
  account  TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  day      INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (account, grant_id, day)
) WITHOUT ROWID;

CREATE TABLE traffic (
  day          INTEGER NOT NULL,
  route        TEXT NOT NULL,
  status       INTEGER NOT NULL,
  requests     INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL,
  PRIMARY KEY (day, route, status)
) WITHOUT ROWID;

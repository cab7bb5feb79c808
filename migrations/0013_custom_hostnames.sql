-- Domains of users that lead here through Cloudflare for SaaS.
CREATE TABLE custom_hostnames (
  host               TEXT NOT NULL PRIMARY KEY,
  account            TEXT,
  id                 TEXT,
  status             TEXT,
  certificate_status TEXT,
  errors             TEXT NOT NULL DEFAULT '[]',
  problem            TEXT,
  requested_at       INTEGER NOT NULL,
  checked_at         INTEGER,
  next_check_at      INTEGER
) WITHOUT ROWID;

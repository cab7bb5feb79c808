-- Users add domains themselves, with proof that they control them.
CREATE TABLE domain_claims (
  host          TEXT NOT NULL,
  account       TEXT NOT NULL,
  value         TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  next_check_at INTEGER NOT NULL,
  checked_at    INTEGER,
  dns_finding   TEXT,
  file_finding  TEXT,
  verified_at   INTEGER,
  failing_since INTEGER,
  PRIMARY KEY (host, account)
) WITHOUT ROWID;
CREATE INDEX domain_claims_by_account ON domain_claims (account);
CREATE INDEX domain_claims_by_next_check ON domain_claims (next_check_at);
CREATE INDEX domains_by_account ON domains (account);

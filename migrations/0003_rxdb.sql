CREATE TABLE rxdb_modules (
  account TEXT NOT NULL,
  module  TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  PRIMARY KEY (account, module)
) WITHOUT ROWID;

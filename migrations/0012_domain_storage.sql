-- A user's storage can be served at a domain of theirs that leads here as a whole.
ALTER TABLE domains ADD COLUMN has_storage INTEGER NOT NULL DEFAULT 0;

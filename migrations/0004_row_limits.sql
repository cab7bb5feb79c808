-- Rows that anonymous clients insert: how many there are, of each address, and which have expired.
ALTER TABLE devices ADD COLUMN client TEXT NOT NULL DEFAULT '';
CREATE INDEX devices_by_expiry ON devices (expires_at, client);
ALTER TABLE challenges ADD COLUMN client TEXT NOT NULL DEFAULT '';
CREATE INDEX challenges_by_expiry ON challenges (expires_at, client);

-- What becomes a grant counts as one.
CREATE INDEX codes_by_account ON codes (account);
CREATE INDEX devices_by_account ON devices (account) WHERE account IS NOT NULL;

-- What belongs to a grant is deleted with it.
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (account, grant_id);
DELETE FROM refresh_tokens WHERE NOT EXISTS
  (SELECT 1 FROM grants g WHERE g.account = refresh_tokens.account AND g.id = refresh_tokens.grant_id);
DELETE FROM app_use WHERE NOT EXISTS
  (SELECT 1 FROM grants g WHERE g.account = app_use.account AND g.id = app_use.grant_id);
CREATE TRIGGER grant_deleted AFTER DELETE ON grants BEGIN
  DELETE FROM refresh_tokens WHERE account = old.account AND grant_id = old.id;
  DELETE FROM app_use WHERE account = old.account AND grant_id = old.id;
END;

CREATE TRIGGER session_limit AFTER INSERT ON sessions BEGIN
  DELETE FROM sessions WHERE account = new.account AND hash <> new.hash AND (
    expires_at <= new.created_at OR hash IN (
      SELECT hash FROM sessions WHERE account = new.account
      ORDER BY coalesce(seen_at, created_at) DESC LIMIT -1 OFFSET 100));
END;

CREATE TRIGGER activity_limit AFTER INSERT ON activity BEGIN
  DELETE FROM activity WHERE account = new.account AND kind = new.kind AND (at, id) <= (
    SELECT at, id FROM activity WHERE account = new.account AND kind = new.kind
    ORDER BY at DESC, id DESC LIMIT 1 OFFSET 500);
END;

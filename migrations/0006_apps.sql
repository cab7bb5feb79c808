-- What the grant of a code is to say of its app.
ALTER TABLE codes ADD COLUMN app_url TEXT NOT NULL DEFAULT '';
ALTER TABLE codes ADD COLUMN label TEXT;

-- A code or token that was just redeemed may be redeemed again.
ALTER TABLE refresh_tokens ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0;

-- Codes belong to their grant too: a repeated redemption must not bring it back.
DROP TRIGGER grant_deleted;
CREATE TRIGGER grant_deleted AFTER DELETE ON grants BEGIN
  DELETE FROM refresh_tokens WHERE account = old.account AND grant_id = old.id;
  DELETE FROM app_use WHERE account = old.account AND grant_id = old.id;
  DELETE FROM codes WHERE account = old.account AND grant_id = old.id;
  DELETE FROM devices WHERE account = old.account AND grant_id = old.id;
END;

-- Addresses that only an app itself can open: callbacks, and ports of this computer.
UPDATE grants SET app_url = '' WHERE origin LIKE 'http://%';
UPDATE grants SET app_url = origin || '/'
WHERE origin LIKE 'https://%' AND app_url NOT LIKE '%/' AND app_url NOT LIKE '%.html';

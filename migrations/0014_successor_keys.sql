-- The key from which the successor of a code or refresh token was made, so that it can be made again whatever
-- becomes of the signing keys.
ALTER TABLE codes ADD COLUMN successor_key TEXT;
ALTER TABLE refresh_tokens ADD COLUMN successor_key TEXT;
ALTER TABLE devices ADD COLUMN successor_key TEXT;

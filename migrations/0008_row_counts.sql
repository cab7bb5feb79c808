-- The rows that anonymous clients can insert are limited without reading all of them each time.
CREATE TABLE row_counts (
  name TEXT NOT NULL PRIMARY KEY,
  rows INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO row_counts
  SELECT 'devices', count(*) FROM devices UNION ALL SELECT 'challenges', count(*) FROM challenges;
CREATE TRIGGER device_inserted AFTER INSERT ON devices BEGIN
  UPDATE row_counts SET rows = rows + 1 WHERE name = 'devices';
END;
CREATE TRIGGER device_deleted AFTER DELETE ON devices BEGIN
  UPDATE row_counts SET rows = rows - 1 WHERE name = 'devices';
END;
CREATE TRIGGER challenge_inserted AFTER INSERT ON challenges BEGIN
  UPDATE row_counts SET rows = rows + 1 WHERE name = 'challenges';
END;
CREATE TRIGGER challenge_deleted AFTER DELETE ON challenges BEGIN
  UPDATE row_counts SET rows = rows - 1 WHERE name = 'challenges';
END;

DROP INDEX devices_by_expiry;
DROP INDEX challenges_by_expiry;
CREATE INDEX devices_by_expiry ON devices (expires_at);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX devices_by_client ON devices (client);
CREATE INDEX challenges_by_client ON challenges (client);

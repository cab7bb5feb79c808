-- Finds the entries of a kind beyond the latest 500 without reading the whole log.
CREATE INDEX activity_by_kind ON activity (account, kind, at);
DROP TRIGGER activity_limit;
CREATE TRIGGER activity_limit AFTER INSERT ON activity BEGIN
  DELETE FROM activity WHERE (account, at, id) IN (
    SELECT account, at, id FROM activity WHERE account = new.account AND kind = new.kind
    ORDER BY at DESC, id DESC LIMIT -1 OFFSET 500);
END;

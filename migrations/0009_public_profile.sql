-- What WebFinger says about a user who wants it to.
ALTER TABLE accounts ADD COLUMN display_name TEXT;
ALTER TABLE accounts ADD COLUMN picture TEXT;

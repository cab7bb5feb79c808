-- The browser in which an app was allowed, so that its old grants there can be told from those of others.
ALTER TABLE grants ADD COLUMN browser TEXT;
ALTER TABLE codes ADD COLUMN browser TEXT;

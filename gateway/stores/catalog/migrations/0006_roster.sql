-- When an account was entered beside those of the configuration; of the others only properties are kept here.
ALTER TABLE accounts ADD COLUMN created INTEGER;

CREATE INDEX accounts_entered ON accounts (id) WHERE created IS NOT NULL;

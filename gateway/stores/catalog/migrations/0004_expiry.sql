-- Objects that are to vanish, by the time of it: a pass over those that are due costs what they are.
CREATE INDEX objects_by_expiry ON objects (expires, bucket, name) WHERE expires IS NOT NULL;

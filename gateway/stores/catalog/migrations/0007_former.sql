-- The bytes of former versions, which quotas count, too.
ALTER TABLE buckets ADD COLUMN former INTEGER NOT NULL DEFAULT 0;

UPDATE buckets SET former = (SELECT ifnull(sum(size), 0) FROM versions WHERE bucket = buckets.id)
    WHERE versioning IS NOT NULL;

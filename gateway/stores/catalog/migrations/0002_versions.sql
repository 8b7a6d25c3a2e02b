-- `versioning`: 'enabled' or 'suspended'; NULL before it was first enabled.
ALTER TABLE buckets ADD COLUMN versioning TEXT;

-- `version`: the id; NULL for the version that has none.
ALTER TABLE objects ADD COLUMN version TEXT;

-- What objects were before, and delete markers, which have no content. The newer has the lower rank: that in its id.
-- Where no object stands, the newest of the name is a marker.
CREATE TABLE versions (
    bucket INTEGER NOT NULL,
    name TEXT NOT NULL,
    rank INTEGER NOT NULL,
    content INTEGER,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    expires INTEGER,
    user TEXT,
    system TEXT,
    checksums TEXT,
    version TEXT,
    PRIMARY KEY (bucket, name, rank)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX versions_without_id ON versions (bucket, name) WHERE version IS NULL;

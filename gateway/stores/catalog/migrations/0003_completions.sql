-- Uploads that were completed, for a while, with the objects that they became: who missed the answer can ask again.
CREATE TABLE completions (
    bucket INTEGER NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    completed INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    expires INTEGER,
    user TEXT,
    system TEXT,
    checksums TEXT,
    version TEXT,
    PRIMARY KEY (bucket, name, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX completions_by_time ON completions (completed);

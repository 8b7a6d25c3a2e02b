-- Names are compared byte by byte in UTF-8 (SQLite's BINARY collation). Times are ns since the epoch.
-- `user`, `system` and `checksums` are JSON objects of strings; NULL where they would be empty.
--
-- Room for versions: `objects` holds what a listing shows, one row a name. A later migration keeps former versions and
-- delete markers in a table of their own, which refers to contents as `objects` does, and gives `objects` a version.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    user TEXT,
    system TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    created INTEGER NOT NULL,
    objects INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    user TEXT,
    system TEXT
) STRICT;

CREATE INDEX buckets_by_owner ON buckets (owner, name);

-- The bytes of objects and parts, whole: in `data`, or, where that is NULL, in the extents.
-- `refs` counts the objects and parts that refer to it; a content without any is garbage, and collected.
-- `mixed`: a segment of some extent lies in the index. (`data` comes last, so that nothing is read past it.)
CREATE TABLE contents (
    id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    refs INTEGER NOT NULL,
    mixed INTEGER NOT NULL DEFAULT 0,
    data BLOB
) STRICT;

CREATE INDEX contents_unused ON contents (id) WHERE refs = 0;

CREATE TABLE objects (
    bucket INTEGER NOT NULL,
    name TEXT NOT NULL,
    content INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    expires INTEGER,
    user TEXT,
    system TEXT,
    checksums TEXT,
    PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

-- Bytes that never change: in `data`, which may grow at its end, or else in the file that is named by the id.
-- `refs` counts the extents; a file without any is garbage, and unlinked before its row goes.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    refs INTEGER NOT NULL,
    data BLOB
) STRICT;

CREATE INDEX segments_unused ON segments (id) WHERE refs = 0;

-- `length` bytes of the content from `offset` on are those of the segment from `start` on. Extents leave no gap.
CREATE TABLE extents (
    content INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (content, offset)
) STRICT, WITHOUT ROWID;

-- `modified`: the time that the object is to have; NULL: that of its completion.
CREATE TABLE uploads (
    serial INTEGER PRIMARY KEY,
    bucket INTEGER NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    owner TEXT NOT NULL,
    checksum TEXT,
    modified INTEGER,
    content_type TEXT NOT NULL,
    expires INTEGER,
    user TEXT,
    system TEXT,
    UNIQUE (bucket, name, id)
) STRICT;

-- `upload` is its serial. A part's content is referred to by the part alone, and always lies in extents.
CREATE TABLE parts (
    upload INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    checksums TEXT,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;

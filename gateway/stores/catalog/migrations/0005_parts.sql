-- The parts that a content was put together from, counted from 1. Of contents that are older none are known.
CREATE TABLE object_parts (
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    size INTEGER NOT NULL,
    checksums TEXT,
    PRIMARY KEY (content, number)
) STRICT, WITHOUT ROWID;

-- `whole`: the checksum is to be that of all bytes, as CRC64NVME always was, not the digest of the parts' digests.
ALTER TABLE uploads ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;

UPDATE uploads SET whole = 1 WHERE checksum = 'crc64nvme';

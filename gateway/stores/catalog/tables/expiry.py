"""Objects whose time to vanish has come."""

from collections.abc import Sequence

from gateway.core.types import Expired, Key
from gateway.stores.catalog.database import Connection


def due(db: Connection, until: int, after: Expired | None, limit: int) -> Sequence[Expired]:
    """As `capabilities.Expiring.expired`: one walk along an index of nothing but objects that vanish."""
    expires, bucket, name = (0, "", "") if after is None else (after.expires, after.key.bucket, after.key.name)
    rows = db.execute(
        """SELECT b.name, o.name, o.expires FROM objects o JOIN buckets b ON b.id = o.bucket
            WHERE o.expires <= ?
                AND (o.expires, o.bucket, o.name) > (?, ifnull((SELECT id FROM buckets WHERE name = ?), -1), ?)
            ORDER BY o.expires, o.bucket, o.name LIMIT ?""",
        (until, expires, bucket, name, limit),
    )
    return [Expired(Key(bucket, name), expires) for bucket, name, expires in rows]

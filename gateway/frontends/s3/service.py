"""Operations on the service."""

from gateway.core.buckets import BucketMeta
from gateway.core.types import ListQuery
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.owners import owner
from gateway.frontends.s3.parameters import count_of, marker_of, token
from gateway.frontends.s3.xmlout import Output

MAX_BUCKETS = 10_000


async def list_buckets(call: Call) -> Output:
    """ListBuckets: the buckets that the caller's account owns."""
    account, region = call.principal.account.id, call.settings.region
    prefix = call.query.get("prefix", "")
    query = ListQuery(
        prefix=prefix,
        marker=marker_of(call.query) or "",
        limit=count_of(call.query, "max-buckets", MAX_BUCKETS),
    )
    if call.query.get("bucket-region", region) != region:
        query = ListQuery(limit=0)
    page = await call.store.buckets(query, account)
    found = [item for item in page.items if isinstance(item, BucketMeta)]
    return Output(
        {
            "Owner": owner(account, call.principal),
            "Buckets": [
                {"Name": bucket.name, "CreationDate": bucket.created, "BucketRegion": region} for bucket in found
            ],
            "ContinuationToken": token(page.next) if page.next else None,
            "Prefix": prefix or None,
        }
    )

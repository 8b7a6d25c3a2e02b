"""Whether versions in a bucket can be locked, as the remote says it."""

from gateway.core.errors import AlreadyExists, BadRequest, Denied, NotFound, Unavailable, Unsupported
from gateway.core.locks import BucketLock
from gateway.core.names import check_bucket
from gateway.stores.s3.client import Client
from gateway.stores.s3.locks import configuration, lock_in


class BucketLocks:
    """Asks the remote anew each time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, name: str) -> BucketLock | None:
        """How versions in the bucket can be locked; None: not at all, or the credentials may not ask."""
        try:
            return lock_in(await self._client.call("get_object_lock_configuration", Bucket=check_bucket(name)))
        except (NotFound, Denied, Unsupported, BadRequest):
            return None
        except ValueError as error:
            raise Unavailable("The store's answer can't be understood") from error

    async def put(self, name: str, lock: BucketLock) -> None:
        """Have that lock in the bucket. Raises `Unsupported` where it has another one afterwards."""
        if await self.of(name) == lock:
            return
        try:
            await self._client.call(
                "put_object_lock_configuration", Bucket=name, ObjectLockConfiguration=configuration(lock)
            )
            is_kept = await self.of(name) == lock
        except (AlreadyExists, BadRequest, Unsupported):
            is_kept = False
        if not is_kept:  # there are remotes that take for something else what they don't know
            raise Unsupported("The store behind this bucket can't lock versions of objects")

"""A request on its way to the handler of its operation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from gateway.auth.accounts import Accounts
from gateway.auth.principals import Principal
from gateway.auth.sigv4 import Payload, Verified
from gateway.core.buckets import BucketMeta
from gateway.core.store import Store
from gateway.core.types import Key
from gateway.frontends.s3.copysource import CopySource
from gateway.frontends.s3.forms import Form
from gateway.frontends.s3.renames import Renames
from gateway.frontends.s3.settings import S3Settings
from gateway.frontends.s3.xmlin import Reader
from gateway.frontends.s3.xmlout import Output, Reply, Writer

Pairs = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """A request whose sender is known and has passed the access check. Handlers don't change it.

    `headers` are under lower-case names. `key` is empty as far as the request does not go that deep. The access check
    sets `bucket`, the bucket that the request names (None for operations on an account), and `source` for copies.
    `reader` is set for operations with an XML body. `verified` is None for requests that are not signed by version 4.
    `write` writes what the operation answers. `common` are the headers of every answer. `form` is set for uploads by
    forms, whose fields stand in `headers`. `renames` are those done lately.
    """

    request: web.BaseRequest
    headers: Mapping[str, str]
    query: Mapping[str, str]
    key: Key
    principal: Principal
    payload: Payload
    verified: Verified | None
    store: Store
    accounts: Accounts
    reader: Reader | None
    write: Writer
    settings: S3Settings
    common: Pairs
    renames: Renames
    bucket: BucketMeta | None = None
    source: CopySource | None = None
    form: Form | None = None


Handler = Callable[[Call], Awaitable[Output | Reply | web.StreamResponse]]
"""Does an operation. An `Output` is written as the model says, a `Reply` was. Raises `S3Error` and `StoreError`."""

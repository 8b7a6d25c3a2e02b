"""An object that is being read from the upstream."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import aiohttp

from gateway.core.errors import Unavailable
from gateway.core.ranges import Extent
from gateway.core.store import Reader
from gateway.core.types import Meta
from gateway.core.verified import is_md5, verified
from gateway.stores.swift.client import pieces


class SwiftReader(Reader):
    """The answer to one GET, which is one version of the object. It can be read once."""

    def __init__(self, meta: Meta, extent: Extent, response: aiohttp.ClientResponse) -> None:
        self.meta = meta
        self.extent = extent
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        whole = len(self.extent) == self.meta.size and is_md5(self.meta.etag)
        return verified(self._counted(), self.meta.etag) if whole else self._counted()

    async def _counted(self) -> AsyncGenerator[bytes, None]:
        """The bytes, counted: Swift breaks off in the middle where a segment is missing."""
        left = len(self.extent)
        async with aclosing(pieces(self._response)) as stream:
            async for piece in stream:
                left -= len(piece)
                if left < 0:
                    break
                yield piece
        if left:
            raise Unavailable("The upstream sent another number of bytes than it said")

"""The body of an HTTP request as the stores take it."""

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import ClientError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.core.body import Body
from gateway.core.errors import BodyTimeout, IncompleteBody
from gateway.frontends.http.receiving import large

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestBody(Body):
    """The bytes of a request, as they come. `Expect: 100-continue` is answered when the first of them is wanted.

    Raises `BodyTimeout` where the client sends nothing for `stall` seconds, `IncompleteBody` where it breaks off.
    """

    def __init__(self, request: web.BaseRequest, stall: float) -> None:
        self._request = request
        self._stall = stall
        self.size = request.content_length if request.body_exists else 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        await self._invite()
        if (receiver := large(self._request, self.size, self._stall)) is not None:
            async with receiver:
                while block := await receiver.take():
                    yield block
            return
        content = self._request.content
        while not content.at_eof():
            try:
                chunk = content.read_nowait()  # a small body has come with its head: no timer is needed
                if not chunk:
                    async with asyncio.timeout(self._stall):
                        chunk = await content.readany()
            except TimeoutError:
                raise BodyTimeout from None
            except (ClientError, HttpProcessingError, ConnectionError) as error:
                raise IncompleteBody("The connection broke before the body's end") from error
            if chunk:
                yield chunk

    async def _invite(self) -> None:
        writer = self._request.writer
        if self._request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await writer.write(CONTINUE)
            writer.output_size = 0

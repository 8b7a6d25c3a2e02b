"""How requests get to the remote: as aiobotocore sends them, but to nobody else, and with an end to every answer."""

from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that is read as a whole. A listing of 1,000 long names has about 2 MiB."""


class Transport(AIOHTTPSession):  # type: ignore[misc]
    """Follows no redirects: the signature is for the remote alone. botocore itself knows those of S3's regions."""

    async def send(self, request: Any) -> Any:
        streams, request.stream_output = request.stream_output, True
        response = await super().send(request)
        if not streams:
            # Kept where botocore looks for it, which would read without end.
            response._content = await _read(response.raw, request.url)
        return response

    async def _get_session(self, proxy_url: str | None) -> "_Straight":
        return _Straight(await super()._get_session(proxy_url))


class _Straight:
    """An aiohttp session, as far as aiobotocore uses it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(self, method: str, url: Any, **options: Any) -> aiohttp.ClientResponse:
        return await self._session.request(method, url, allow_redirects=False, **options)


async def _read(response: aiohttp.ClientResponse, url: str) -> bytes:
    """The whole body. Raises as botocore does where it breaks or does not come."""
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := await response.content.readany():
            size += len(piece)
            if size > MAX_ANSWER:
                raise HTTPClientError(error=ValueError("the answer is too large"))
            pieces.append(piece)
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionClosedError(endpoint_url=url, error=error) from error
    finally:
        if not response.content.at_eof():
            response.close()
    return b"".join(pieces)

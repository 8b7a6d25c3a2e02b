"""Requests to the upstream: tokens, retries, and what every request carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gateway.core import context
from gateway.core.errors import StoreError, Unavailable
from gateway.core.faults import TRANSIENT, UNTAKEN, is_doubtful, passes, retry_after, wait_of
from gateway.stores.swift import login
from gateway.stores.swift.connections import Connections
from gateway.stores.swift.errors import failure
from gateway.stores.swift.login import Grant
from gateway.stores.swift.request import Answer, Headers, Request
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.tokens import Shelf, Token, Tokens
from gateway.stores.swift.wire import deadline, failed, read, translated, watched


class Client:
    """Speaks to one account of the upstream."""

    def __init__(self, settings: SwiftStoreSettings, shelf: Shelf | None = None) -> None:
        self._settings = settings
        self._connections = Connections(settings)
        self._backoff = settings.backoff
        self.page_limit: int = settings.page_limit
        """Rows of a listing that are asked for at once, as far as is known that the cluster allows it."""
        self.tokens = Tokens(self._login, settings.token_ttl, shelf=shelf)

    async def start(self) -> None:
        """Raises `Unavailable` where the settings can't be used."""
        await self._connections.start()

    async def aclose(self) -> None:
        await self._connections.aclose()

    async def call(self, request: Request, *accepted: int) -> Answer:
        """Ask, and read the whole answer. Raises unless it succeeded or its status is one of `accepted`."""
        async with self._exchange(request, request.pool) as response:
            body = await read(response)
            if response.status < 300 or response.status in accepted:
                return Answer(response.status, response.headers, body)
            raise failure(response.status, response.headers, body)

    def download(self, request: Request, *, rest: bool = False) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask for something that is read piece by piece. Whatever the status is, it is told; the body has to be read
        by `pieces`. `rest`: the caller holds another download, whose rest this one is.
        """
        return self._exchange(request, "rest" if rest else "read")

    @asynccontextmanager
    async def _exchange(self, request: Request, pool: str) -> AsyncIterator[aiohttp.ClientResponse]:
        with translated():
            response, done = await self._asked(request, pool)
        whole = False
        try:
            yield response
            whole = response.content.at_eof() and not request.is_unsent(response.status)
        except StoreError as error:
            if response.status >= 300:
                _tried(error, done)
            raise
        finally:
            # What was not read, and a body that was not sent, make the connection useless.
            if whole:
                response.release()
            else:
                response.close()

    async def _asked(self, request: Request, pool: str) -> tuple[aiohttp.ClientResponse, int]:
        """The answer, whatever its status is, and after how many tries it came."""
        done, renewals = 0, 0
        while True:
            done += 1
            sent, asked = False, 0.0
            try:
                async with deadline():
                    token = await self.tokens.get()
                sent = True
                response = await self._attempt(request, pool, token)
            except (StoreError, aiohttp.ClientError, TimeoutError) as error:
                reason = failed(error)
                sent = sent and not isinstance(error, aiohttp.ClientConnectorError) and is_doubtful(reason)
                if self._is_last(done) or not passes(reason) or not request.may_be_repeated(sent=sent):
                    raise _tried(reason, done) from (None if reason is error else error)
                asked = wait_of(reason)
            else:
                if response.status == 401 and renewals <= token.shared and not request.is_begun:
                    response.close()
                    done, renewals = done - 1, renewals + 1
                    async with deadline():
                        await self.tokens.renew(token)
                    continue
                sent = response.status not in UNTAKEN
                if response.status not in TRANSIENT or self._is_last(done) or not request.may_be_repeated(sent=sent):
                    return response, done
                asked = retry_after(response.headers) or 0.0
                response.close()
            await self._backoff.pause(done, asked)

    def _is_last(self, done: int) -> bool:
        return done > self._backoff.retries

    async def _attempt(self, request: Request, pool: str, token: Token) -> aiohttp.ClientResponse:
        session, feed = self._connections.of(pool), request.feed()
        headers = CIMultiDict({**request.headers, **_standing(), "X-Auth-Token": token.value})
        if request.size is not None:
            headers["Content-Length"] = str(request.size)
        patience = request.patience or self._settings.read_timeout
        async with deadline(), watched(feed, patience):
            return await session.request(
                request.method,
                request.url(token.url),
                headers=headers,
                data=request.data() if feed is None else feed.pieces(),
                expect100=feed is not None,
                allow_redirects=False,
                timeout=self._connections.timeout(patience),
            )

    async def _login(self) -> Grant:
        """One attempt; the request that needs the token is what is tried again."""
        asked = login.question(self._settings, await self._secret())
        answer = await self._tell(asked.method, asked.url, asked.headers, asked.body)
        if answer.status in {401, 403}:
            raise failure(401, answer.headers)
        if answer.status >= 300:
            raise failure(answer.status if answer.status >= 429 else 502, answer.headers)
        return login.grant(self._settings, answer.headers, answer.body)

    async def _secret(self) -> str:
        """Read each time from its file, which may be replaced."""
        try:
            return await asyncio.to_thread(self._settings.secret)
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable("The key of the upstream can't be read") from error

    async def knock(self) -> None:
        """Ask the login service for nothing. Raises `Unavailable` where it does not answer."""
        answer = await self._tell("GET", login.place(self._settings))
        if answer.status >= 500:
            raise failure(answer.status, answer.headers)

    async def info(self) -> bytes:
        """The cluster's own account of what it can do; empty where it gives none. It lies beside the API's versions."""
        async with deadline():
            base = (await self.tokens.get()).url.split("/v1", 1)[0]
        answer = await self._tell("GET", f"{base}/info")
        if answer.status >= 500:
            raise failure(answer.status, answer.headers)
        return answer.body if answer.status == 200 else b""

    async def _tell(self, method: str, url: str, headers: Headers | None = None, body: bytes | None = None) -> Answer:
        """One attempt at what needs no token, whatever its status is."""
        with translated():
            async with self._connections.of("short").request(
                method,
                URL(url, encoded=True),
                headers={**(headers or {}), **_standing()},
                data=body,
                allow_redirects=False,
                timeout=self._connections.timeout(),
            ) as response:
                return Answer(response.status, response.headers, await read(response))


def _standing() -> dict[str, str]:
    """What every request says of the one that it serves, so that the upstream's logs and limits can name it."""
    request = context.current()
    headers = {"User-Agent": "portico", "X-Trans-Id-Extra": request.request_id[:32]}
    if request.client:
        headers["X-Forwarded-For"] = request.client
    return headers


def _tried(error: StoreError, attempts: int) -> StoreError:
    error.attempts = attempts
    return error

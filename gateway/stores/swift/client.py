"""Requests to the upstream: tokens, retries, time limits, and what every request carries."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from gateway.core import context
from gateway.core.body import ReadyBody
from gateway.core.errors import Busy, DeadlineExceeded, InvalidName, StoreError, TooLarge, Unavailable
from gateway.core.faults import TRANSIENT, UNTAKEN, is_doubtful, passes, retry_after, wait_of
from gateway.stores.swift import login
from gateway.stores.swift.errors import failure
from gateway.stores.swift.feed import Feed, Replay
from gateway.stores.swift.login import Grant
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.tokens import Shelf, Token, Tokens

MAX_ANSWER = 64 * 1024 * 1024
"""A listing of 10,000 long names has about 20 MiB."""

MAX_HEADER = 64 * 1024
CLOSED = "The store has been closed"

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a container or an object (of the account, where `path` is empty).

    `replays`: the request may be sent again though it may have been carried out already. `patience` in seconds:
    how long the upstream may be silent.
    """

    method: str
    path: tuple[str, ...] = ()
    query: Headers = field(default_factory=dict)
    headers: Headers = field(default_factory=dict)
    body: bytes | Feed | ReadyBody | None = None
    replays: bool = True
    patience: float | None = None

    def url(self, base: str) -> URL:
        """Raises `InvalidName`."""
        try:
            return URL(base + self._place, encoded=True)
        except UnicodeEncodeError:
            raise InvalidName("What is asked for is not valid UTF-8") from None

    @property
    def size(self) -> int | None:
        """Bytes of the body; None where there is none, or nobody knows."""
        if isinstance(self.body, Feed | ReadyBody):
            return self.body.size
        return None if self.body is None else len(self.body)

    @property
    def _place(self) -> str:
        path = "".join(f"/{quote(part, safe='/' if index else '')}" for index, part in enumerate(self.path))
        query = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        return path + query


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has been read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes = b""


class Client:
    """Speaks to one account of the upstream.

    Short requests, downloads, their rests and uploads have pools of their own. Whoever reads or writes may need a short
    request while he holds his connection, who reads the beginning of an object waits for its rest, and a copy through
    the gateway holds a download while it waits for an upload; by this order nobody waits for a connection that is held
    by somebody who waits for him.
    """

    def __init__(self, settings: SwiftStoreSettings, shelf: Shelf | None = None) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._sessions: Mapping[str, aiohttp.ClientSession] = {}
        self._backoff = settings.backoff
        self.page_limit: int = settings.page_limit
        """Rows of a listing that are asked for at once, as far as is known that the cluster allows it."""
        self.tokens = Tokens(self._login, settings.token_ttl, shelf=shelf)

    async def start(self) -> None:
        """Raises `Unavailable` where the settings can't be used."""
        try:
            trust = await asyncio.to_thread(self._trust)
        except OSError as error:
            raise Unavailable(f"The settings can't be used: `ca_file`: {error}", retryable=False) from error
        sessions = {name: self._session(trust) for name in ("short", "read", "rest", "write")}
        for session in sessions.values():
            await self._stack.enter_async_context(session)
        self._sessions = sessions

    async def aclose(self) -> None:
        self._sessions = {}
        await self._stack.aclose()

    async def call(self, request: Request, *accepted: int) -> Answer:
        """Ask, and read the whole answer. Raises unless it succeeded or its status is one of `accepted`."""
        pool = "write" if isinstance(request.body, Feed | ReadyBody) else "short"
        async with self._exchange(request, pool) as response:
            body = await _read(response)
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
        with _translated():
            response, done = await self._asked(request, pool)
        whole = False
        try:
            yield response
            whole = response.content.at_eof() and not _is_unsent(request, response.status)
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
                async with _deadline():
                    token = await self.tokens.get()
                sent = True
                response = await self._attempt(request, pool, token)
            except (StoreError, aiohttp.ClientError, TimeoutError) as error:
                failed = _failed(error)
                sent = sent and not isinstance(error, aiohttp.ClientConnectorError) and is_doubtful(failed)
                if self._is_last(done) or not passes(failed) or not _may_replay(request, sent=sent):
                    raise _tried(failed, done) from error
                asked = wait_of(failed)
            else:
                if response.status == 401 and renewals <= token.shared and not _is_begun(request):
                    response.close()
                    done, renewals = done - 1, renewals + 1
                    async with _deadline():
                        await self.tokens.renew(token)
                    continue
                sent = response.status not in UNTAKEN
                if response.status not in TRANSIENT or self._is_last(done) or not _may_replay(request, sent=sent):
                    return response, done
                asked = retry_after(response.headers) or 0.0
                response.close()
            await self._backoff.pause(done, asked)

    def _is_last(self, done: int) -> bool:
        return done > self._backoff.retries

    async def _attempt(self, request: Request, pool: str, token: Token) -> aiohttp.ClientResponse:
        session = self._sessions.get(pool)
        if session is None:
            raise Unavailable(CLOSED, retryable=False)
        feed = Replay(request.body) if isinstance(request.body, ReadyBody) else request.body
        feed = feed if isinstance(feed, Feed | Replay) else None
        headers = CIMultiDict({**request.headers, **_standing(), "X-Auth-Token": token.value})
        if request.size is not None:
            headers["Content-Length"] = str(request.size)
        patience = request.patience or self._settings.read_timeout
        async with _deadline(), _watched(feed, patience):
            return await session.request(
                request.method,
                request.url(token.url),
                headers=headers,
                data=_data(request) if feed is None else feed.blocks(),
                expect100=feed is not None,
                allow_redirects=False,
                timeout=self._timeout(patience),
            )

    async def _login(self) -> Grant:
        """One attempt; the request that needs the token is what is tried again."""
        asked = login.question(self._settings, await self._secret())
        session = self._sessions.get("short")
        if session is None:
            raise Unavailable(CLOSED, retryable=False)
        with _translated():
            async with session.request(
                asked.method,
                URL(asked.url, encoded=True),
                headers={**asked.headers, **_standing()},
                data=asked.body,
                allow_redirects=False,
                timeout=self._timeout(self._settings.read_timeout),
            ) as response:
                body = await _read(response)
        if response.status in {401, 403}:
            raise failure(401, response.headers)
        if response.status >= 300:
            raise failure(response.status if response.status >= 429 else 502, response.headers)
        return login.grant(self._settings, response.headers, body)

    async def knock(self) -> None:
        """Ask the login service for nothing. Raises `Unavailable` where it does not answer."""
        session = self._sessions.get("short")
        if session is None:
            raise Unavailable(CLOSED, retryable=False)
        url = URL(login.place(self._settings), encoded=True)
        with _translated():
            timeout = self._timeout(self._settings.read_timeout)
            async with session.get(url, headers=_standing(), allow_redirects=False, timeout=timeout) as response:
                await _read(response)
        if response.status >= 500:
            raise failure(response.status, response.headers)

    async def _secret(self) -> str:
        """Read each time from its file, which may be replaced."""
        try:
            return await asyncio.to_thread(self._settings.secret)
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable("The key of the upstream can't be read") from error

    async def info(self) -> bytes:
        """The cluster's own account of what it can do; empty where it gives none. It lies beside the API's versions."""
        async with _deadline():
            base = (await self.tokens.get()).url.split("/v1", 1)[0]
        session = self._sessions.get("short")
        if session is None:
            raise Unavailable(CLOSED, retryable=False)
        with _translated():
            timeout = self._timeout(self._settings.read_timeout)
            async with session.get(URL(f"{base}/info", encoded=True), headers=_standing(), timeout=timeout) as response:
                body = await _read(response)
        if response.status >= 500:
            raise failure(response.status, response.headers)
        return body if response.status == 200 else b""

    def _session(self, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.max_connections, ssl=trust, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            read_bufsize=256 * 1024,
        )

    def _trust(self) -> ssl.SSLContext | bool:
        if not self._settings.verify:
            return False
        return ssl.create_default_context(cafile=self._settings.ca_file) if self._settings.ca_file else True

    def _timeout(self, silence: float) -> aiohttp.ClientTimeout:
        connect = self._settings.connect_timeout
        return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=silence)


async def pieces(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """The body of an answer as it comes. Raises `Unavailable` where it breaks."""
    while True:
        with _translated():
            async with _deadline():
                piece = await response.content.readany()
        if not piece:
            return
        yield piece


async def _read(response: aiohttp.ClientResponse) -> bytes:
    found: list[bytes] = []
    size = 0
    async for piece in pieces(response):
        size += len(piece)
        if size > MAX_ANSWER:
            raise TooLarge("The upstream's answer is too large")
        found.append(piece)
    return b"".join(found)


def _standing() -> dict[str, str]:
    """What every request says of the one that it serves, so that the upstream's logs and limits can name it."""
    request = context.current()
    headers = {"User-Agent": "portico", "X-Trans-Id-Extra": request.request_id[:32]}
    if request.client:
        headers["X-Forwarded-For"] = request.client
    return headers


def _data(request: Request) -> bytes | AsyncGenerator[bytes, None] | None:
    """A short body as aiohttp takes it, which repeats by itself what breaks, but for a generator that was begun."""
    body = request.body if isinstance(request.body, bytes) else None
    return body if request.replays or not body else _once(body)


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def _is_begun(request: Request) -> bool:
    return isinstance(request.body, Feed) and request.body.started


def _is_unsent(request: Request, status: int) -> bool:
    if isinstance(request.body, ReadyBody):
        return status >= 300
    return isinstance(request.body, Feed) and not (request.body.started and request.body.is_drained)


def _may_replay(request: Request, *, sent: bool) -> bool:
    return not _is_begun(request) and (request.replays or not sent)


@asynccontextmanager
async def _watched(feed: Feed | Replay | None, patience: float) -> AsyncIterator[None]:
    """Bounds how long the upstream may take nothing of a body; aiohttp begins to count when all has been sent."""
    if feed is None:
        yield
        return
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(patience) as limit:
        feed.watch = lambda upstream: limit.reschedule(loop.time() + patience if upstream else None)
        try:
            yield
        finally:
            feed.watch = lambda upstream: None


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    remaining = context.current().remaining()
    if remaining is None:
        yield
        return
    limit = asyncio.timeout(remaining)
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise DeadlineExceeded from None
        raise


class _translated:
    """Turns what aiohttp raises into errors of the store."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise _failed(error) from error


def _failed(error: StoreError | aiohttp.ClientError | TimeoutError) -> StoreError:
    """The store's own error. Its text names no address: the client did not either."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Busy("The upstream can't be reached in time")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Unavailable("The upstream's certificate is not trusted", retryable=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unavailable("The upstream can't be reached")
    if isinstance(error, TimeoutError):
        return Unavailable("The upstream does not answer")
    return Unavailable("The connection to the upstream broke")


def _tried(error: StoreError, attempts: int) -> StoreError:
    error.attempts = attempts
    return error

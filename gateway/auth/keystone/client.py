"""The connection to Keystone, and the token that the gateway shows there."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from gateway.auth.keystone import dialogue
from gateway.auth.keystone.dialogue import Answer, Question
from gateway.auth.keystone.settings import KeystoneSettings
from gateway.core.errors import Busy, StoreError, Unavailable
from gateway.core.keystone import base_of

logger = logging.getLogger("portico.keystone")

MAX_ANSWER = 1024 * 1024
EARLY = 0.1
"""The gateway's token is renewed when so much of its life is left."""
FAILURE_SECONDS = 1.0
"""For so long, whoever asks is told of the gateway's last login that failed."""

FRESH_SECONDS = 10.0
"""A token that was given so lately is good."""

TOO_MANY = 429
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class _Token:
    """`since`: when it was given, `until`: when it is to be renewed, by the client's clock."""

    value: str = field(repr=False)
    since: float
    until: float


class Client:
    """Asks Keystone questions, as the user that the settings name."""

    def __init__(self, settings: KeystoneSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._base = base_of(settings.auth_url)
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()
        self._token: _Token | None = None
        self._failed: tuple[float, StoreError] | None = None

    async def start(self) -> None:
        """Raises `OSError` where the certificates can't be used."""
        trust = await asyncio.to_thread(self._trust)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.max_connections, ssl=trust, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
        )
        self._session = await self._stack.enter_async_context(session)

    async def aclose(self) -> None:
        self._session = None
        await self._stack.aclose()

    async def ask(self, question: Question) -> Answer:
        """The answer, whatever its status, to what the gateway's own token lets ask.

        A 401 may be about that token, so once another one is tried; but for one that was just given, since Keystone
        says 401 of wrong signatures as well. Raises `Unavailable`.
        """
        token = await self._shown()
        answer = await self._sent(question, token.value)
        if answer.status == 401 and self._clock() >= token.since + FRESH_SECONDS:
            answer = await self._sent(question, (await self._shown(token)).value)
        return answer

    async def ask_openly(self, question: Question) -> Answer:
        """The answer, whatever its status, to what anybody may ask. Raises `Unavailable`."""
        return await self._sent(question)

    async def _shown(self, refused: _Token | None = None) -> _Token:
        """A token that is not the one that was refused: however many need one, one of them logs in."""
        if (token := self._held(refused)) is not None:
            return token
        async with self._lock:
            if (token := self._held(refused)) is not None:
                return token
            if self._failed is not None and self._clock() < self._failed[0]:
                raise self._failed[1].with_traceback(None)  # else that of each who is told of it would be kept
            try:
                self._token = await self._logged_in()
            except StoreError as error:
                self._failed = self._clock() + FAILURE_SECONDS, error
                raise
            self._failed = None
            return self._token

    def _held(self, refused: _Token | None) -> _Token | None:
        token = self._token
        return token if token is not None and token is not refused and self._clock() < token.until else None

    async def _logged_in(self) -> _Token:
        try:
            secret = await asyncio.to_thread(self._settings.secret)
        except (OSError, UnicodeDecodeError) as error:
            logger.error("`auth.keystone.key_file` can't be read: %s", type(error).__name__)
            raise Unavailable("The gateway's password at Keystone can't be read") from error
        answer = await self._sent(dialogue.login(self._settings, secret))
        if answer.status != 201:
            logger.error(
                "Keystone refuses the gateway's own user (status %d); correct `auth.keystone`: its user, key, project "
                "and domains",
                answer.status,
            )
            raise Unavailable("Keystone refuses the gateway's own user")
        value, lifetime = dialogue.granted_in(answer)
        now = self._clock()
        return _Token(value, now, now + lifetime * (1 - EARLY))

    async def _sent(self, question: Question, token: str = "") -> Answer:
        if self._session is None:
            raise Unavailable("Keystone is asked no more")
        headers = {"User-Agent": "portico", **question.headers, **({"X-Auth-Token": token} if token else {})}
        url = URL(self._base + question.path, encoded=True)
        try:
            sending = self._session.request(
                question.method, url, headers=headers, data=question.body, allow_redirects=False
            )
            async with sending as response:
                body = await _read(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(_why(error)) from error
        if response.status == TOO_MANY:
            raise Busy("Keystone is asked too much")
        if response.status >= SERVER_ERROR:
            raise Unavailable("Keystone can't answer")
        return Answer(response.status, response.headers, body)

    def _trust(self) -> ssl.SSLContext | bool:
        if not self._settings.verify:
            return False
        return ssl.create_default_context(cafile=self._settings.ca_file) if self._settings.ca_file else True


async def _read(response: aiohttp.ClientResponse) -> bytes:
    found: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > MAX_ANSWER:
            raise Unavailable(dialogue.UNREADABLE)
        found.append(piece)
    return b"".join(found)


def _why(error: aiohttp.ClientError | TimeoutError) -> str:
    """What clients are told; it names no address."""
    if isinstance(error, TimeoutError):
        return "Keystone does not answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "Keystone's certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "Keystone can't be reached"
    return "The connection to Keystone broke"

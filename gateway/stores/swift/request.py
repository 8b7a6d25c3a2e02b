"""What is asked of the upstream, and what it answers."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from multidict import CIMultiDictProxy
from yarl import URL

from gateway.core.body import ReadyBody
from gateway.core.errors import InvalidName
from gateway.stores.swift.feed import Feed, Replay

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
    def pool(self) -> str:
        """The connections that it goes over, where nothing of the answer is read piece by piece."""
        return "write" if isinstance(self.body, Feed | ReadyBody) else "short"

    @property
    def is_begun(self) -> bool:
        """Some of a body has been sent that can't be sent again."""
        return isinstance(self.body, Feed) and self.body.started

    def may_be_repeated(self, *, sent: bool) -> bool:
        """Whether another attempt does no harm. `sent`: the upstream may have carried out an earlier one."""
        return not self.is_begun and (self.replays or not sent)

    def is_unsent(self, status: int) -> bool:
        """Whether the upstream has answered `status` before all of the body was sent, as far as is known."""
        if isinstance(self.body, ReadyBody):
            return status >= 300
        return isinstance(self.body, Feed) and not (self.body.started and self.body.is_drained)

    def feed(self) -> Feed | Replay | None:
        """A body that is sent block by block, for one attempt; None where there is none, or a short one."""
        if isinstance(self.body, ReadyBody):
            return Replay(self.body)
        return self.body if isinstance(self.body, Feed) else None

    def data(self) -> bytes | AsyncGenerator[bytes, None] | None:
        """A short body as aiohttp takes it, which repeats by itself what breaks, but for a generator that was begun."""
        body = self.body if isinstance(self.body, bytes) else None
        return body if self.replays or not body else _once(body)

    @property
    def _place(self) -> str:
        path = "".join(f"/{quote(part, safe='/' if index else '')}" for index, part in enumerate(self.path))
        query = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        return path + query


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has been read to its end."""

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body

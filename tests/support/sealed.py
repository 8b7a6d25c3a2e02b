"""Encrypted objects, as a suite can compare them that knows nothing of encryption."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

from gateway.core.conditions import When
from gateway.core.encryption import SEAL
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Key, Meta, Page, Props
from gateway.core.uploads import ObjectParts, Upload
from gateway.core.versions import Version
from gateway.layers.around import Around, Attempt, Operation

T = TypeVar("T")


class SealsHidden(Around):
    """Takes the one property out of every answer that no writer has stated."""

    async def around(self, operation: Operation, attempt: Attempt[T]) -> T:
        return cast(T, _hidden(await attempt()))

    @asynccontextmanager
    async def opening(self, key: Key, span: Span | None, version: str | None, when: When) -> AsyncIterator[Reader]:
        async with self.inner.open(key, span=span, version=version, when=when) as reader:
            reader.meta = _hidden(reader.meta)
            yield reader


def _hidden(answer: Any) -> Any:
    match answer:
        case Page(items, marker):
            return Page(tuple(map(_hidden, items)), marker)
        case Meta() | Upload():
            return replace(answer, props=_bare(answer.props))
        case Version() | ObjectParts():
            return replace(answer, meta=_hidden(answer.meta))
        case _:
            return answer


def _bare(props: Props) -> Props:
    return replace(props, system={name: value for name, value in props.system.items() if name != SEAL})

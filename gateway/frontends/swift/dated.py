"""Preconditions as Swift's clients mean them: the times that they have been told are rounded up."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from gateway.core.conditions import When
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Meta
from gateway.frontends.http import headers as http
from gateway.frontends.http.sending import Source


def when_of(headers: Mapping[str, str]) -> When:
    """The preconditions of a request."""
    return dated(http.when_of(headers))


def dated(when: When) -> When:
    """A condition whose dates, if it has any, come from a client of Swift's."""
    if when.if_modified_since is when.if_unmodified_since is None:
        return when
    return replace(when, up=True)


class DatedSource(Source):
    """An object that is read under such conditions."""

    __slots__ = ()

    def open(self, span: Span | None, when: When) -> AbstractAsyncContextManager[Reader]:
        return super().open(span, dated(when))

    async def stat(self, when: When) -> Meta:
        return await super().stat(dated(when))

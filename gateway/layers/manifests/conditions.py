"""Preconditions that speak of a large object, where a store knows the manifest alone."""

from dataclasses import replace

from gateway.core.conditions import ANYTHING, When
from gateway.core.types import Meta


def hinges(when: When) -> bool:
    """Whether a large object may answer a writer's condition otherwise than its manifest does."""
    tags = (*when.if_match, *when.if_none_match)
    return when.size is not None or any(tag != ANYTHING for tag in tags)


def known(when: When, meta: Meta) -> When:
    """`when` with the ETag that Swift gives a large object, which has no number of segments, as the one it has here."""
    bare = meta.etag.partition("-")[0]

    def renamed(tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(meta.etag if tag == bare else tag for tag in tags)

    if not (when.if_match or when.if_none_match):
        return when
    return replace(when, if_match=renamed(when.if_match), if_none_match=renamed(when.if_none_match))

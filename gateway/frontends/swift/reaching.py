"""The places that a request is about, in the order in which Swift looks at them."""

from collections.abc import Awaitable, Mapping

from gateway.auth.access import Action
from gateway.core.errors import NoSuchBucket
from gateway.frontends.swift import containers
from gateway.frontends.swift.call import Place, Reach
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.operations import Operation
from gateway.frontends.swift.target import Target


async def reached(
    reach: Reach, operation: Operation, action: Action, target: Target, headers: Mapping[str, str], *, autocreate: bool
) -> tuple[Place, Place | None]:
    """The place of the target, and that of the second object of a copy. Raises as `reach`.

    What is wrong with the source of a copy is told first: Swift reads it before it looks at what is made of it.
    """

    async def own() -> Place:
        if autocreate and operation.autocreates:
            return await containers.reach_made(reach, action, target)
        return await reach(action, target, creates=operation.creates)

    second = operation.also.find(target, headers) if operation.also else None
    if operation.also is None or second is None:
        return await own(), None
    if operation.also.action is Action.WRITE:
        source = await own()
        return source, await _onto(source, reach(Action.WRITE, second))
    source = await reach(operation.also.action, second)
    return await _onto(source, own()), source


async def _onto(source: Place, target: Awaitable[Place]) -> Place:
    try:
        return await target
    except (Refusal, NoSuchBucket):
        await source.store.stat(source.key)
        raise

"""Deleting objects by their names, as Swift does it in containers that keep versions, and in those that don't."""

from gateway.core import ops
from gateway.core.conditions import ANY, When
from gateway.core.errors import DeleteMarker, NoSuchKey
from gateway.core.types import Deleted
from gateway.core.versions import Versioning
from gateway.frontends.swift.call import Place


async def remove(place: Place, when: When = ANY) -> Deleted:
    """Delete an object. Raises `NoSuchKey` where there is none, `ConditionFailed`.

    Where there is none, a container that keeps versions gets a delete marker all the same, as in Swift and S3:
    `DeleteMarker` tells of it. While versioning is suspended, Swift puts none.
    """
    if place.container.versioning is Versioning.SUSPENDED:
        done = await ops.withdraw(place.store, place.key, when)
    else:
        done = await place.store.delete(place.key, when=when)
    if not done.existed:
        raise DeleteMarker(version=done.version) if done.marker else NoSuchKey
    return done

"""Tables of what a store does, for tests that put every operation to the same trial."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.body import Body, BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.store import Store
from gateway.core.types import Copy, Key, Props, PropsChange, Put
from gateway.core.uploads import PartRef
from tests.conformance.tools import NEW, OLD, OWNER, View, begun, put, view
from tests.support.bodies import Scripted, split

C = TypeVar("C")

PROPS = Props(content_type="text/plain", user={"new": "1"})


def having(store: Store, capability: type[C]) -> C:
    found = find(store, capability)
    assert found is not None
    return found


@dataclass(frozen=True, slots=True)
class Ground:
    """A bucket on which something stands already: objects and, where the store has them, an upload of two parts."""

    store: Store
    bucket: str
    upload: str = ""
    refs: Sequence[PartRef] = ()

    def key(self, name: str) -> Key:
        return Key(self.bucket, name)

    @property
    def renamed(self) -> str:
        return self.bucket + "-renamed"

    async def views(self) -> tuple[View | None, View | None]:
        return await view(self.store, self.bucket), await view(self.store, self.renamed)


async def grounded(store: Store, bucket: str) -> Ground:
    await store.create_bucket(bucket, BucketProps(owner=OWNER))
    for name in ("object", "dir/a", "dir/b"):
        await put(store, Key(bucket, name), OLD)
    multipart = find(store, Multipart)
    if multipart is None:
        return Ground(store, bucket)
    return Ground(store, bucket, *await begun(multipart, Key(bucket, "object"), [b"part one", b"part two"]))


@dataclass(frozen=True, slots=True)
class Write:
    """Something that takes a body. `needs`: the capability that it belongs to."""

    run: Callable[[Ground, Body], Awaitable[object]]
    needs: type = Store


WRITES: Mapping[str, Write] = {
    "put": Write(lambda at, body: at.store.put(at.key("new"), body, Put(props=PROPS))),
    "put over": Write(lambda at, body: at.store.put(at.key("object"), body, Put(props=PROPS))),
    "append": Write(lambda at, body: having(at.store, Append).append(at.key("object"), body, Put()), Append),
    "append new": Write(lambda at, body: having(at.store, Append).append(at.key("new"), body, Put()), Append),
    "part": Write(
        lambda at, body: having(at.store, Multipart).put_part(at.key("object"), at.upload, 3, body), Multipart
    ),
    "part over": Write(
        lambda at, body: having(at.store, Multipart).put_part(at.key("object"), at.upload, 1, body), Multipart
    ),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that changes what stands. `needs`: the capability that it belongs to."""

    run: Callable[[Ground], Awaitable[object]]
    needs: type = Store


LARGE = split(bytes(range(256)) * 3072, 128 * 1024)

OPERATIONS: Mapping[str, Operation] = {
    "create bucket": Operation(lambda at: at.store.create_bucket(at.renamed, BucketProps(owner=OWNER))),
    "update bucket": Operation(lambda at: at.store.update_bucket(at.bucket, PropsChange(user={"new": "1"}))),
    "put": Operation(lambda at: at.store.put(at.key("new"), BytesBody(NEW), Put(props=PROPS))),
    "put over": Operation(lambda at: at.store.put(at.key("object"), Scripted([b"a", b"b"]), Put(props=PROPS))),
    "put large": Operation(lambda at: at.store.put(at.key("object"), Scripted(LARGE), Put(props=PROPS))),
    "update": Operation(lambda at: at.store.update(at.key("object"), PropsChange(user={"new": "1"}))),
    "copy": Operation(lambda at: at.store.copy(at.key("object"), at.key("copy"), Copy(props=PROPS))),
    "copy over": Operation(lambda at: at.store.copy(at.key("object"), at.key("dir/a"), Copy(props=PROPS))),
    "delete": Operation(lambda at: at.store.delete(at.key("object"))),
    "delete many": Operation(lambda at: having(at.store, Batch).delete_many(at.bucket, ["dir/a"]), Batch),
    "append": Operation(lambda at: having(at.store, Append).append(at.key("object"), BytesBody(NEW), Put()), Append),
    "create upload": Operation(
        lambda at: having(at.store, Multipart).create_upload(at.key("other"), Put(props=PROPS)), Multipart
    ),
    "part": Operation(
        lambda at: having(at.store, Multipart).put_part(at.key("object"), at.upload, 3, Scripted(LARGE)), Multipart
    ),
    "copy part": Operation(
        lambda at: having(at.store, Multipart).copy_part(at.key("object"), at.upload, 1, at.key("dir/a")), Multipart
    ),
    "complete": Operation(
        lambda at: having(at.store, Multipart).complete_upload(at.key("object"), at.upload, at.refs), Multipart
    ),
    "abort": Operation(lambda at: having(at.store, Multipart).abort_upload(at.key("object"), at.upload), Multipart),
    "rename": Operation(lambda at: having(at.store, Rename).rename(at.key("object"), at.key("dir/a")), Rename),
    "rename prefix": Operation(
        lambda at: having(at.store, Rename).rename_prefix(at.key("dir/"), at.key("other/")), Rename
    ),
    "rename bucket": Operation(lambda at: having(at.store, Rename).rename_bucket(at.bucket, at.renamed), Rename),
}
"""Each is one step to whoever looks on."""

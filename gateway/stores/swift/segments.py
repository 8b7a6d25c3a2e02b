"""Large objects: segments in a container of their own, and the manifest that makes one object of them."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from gateway.core.errors import Busy, NoSuchBucket, NoSuchKey, StoreError, Unavailable, Unsupported
from gateway.core.types import Key
from gateway.stores.swift.client import Client
from gateway.stores.swift.deleting import Deletes
from gateway.stores.swift.info import Info
from gateway.stores.swift.names import container_of, manifest_of, prefix_of
from gateway.stores.swift.notes import Notes
from gateway.stores.swift.request import Answer, Request
from gateway.stores.swift.walking import walk

ABSENCE_SECONDS = 60.0
"""How long it is believed that a bucket has no container for segments."""

BRANCH = "manifest-"
PROBE = "portico-probe"
LISTING_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""Seconds between looks whether all segments of a DLO are listed."""

log = logging.getLogger("portico.swift")


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a manifest, as SLO takes and tells it. `range` as in a header: so much of the segment only."""

    path: str
    etag: str
    size_bytes: int
    range: str = ""


def segment(container: str, name: str, etag: str, size: int) -> Segment:
    return Segment(path=f"/{container}/{name}", etag=etag, size_bytes=size)


def is_branch(path: str) -> bool:
    """Whether a row is a manifest itself, of a tree of them."""
    return path.rpartition("/")[2].startswith(BRANCH)


class Segments:
    """The containers of segments, the manifests over them, and their end."""

    def __init__(self, client: Client, info: Info, deletes: Deletes, notes: Notes) -> None:
        self._client = client
        self._info = info
        self._deletes = deletes
        self._notes = notes
        self._absent: dict[str, float] = {}
        self._present: set[str] = set()
        self._parted: set[str] = set()
        self._dynamic: bool | None = None
        self._readers: Counter[str] = Counter()
        self._leaving: dict[str, tuple[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Let what is being freed be freed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def ensure(self, bucket: str) -> str:
        """Have the container of a bucket's segments. Raises `NoSuchBucket` where there is no bucket."""
        container = container_of(bucket)
        if bucket not in self._present:
            found = await self._client.call(Request(method="HEAD", path=(bucket,)), 404)
            if found.status == 404:
                raise NoSuchBucket
            policy = found.headers.get("X-Storage-Policy")
            headers = {"X-Storage-Policy": policy} if policy else {}
            made = await self._client.call(Request(method="PUT", path=(container,), headers=headers), 400, 409)
            if made.status >= 400:  # there already, under another policy, or the cluster has no such policy to state
                await self._client.call(Request(method="PUT", path=(container,)))
            self._present.add(bucket)
            self._absent.pop(bucket, None)
        return container

    async def may_hold(self, bucket: str) -> bool:
        """Whether objects of this bucket may have segments: where none can, nobody has to look at what goes."""
        if bucket in self._present or bucket in self._parted:
            return True
        now = time.monotonic()
        if self._absent.get(bucket, 0) > now:
            return False
        found = await self._client.call(Request(method="HEAD", path=(container_of(bucket),)), 404)
        if found.status != 404:
            self._present.add(bucket)
            return True
        self._absent = {name: until for name, until in self._absent.items() if until > now}
        self._absent[bucket] = now + ABSENCE_SECONDS
        return False

    def learn(self, bucket: str) -> None:
        """Objects of this bucket are made of parts, wherever these lie."""
        self._parted.add(bucket)

    def forget(self, bucket: str) -> None:
        self._present.discard(bucket)
        self._parted.discard(bucket)
        self._absent.pop(bucket, None)

    async def join(self, key: Key, upload: str, segments: Sequence[Segment], headers: Mapping[str, str]) -> Answer:
        """Put the manifest: the object stands from then on. More segments than one manifest takes become a tree.

        Raises `Unsupported` where the cluster has no SLO, and what the upstream refuses.
        """
        most = (await self._info.get()).max_segments
        if not most:
            raise Unsupported("The upstream has no large objects (SLO)")
        level = 0
        while len(segments) > most:
            groups = [segments[start : start + most] for start in range(0, len(segments), most)]
            segments = [await self._branch(key, upload, level, number, group) for number, group in enumerate(groups)]
            level += 1
        return await self._manifest((key.bucket, key.name), segments, headers)

    async def _branch(self, key: Key, upload: str, level: int, number: int, segments: Sequence[Segment]) -> Segment:
        container, name = container_of(key.bucket), f"{prefix_of(key.name, upload)}{BRANCH}{level}-{number:05}"
        answer = await self._manifest((container, name), segments, {})
        etag = answer.headers.get("ETag", "").strip('"')
        return segment(container, name, etag, sum(segment.size_bytes for segment in segments))

    async def _manifest(self, path: tuple[str, str], segments: Sequence[Segment], headers: Mapping[str, str]) -> Answer:
        request = Request(
            method="PUT",
            path=path,
            query={"multipart-manifest": "put"},
            headers=headers,
            body=msgspec.json.encode(segments),
            replays="If-None-Match" not in headers,
        )
        return await self._client.call(request)

    async def has_dynamic(self, bucket: str) -> bool:
        """Whether the cluster has large objects whose manifest names a prefix (DLO): `/info` does not say, so one is
        made.
        """
        if self._dynamic is None:
            path = await self.ensure(bucket), PROBE
            headers = {"X-Object-Manifest": f"{path[0]}/{PROBE}/"}
            await self._client.call(Request(method="PUT", path=path, headers=headers, body=b""), 400, 403, 501)
            found = await self._client.call(Request(method="HEAD", path=path), 404)
            await self._client.call(Request(method="DELETE", path=path), 404)
            self._dynamic = "X-Object-Manifest" in found.headers
        return self._dynamic

    async def join_dynamically(
        self, key: Key, upload: str, segments: Sequence[Segment], headers: Mapping[str, str]
    ) -> Answer:
        """Put the manifest of a DLO, which shows whatever is listed: so all of it has to be first."""
        container, prefix = container_of(key.bucket), prefix_of(key.name, upload)
        wanted = [segment.path for segment in segments]
        for pause in (*LISTING_PAUSES, None):
            rows = await walk(self._client, container, prefix)
            if [f"/{container}/{row.name}" for row in rows] == wanted:
                break
            if pause is None:
                raise Busy("The upstream does not list the segments yet; try again")
            await asyncio.sleep(pause)
        request = Request(
            method="PUT",
            path=(key.bucket, key.name),
            headers={**headers, "X-Object-Manifest": manifest_of(key, upload)},
            body=b"",
            replays="If-None-Match" not in headers,
        )
        return await self._client.call(request)

    async def manifest(self, key: Key) -> list[Segment]:
        """The rows of the manifest that stands under a name. Raises `NoSuchKey`, `Unavailable`."""
        query = {"multipart-manifest": "get", "format": "raw"}
        answer = await self._client.call(Request(method="GET", path=(key.bucket, key.name), query=query), 404)
        if answer.status == 404:
            raise NoSuchKey
        try:
            return msgspec.json.decode(answer.body, type=list[Segment])
        except msgspec.DecodeError as error:
            raise Unavailable("The upstream's manifest can't be understood") from error

    @contextmanager
    def read(self, upload: str) -> Iterator[None]:
        """Keep an object's segments while they are being read here, whatever becomes of the object."""
        if not upload:
            yield
            return
        self._readers[upload] += 1
        try:
            yield
        finally:
            self._readers[upload] -= 1
            if not self._readers[upload]:
                del self._readers[upload]
                if (left := self._leaving.pop(upload, None)) is not None:
                    self._spawn(Key(*left), upload)

    async def free(self, key: Key, upload: str, written: Sequence[str] = ()) -> None:
        """Delete the segments of an upload, then its note; `written` are names that listings may not show yet.

        A failure is logged: the object is as it should be, and what is left is noted.
        """
        if self._readers[upload]:
            self._leaving[upload] = (key.bucket, key.name)
            return
        container = container_of(key.bucket)
        try:
            listed = await self.names(container, prefix_of(key.name, upload))
            failures = await self._deletes.remove(container, sorted({*listed, *written}))
        except StoreError as error:
            log.warning("segments of upload %s were not freed: %s", upload, error)
            return
        for failed in failures.values():
            log.warning("a segment of upload %s was not freed: %s", upload, failed)
        if not failures:
            await self._notes.clear(key, upload)

    async def names(self, container: str, prefix: str) -> list[str]:
        """All names that begin with `prefix`; none where there is no container."""
        return [row.name for row in await walk(self._client, container, prefix)]

    def _spawn(self, key: Key, upload: str) -> None:
        task = asyncio.ensure_future(self.free(key, upload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""Large objects: segments in a container of their own, and the manifest that makes one object of them (SLO)."""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.core.errors import NoSuchBucket, StoreError, Unsupported
from gateway.core.types import Key, Meta
from gateway.stores.swift.client import Answer, Client, Request
from gateway.stores.swift.deleting import Deletes
from gateway.stores.swift.info import Info
from gateway.stores.swift.names import container_of, prefix_of
from gateway.stores.swift.rows import objects

ABSENCE_SECONDS = 60.0
"""How long it is believed that a bucket has no container for segments."""

PAGE = 1000

log = logging.getLogger("portico.swift")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that lies in the upstream."""

    container: str
    name: str
    etag: str
    size: int


class Segments:
    """The containers of segments, the manifests over them, and their end."""

    def __init__(self, client: Client, info: Info, deletes: Deletes) -> None:
        self._client = client
        self._info = info
        self._deletes = deletes
        self._absent: dict[str, float] = {}
        self._present: set[str] = set()
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
        if bucket in self._present:
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

    def forget(self, bucket: str) -> None:
        self._present.discard(bucket)
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
        container, name = container_of(key.bucket), f"{prefix_of(key.name, upload)}manifest-{level}-{number:05}"
        answer = await self._manifest((container, name), segments, {})
        etag = answer.headers.get("ETag", "").strip('"')
        return Segment(container, name, etag, sum(segment.size for segment in segments))

    async def _manifest(self, path: tuple[str, str], segments: Sequence[Segment], headers: Mapping[str, str]) -> Answer:
        rows = [
            {"path": f"/{segment.container}/{segment.name}", "etag": segment.etag, "size_bytes": segment.size}
            for segment in segments
        ]
        request = Request(
            method="PUT",
            path=path,
            query={"multipart-manifest": "put"},
            headers=headers,
            body=json.dumps(rows).encode(),
            replays="If-None-Match" not in headers,
        )
        return await self._client.call(request)

    @contextmanager
    def read(self, key: Key, upload: str) -> Iterator[None]:
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
        """Delete the segments of an upload; `written` are names that listings may not show yet.

        A failure is logged: what is left belongs to nobody, and the object is as it should be.
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

    async def names(self, container: str, prefix: str) -> list[str]:
        """All names that begin with `prefix`; none where there is no container."""
        return [segment.name for segment in await self.listed(container, prefix)]

    async def listed(self, container: str, prefix: str) -> list[Segment]:
        """All that begins with `prefix`, in order; nothing where there is no container."""
        found: list[Segment] = []
        marker = ""
        while True:
            query = {"format": "json", "prefix": prefix, "marker": marker, "limit": str(PAGE)}
            answer = await self._client.call(Request(method="GET", path=(container,), query=query), 404)
            rows = [] if answer.status == 404 else objects(container, answer.body)
            if not rows or rows[-1].name <= marker:
                return found
            found += [
                Segment(container, row.name, row.item.etag, row.item.size) for row in rows if isinstance(row.item, Meta)
            ]
            marker = rows[-1].name

    def _spawn(self, key: Key, upload: str) -> None:
        task = asyncio.ensure_future(self.free(key, upload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

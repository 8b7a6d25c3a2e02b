"""A process that kills itself at a step of an upload in segments: `python -m tests.faults.uploader SETTINGS STEP`.

SETTINGS are those of a remote store, as JSON.
"""

import asyncio
import json
import sys
from collections.abc import Callable

from pydantic import TypeAdapter

from gateway.config.settings import RemoteS3Settings, RemoteSwiftSettings, StoreSettings
from gateway.core.store import Store
from gateway.core.types import Put
from gateway.layers.segmented import Segmented
from gateway.stores.s3 import S3Store
from gateway.stores.s3.client import Client as S3Client
from gateway.stores.swift import SwiftStore
from gateway.stores.swift.client import Client
from gateway.stores.swift.request import Answer, Request
from tests.faults.child import die, tell
from tests.faults.scenes import KEY, UPLOADED
from tests.support.bodies import Scripted, split


def store_of(settings: object) -> Segmented:
    config: object = TypeAdapter(StoreSettings).validate_python(settings)
    if isinstance(config, RemoteS3Settings):
        return Segmented(S3Store(config, "owner"), config)
    assert isinstance(config, RemoteSwiftSettings)
    return Segmented(SwiftStore(config, "owner"), config)


def at_swift(wanted: Callable[[Request], bool], *, done: bool) -> None:
    """The first request that is wanted is the end: before it is sent, or when it has been answered."""
    call = Client.call

    async def fatal(client: Client, request: Request, *accepted: int) -> Answer:
        if wanted(request) and not done:
            die()
        answer = await call(client, request, *accepted)
        if wanted(request):
            die()
        return answer

    Client.call = fatal  # type: ignore[method-assign, assignment]


def at_s3(wanted: str, *, done: bool, number: int = 0) -> None:
    call = S3Client.call

    async def fatal(client: S3Client, operation: str, **parameters: object) -> object:
        meant = operation == wanted and number in {0, parameters.get("PartNumber")}
        if meant and not done:
            die()
        answer = await call(client, operation, **parameters)
        if meant:
            die()
        return answer

    S3Client.call = fatal  # type: ignore[method-assign, assignment]


def is_segment(request: Request) -> bool:
    return request.method == "PUT" and request.path[-1].endswith("/00000002")


def is_manifest(request: Request) -> bool:
    return request.query.get("multipart-manifest") == "put"


def is_freeing(request: Request) -> bool:
    return "bulk-delete" in request.query


STEPS: dict[str, Callable[[], None]] = {
    "swift segment": lambda: at_swift(is_segment, done=True),
    "swift manifest": lambda: at_swift(is_manifest, done=False),
    "swift joined": lambda: at_swift(is_manifest, done=True),
    "swift freeing": lambda: at_swift(is_freeing, done=False),
    "swift freed": lambda: at_swift(is_freeing, done=True),
    "s3 begun": lambda: at_s3("create_multipart_upload", done=True),
    "s3 part": lambda: at_s3("upload_part", done=True, number=2),
    "s3 complete": lambda: at_s3("complete_multipart_upload", done=False),
    "s3 completed": lambda: at_s3("complete_multipart_upload", done=True),
}


async def upload(store: Store, data: bytes) -> None:
    await store.put(KEY, Scripted(split(data, 300_000)), Put())


async def main(settings: object, step: str) -> None:
    store = store_of(settings)
    await store.start()
    await upload(store, UPLOADED[0])
    tell("ready")
    STEPS[step]()
    await upload(store, UPLOADED[1])
    tell("survived")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2]))

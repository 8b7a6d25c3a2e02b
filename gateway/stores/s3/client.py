"""The connection to the remote: one pool, one place where requests are made and errors mapped."""

import asyncio
import hashlib
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from functools import cache
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader
from botocore.parsers import ResponseParserError

from gateway.core.context import current
from gateway.core.errors import DeadlineExceeded, Denied, Unavailable, Unsupported
from gateway.core.faults import passes, wait_of
from gateway.stores.s3.answer import Answer, parse_time
from gateway.stores.s3.failures import store_error
from gateway.stores.s3.settings import S3StoreSettings
from gateway.stores.s3.streamed import Streamed
from gateway.stores.s3.transport import Transport

ORDER = "Order"
"""The member of an answer of ListObjectVersions that tells how its rows follow upon each other."""

_BOUND = ("DeleteObjects", "PutObjectLegalHold", "PutObjectLockConfiguration", "PutObjectRetention")
"""Requests whose body most that is not Amazon's own takes with a Content-MD5 only, which botocore no longer sends."""

_VERSIONS = re.compile(rb"<(Version|DeleteMarker)[\s>]")


class Client:
    """Requests to the remote. The pool is opened by `start`, which sends nothing."""

    def __init__(self, settings: S3StoreSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._client: Any = None

    async def start(self) -> None:
        """Raises `Unavailable` where the settings can't be used."""
        settings = self._settings
        try:
            session = AioSession(profile=settings.profile)
            session.register_component("data_loader", _loader())
            session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_time)
            secret = await asyncio.to_thread(settings.secret)
            if settings.ca_file is not None:  # botocore would tell of it at each request
                await asyncio.to_thread(ssl.create_default_context, cafile=settings.ca_file)
            self._client = await self._stack.enter_async_context(
                session.create_client(
                    "s3",
                    region_name=settings.region,
                    endpoint_url=settings.endpoint_url,
                    aws_access_key_id=settings.access_key,
                    aws_secret_access_key=secret,
                    aws_session_token=settings.session_token.get_secret_value() if settings.session_token else None,
                    verify=str(settings.ca_file) if settings.verify and settings.ca_file else settings.verify,
                    config=_config(settings),
                )
            )
        except (BotoCoreError, OSError, ValueError) as error:
            raise Unavailable(f"The S3 store's settings can't be used: {error}", retryable=False) from error
        events = self._client.meta.events
        events.register("before-send.s3", _tell_who_asks)
        events.register_last("before-call.s3", _send_at_once)
        events.register("before-call.s3.GetObject", _ask_for_checksums)
        for operation in _BOUND:
            events.register(f"before-call.s3.{operation}", _state_digest)
        events.register("before-parse.s3.ListObjectVersions", _keep_order)

    async def aclose(self) -> None:
        self._client = None
        await self._stack.aclose()

    async def call(self, operation: str, **parameters: Any) -> Answer:
        """Make a request (`put_object`, with its members). Parameters that are None are left out.

        Raises `StoreError`; the cause of one that the remote answered with is botocore's `ClientError`.
        """
        if self._client is None:
            raise Unavailable("The store is not open", retryable=False)
        left = current().remaining()
        limit = self._settings.request_timeout if left is None else min(left, self._settings.request_timeout)
        stated = {name: value for name, value in parameters.items() if value is not None}
        try:
            async with asyncio.timeout(limit):
                try:
                    return await self._tried(operation, stated)
                except Denied:
                    if operation.startswith("head_"):
                        await self._check_credentials()
                    raise
        except TimeoutError as error:
            raise DeadlineExceeded from error
        except (aiohttp.ClientError, ResponseParserError, ValueError, OSError) as error:
            raise Unavailable("The store's answer can't be understood") from error

    async def _check_credentials(self) -> None:
        """A HEAD has no body that says whether the client is denied or the gateway. Raises `Unavailable` for it."""
        with suppress(Denied, Unsupported):
            await self._tried("list_buckets", {})

    async def _tried(self, operation: str, stated: Mapping[str, Any]) -> Answer:
        """Streams go out once; all else is repeated, and what a repetition then meets is judged by who asked."""
        backoff = self._settings.backoff
        tries = 1 if isinstance(stated.get("Body"), Streamed) else 1 + backoff.retries
        done = 0
        while True:
            done += 1
            try:
                return Answer(await getattr(self._client, operation)(**stated))
            except (BotoCoreError, ClientError) as error:
                failed = store_error(error)
                failed.attempts = done
                if done == tries or not passes(failed):
                    raise failed from error
            await backoff.pause(done, wait_of(failed))


@cache
def _loader() -> Loader:
    """One for all clients: it keeps the service models, which take a good part of a second to read."""
    return create_loader()


def _config(settings: S3StoreSettings) -> AioConfig:
    return AioConfig(
        http_session_cls=Transport,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        max_pool_connections=settings.max_connections,
        retries={"total_max_attempts": 1},
        s3={
            "addressing_style": settings.addressing_style.value,
            # Bodies are bound by their signed Content-MD5: botocore would hash them on the event loop.
            "payload_signing_enabled": False,
        },
        # Checksums of the newer kind only where they are asked for: many a remote does not know them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="portico",
    )


def _tell_who_asks(request: AWSPreparedRequest, **_: object) -> None:
    """Headers that are not signed, since what lies between may add to them."""
    context = current()
    if context.client:
        request.headers["X-Forwarded-For"] = context.client
    if context.request_id != "-":
        request.headers["X-Request-Id"] = context.request_id


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    """Without the wait for a `100 Continue`, which costs a round trip, and which not every remote answers."""
    params["headers"].pop("Expect", None)


def _ask_for_checksums(params: dict[str, Any], **_: object) -> None:
    """As the parameter ChecksumMode does, upon which botocore would verify the body on the event loop."""
    params["headers"]["x-amz-checksum-mode"] = "ENABLED"


def _keep_order(response_dict: Mapping[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Versions and delete markers stand in one order, and botocore takes them apart."""
    customized_response_dict[ORDER] = [match[1].decode() for match in _VERSIONS.finditer(response_dict["body"])]


def _state_digest(params: dict[str, Any], **_: object) -> None:
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = b64encode(digest).decode()

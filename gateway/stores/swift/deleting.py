"""Many deletes: as one request where the cluster takes them so, else a few at a time."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

import msgspec

from gateway.core.errors import StoreError, Unavailable
from gateway.stores.swift.client import Client
from gateway.stores.swift.errors import failure
from gateway.stores.swift.info import Info
from gateway.stores.swift.request import Request

AT_ONCE = 8

Failures = Mapping[str, StoreError]
"""By name, what was met by those that were not deleted. That nothing was there is no failure."""


class _Report(msgspec.Struct, rename={"status": "Response Status", "errors": "Errors"}):
    status: str = ""
    errors: list[tuple[str, str]] = []


class Deletes:
    """Deletes of objects of one account."""

    def __init__(self, client: Client, info: Info) -> None:
        self._client = client
        self._info = info

    async def remove(self, container: str, names: Sequence[str]) -> Failures:
        """Delete objects, manifests without their segments. Raises what stops all of it."""
        most = (await self._info.get()).max_deletes if len(names) > 1 else 0
        if not most:
            return await self._singly(container, names)
        failures: dict[str, StoreError] = {}
        for start in range(0, len(names), most):
            failures.update(await self._bulk(container, names[start : start + most]))
        return failures

    async def _bulk(self, container: str, names: Sequence[str]) -> Failures:
        lines = "\n".join(f"/{quote(container, safe='')}/{quote(name)}" for name in names)
        headers = {"Content-Type": "text/plain", "Accept": "application/json"}
        request = Request(method="POST", query={"bulk-delete": "true"}, headers=headers, body=lines.encode())
        answer = await self._client.call(request)
        try:
            report = msgspec.convert(json.loads(answer.body), _Report)
        except (ValueError, msgspec.ValidationError) as error:
            raise Unavailable("The upstream's answer to a bulk delete can't be understood") from error
        failures = {_name_of(path): failure(_status_of(status), {}) for path, status in report.errors}
        if not failures and _status_of(report.status) >= 300:
            raise failure(_status_of(report.status), {})
        return failures

    async def _singly(self, container: str, names: Sequence[str]) -> Failures:
        failures: dict[str, StoreError] = {}
        turns = asyncio.Semaphore(AT_ONCE)

        async def remove(name: str) -> None:
            async with turns:
                try:
                    await self._client.call(Request(method="DELETE", path=(container, name)), 404)
                except StoreError as error:
                    failures[name] = error

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(remove(name))
        return failures


def _name_of(path: str) -> str:
    return unquote(path).lstrip("/").partition("/")[2]


def _status_of(text: str) -> int:
    digits = text[:3]
    return int(digits) if digits.isascii() and digits.isdigit() else 500

"""Answers that take their time: whitespace keeps the connection alive until the report is there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.frontends.http.sending import BrokenTransfer
from gateway.frontends.swift.call import Call

INTERVAL = 10
"""Seconds between two heartbeats; `/info` tells it as `yield_frequency`."""

SEPARATOR = b"\r\n\r\n"

Work = Coroutine[object, object, bytes]


async def beating(call: Call, status: int, content_type: str, work: Work, *, lead: bytes = b" ") -> web.StreamResponse:
    """An answer whose head is sent at once, and whose body is what `work` returns behind heartbeats.

    `lead` is the first of these. Raises `BrokenTransfer` where the client goes away, and leaves the work undone then.
    """
    async with running(work) as task:
        return await _beat(call, status, content_type, task, lead)


async def patient(call: Call, content_type: str, work: Work, *, lead: bytes = b" ") -> web.StreamResponse:
    """A whole answer (200) if the report is there before the first heartbeat is due; else as `beating`."""
    async with running(work) as task:
        await asyncio.wait((task,), timeout=INTERVAL)
        if task.done():
            return web.Response(headers={hdrs.CONTENT_TYPE: content_type}, body=task.result())
        return await _beat(call, 200, content_type, task, lead)


async def _beat(
    call: Call, status: int, content_type: str, task: asyncio.Task[bytes], lead: bytes
) -> web.StreamResponse:
    headers = CIMultiDict({hdrs.CONTENT_TYPE: content_type})
    call.finish(headers)
    response = web.StreamResponse(status=status, headers=headers)
    try:
        await response.prepare(call.request)
        await response.write(lead)
        while not task.done():
            await asyncio.wait((task,), timeout=INTERVAL)
            if not task.done():
                await response.write(b" ")
        await response.write(SEPARATOR + task.result())
        await response.write_eof()
    except Exception as error:
        response.force_close()
        if call.request.transport is not None:
            call.request.transport.abort()
        raise BrokenTransfer(response, error, 0) from error
    return response


@asynccontextmanager
async def running(work: Work) -> AsyncIterator[asyncio.Task[bytes]]:
    """Work beside the answer to it: it ends with the context, one way or the other."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))

"""Answers to operations that may take long: the connection is kept alive until the end is known.

Source: CompleteMultipartUpload in the Amazon S3 API Reference. The head of an answer, a 200, is sent first, then white
space from time to time, at last the document, which may be an error's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from gateway.frontends.http.sending import BrokenTransfer
from gateway.frontends.s3.call import Pairs
from gateway.frontends.s3.text import DECLARATION

PATIENCE = 5.0
"""Seconds for which a client waits without a sign of life."""
PERIOD = 5.0
"""Seconds from one white space to the next."""

Refuse = Callable[[Exception], bytes]
"""What an error is told by: a document."""


async def outlast(
    request: web.BaseRequest,
    work: Coroutine[Any, Any, web.StreamResponse],
    headers: Pairs,
    refuse: Refuse,
    stall: float,
) -> web.StreamResponse:
    """The answer that `work` comes to, whether soon or late. A late one has `headers`, and the status 200.

    Raises what `work` does soon, and `BrokenTransfer` where the client goes away before a late end. `stall`: seconds
    for which a client may take nothing.
    """
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait((task,), timeout=PATIENCE)
            if not task.done() and request.content.is_eof():  # all has come that the client is to send
                return await _late(request, task, headers, refuse, stall)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


async def _late(
    request: web.BaseRequest, task: asyncio.Task[web.StreamResponse], headers: Pairs, refuse: Refuse, stall: float
) -> web.StreamResponse:
    response = web.StreamResponse(status=200, headers=headers)
    sent = 0

    async def send(data: bytes) -> None:
        nonlocal sent
        async with asyncio.timeout(stall):
            await response.write(data)
        sent += len(data)

    try:
        await response.prepare(request)
        await send(DECLARATION)
        while not task.done():
            await send(b" ")
            await asyncio.wait((task,), timeout=PERIOD)
        await send(_document(task, refuse).removeprefix(DECLARATION))
        await response.write_eof()
    except (OSError, TimeoutError) as gone:
        await asyncio.wait((task,))  # it is done all the same, as without a sign of life
        raise BrokenTransfer(response, gone, sent) from gone
    return response


def _document(task: asyncio.Task[web.StreamResponse], refuse: Refuse) -> bytes:
    try:
        answer = task.result()
    except Exception as error:  # as at the outermost boundary, which is passed already
        return refuse(error)
    body = answer.body if isinstance(answer, web.Response) else None
    if not isinstance(body, bytes):
        raise TypeError("a lasting operation answers with a document")
    return body

import asyncio
import re
import time

from gateway.core.context import RequestContext, current, enter, new_request_id


def test_ids_are_unique_and_safe_in_headers() -> None:
    ids = {new_request_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"tx[0-9a-f]{19}", request_id) for request_id in ids)


def test_outside_of_a_request_the_context_is_blank() -> None:
    assert current() == RequestContext(request_id="-")


def test_the_time_that_remains() -> None:
    assert RequestContext().remaining() is None
    assert RequestContext(deadline=time.monotonic() - 5).remaining() == 0.0
    remaining = RequestContext(deadline=time.monotonic() + 1000).remaining()
    assert remaining is not None
    assert 0 < remaining <= 1000


async def test_a_context_belongs_to_its_task_and_to_what_that_starts() -> None:
    async def child() -> str:
        return current().request_id

    async def request(name: str) -> tuple[str, str, str]:
        enter(RequestContext(request_id=name))
        await asyncio.sleep(0)
        started = await asyncio.create_task(child())
        threaded = await asyncio.to_thread(lambda: current().request_id)
        return current().request_id, started, threaded

    found = await asyncio.gather(*[request(f"tx{number}") for number in range(5)])
    assert found == [(f"tx{number}",) * 3 for number in range(5)]
    assert current().request_id == "-"

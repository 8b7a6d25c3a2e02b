"""Whether what the process stands on answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from gateway.core.errors import StoreError
from gateway.core.store import Store
from gateway.core.types import ListQuery

DRAINING = "draining"


Question = Callable[[], Awaitable[object]]
"""Asks something that can only be answered by what is ready. Raises `StoreError` where it is not."""


def lists(store: Store) -> Question:
    """Whether a store tells its buckets."""
    return partial(store.buckets, ListQuery(limit=1))


class Readiness:
    """Asks each question at most once in `age` seconds, and waits at most `timeout` seconds, however many probes come.

    `questions` are by the name of what they ask.
    """

    def __init__(self, questions: Mapping[str, Question], *, timeout: float, age: float) -> None:
        self._questions = questions
        self._timeout = timeout
        self._age = age
        self._lock = asyncio.Lock()
        self._known: Mapping[str, str] = {}
        self._until = 0.0
        self._draining = False

    def drain(self) -> None:
        """From now on the process is not ready."""
        self._draining = True

    async def reasons(self) -> Mapping[str, str]:
        """Why the process is not ready, by what it is that is not; empty where it is ready."""
        if self._draining:
            return {"process": DRAINING}
        async with self._lock:
            if time.monotonic() >= self._until:
                async with asyncio.TaskGroup() as group:
                    tasks = {name: group.create_task(self._ask(question)) for name, question in self._questions.items()}
                self._known = {name: reason for name, task in tasks.items() if (reason := task.result())}
                self._until = time.monotonic() + self._age
        return self._known

    async def _ask(self, question: Question) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                await question()
        except StoreError as error:
            return error.message
        except TimeoutError:
            return f"no answer within {self._timeout:g} seconds"
        return None

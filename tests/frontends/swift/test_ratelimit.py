"""Requests that are slowed down, and what `/info` tells of it."""

import json

import pytest

from gateway.core.buckets import BucketMeta
from gateway.frontends.swift.call import Place
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.ratelimit import MAX_KEYS, RateLimit
from gateway.frontends.swift.rates import RateLimitSettings, rate_of
from gateway.frontends.swift.target import Target
from gateway.stores.memory import Memory
from tests.frontends.swift.conftest import Serve

STORE = Memory()


class Time:
    """A clock, and sleeps that take no time but its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def limit(time: Time, **settings: object) -> RateLimit:
    return RateLimit(RateLimitSettings.model_validate(settings), time, time.sleep)


def place(container: str = "box", name: str = "", objects: int = 0, account: str = "AUTH_test") -> Place:
    bucket = BucketMeta(name=container, owner="test", created=0, objects=objects, bytes=0)
    return Place(Target(account, container, name), "test", STORE, bucket)


@pytest.mark.parametrize(
    ("size", "rate"), ((0, 0), (99, 0), (100, 100), (150, 75), (200, 50), (1000, 30), (1800, 10), (5000, 10))
)
def test_rates_change_evenly_between_the_sizes_that_are_named(size: int, rate: float) -> None:
    assert rate_of({200: 50, 100: 100, 1800: 10}, size) == rate


def test_no_sizes_are_no_limit() -> None:
    assert rate_of({}, 1_000_000) == 0
    assert rate_of({0: 5}, 0) == 0  # as Swift's, which takes an empty container for one that it doesn't know


async def test_containers_of_an_account_take_turns() -> None:
    time = Time()
    limits = limit(time, account_ratelimit=2)
    for method in ("PUT", "DELETE", "PUT"):
        await limits.wait(method, place())
    await limits.wait("PUT", place(account="AUTH_other"))
    await limits.wait("POST", place())
    await limits.wait("GET", place())
    assert time.slept == [0.5, 0.5]


async def test_writes_and_listings_by_the_size_of_the_container() -> None:
    time = Time()
    limits = limit(time, container_ratelimit={100: 10}, container_listing_ratelimit={100: 5})
    for method in ("PUT", "POST", "DELETE", "COPY"):
        await limits.wait(method, place(name="a", objects=100))
        await limits.wait(method, place("small", "a", objects=99))
    await limits.wait("GET", place(name="a", objects=100))
    assert time.slept == [0.1, 0.1, 0.1]
    for _ in range(2):
        await limits.wait("GET", place(objects=100))
    assert time.slept[3:] == [0.2]


async def test_what_was_not_asked_is_made_up_for_within_the_buffer() -> None:
    time = Time()
    limits = limit(time, account_ratelimit=1, rate_buffer_seconds=5)
    await limits.wait("PUT", place())
    time.now += 4
    for _ in range(4):
        await limits.wait("PUT", place())
    assert time.slept == []
    await limits.wait("PUT", place())
    time.now += 100
    for _ in range(2):
        await limits.wait("PUT", place())
    assert time.slept == [1.0, 1.0]


async def test_who_would_wait_for_too_long_is_refused_and_counts_for_nothing() -> None:
    time = Time()

    async def sleep(seconds: float) -> None:
        time.slept.append(seconds)

    settings = RateLimitSettings(account_ratelimit=1, max_sleep_time_seconds=2.5)
    limits = RateLimit(settings, time, sleep)
    for _ in range(3):
        await limits.wait("PUT", place())
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            await limits.wait("PUT", place())
        assert (refused.value.status, refused.value.text) == (498, "Slow down")
    time.now += 1
    await limits.wait("PUT", place())
    assert time.slept == [1.0, 2.0, 2.0]


async def test_accounts_without_limits_and_accounts_that_are_refused() -> None:
    time = Time()
    limits = limit(time, account_ratelimit=1, account_whitelist=["AUTH_free"], account_blacklist=["AUTH_bad"])
    for _ in range(3):
        await limits.wait("PUT", place(account="AUTH_free"))
    assert time.slept == []
    with pytest.raises(Refusal) as refused:
        await limits.wait("GET", place(account="AUTH_bad", name="a"))
    assert (refused.value.status, refused.value.text) == (497, "Your account has been blacklisted")
    assert time.slept == [1.0]


async def test_what_is_kept_in_mind_is_bounded() -> None:
    time = Time()
    limits = limit(time, account_ratelimit=1)
    for number in range(MAX_KEYS + 10):
        await limits.wait("PUT", place(account=str(number)))
    assert len(limits._running) == MAX_KEYS
    time.now += 100
    await limits.wait("PUT", place(account="late"))
    assert len(limits._running) == 1


async def test_over_http(serve: Serve) -> None:
    settings = {"account_ratelimit": 0.001, "container_ratelimit": {1: 0.001}, "max_sleep_time_seconds": 1}
    async with serve(ratelimit=settings) as world:
        assert (await world.do("PUT", "box")).status == 201
        answer = await world.do("PUT", "other")
        assert (answer.status, answer.body) == (498, b"Slow down")
        assert [(await world.do("PUT", "box", name, body=b"")).status for name in "abc"] == [201, 201, 498]
        assert (await world.do("GET", "box")).names == ["a", "b"]
        report = await world.do("POST", query="bulk-delete", body=b"box/a\n", headers={"Accept": "application/json"})
        assert [status for _, status in json.loads(report.body)["Errors"]] == ["498 Rate Limited"]
        told = json.loads((await world.raw("GET", "/info")).body)["ratelimit"]
        assert told == {
            "account_ratelimit": 0.001,
            "max_sleep_time_seconds": 1,
            "container_ratelimits": [[1, 0.001]],
            "container_listing_ratelimits": [],
        }


async def test_who_has_no_right_uses_up_nothing(serve: Serve) -> None:
    async with serve(ratelimit={"account_ratelimit": 0.001, "max_sleep_time_seconds": 1}) as world:
        for _ in range(3):
            assert (await world.do("PUT", "box", user="olga")).status == 403
        assert (await world.do("PUT", "box")).status == 201


async def test_without_a_setting_there_is_none(serve: Serve) -> None:
    async with serve() as world:
        assert "ratelimit" not in json.loads((await world.raw("GET", "/info")).body)

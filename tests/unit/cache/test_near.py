from gateway.cache.near import OVERHEAD, SWELL, Near


def test_the_least_recently_used_answers_are_dropped() -> None:
    near: Near[str] = Near(max_bytes=3 * OVERHEAD)
    for name in ("a", "b", "c"):
        near.keep(name, b"generation", name, 0, 10)
    assert near.get("a") is not None
    near.keep("d", b"generation", "d", 0, 10)
    assert near.get("b") is None
    assert all(near.get(name) is not None for name in ("a", "c", "d"))


def test_answers_count_by_their_size() -> None:
    near: Near[str] = Near(max_bytes=2 * OVERHEAD + 100 * SWELL)
    near.keep("small", b"generation", "small", 0, 10)
    near.keep("large", b"generation", "large", 101, 10)
    assert near.get("small") is None
    near.keep("large", b"generation", "too large", 1000, 10)
    assert near.get("large") is None


def test_answers_live_for_their_time() -> None:
    now = [0.0]
    near: Near[str] = Near(clock=lambda: now[0])
    near.keep("long", b"generation", "", 0, 10)
    near.keep("short", b"generation", "", 0, 2)
    near.keep("gone", b"generation", "", 0, 0)
    now[0] = 3.0
    assert [near.get(name) is not None for name in ("long", "short", "gone")] == [True, False, False]

from ipaddress import ip_address

from gateway.frontends.ftp.crowd import MAX_KNOWN, Bans


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


A, B = ip_address("192.0.2.1"), ip_address("192.0.2.2")


def test_an_address_is_banned_by_its_own_failures_and_for_a_time() -> None:
    clock = Clock()
    bans = Bans(3, 10, 100, clock)
    assert [bans.note(A), bans.note(A), bans.note(B), bans.note(A)] == [False, False, False, True]
    assert (bans.is_banned(A), bans.is_banned(B)) == (True, False)
    clock.now += 101
    assert not bans.is_banned(A)
    assert not bans.note(A)


def test_failures_that_lie_far_apart_ban_nobody() -> None:
    clock = Clock()
    bans = Bans(2, 10, 100, clock)
    for _ in range(5):
        assert not bans.note(A)
        clock.now += 11


def test_a_network_of_ipv6_is_one_client() -> None:
    bans = Bans(2, 10, 100)
    bans.note(ip_address("2001:db8::1"))
    bans.note(ip_address("2001:db8::2"))
    assert bans.is_banned(ip_address("2001:db8::3"))
    assert not bans.is_banned(ip_address("2001:db8:0:1::3"))


def test_what_is_remembered_is_bounded() -> None:
    bans = Bans(1, 1e9, 1e9)
    for number in range(MAX_KNOWN + 10):
        bans.note(ip_address(number))
    assert not bans.is_banned(ip_address(0))
    assert bans.is_banned(ip_address(MAX_KNOWN + 9))

"""Order and limits of a control connection, seen by its transport."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import cast

import pytest

from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.errors import BodyTimeout, IncompleteBody
from gateway.frontends.ftp.addresses import Address
from gateway.frontends.ftp.control import MAX_PENDING, Control
from gateway.frontends.ftp.crowd import Bans, Sessions
from gateway.frontends.ftp.masquerade import Masquerade
from gateway.frontends.ftp.partials import Partials
from gateway.frontends.ftp.passive import PassivePorts
from gateway.frontends.ftp.proxy import Proxied
from gateway.frontends.ftp.rates import Limits, Rates
from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.security import Security
from gateway.frontends.ftp.session import Services, Session
from gateway.frontends.ftp.settings import FtpSettings
from gateway.frontends.ftp.transport import READ
from gateway.frontends.ftp.users import RegistryUsers
from gateway.frontends.ftp.wire import Wire
from tests.support.waiting import until

CLIENT = ip_address("192.0.2.1")


@dataclass
class Stub:
    """A transport and a server that note what is asked of them."""

    services: Services
    proxied: set[Proxied] = field(default_factory=set)
    sent: bytes = b""
    is_reading: bool = True
    is_closed: bool = False
    left: list[Control] = field(default_factory=list)

    def admit(self, client: Address) -> bool:
        return True

    def enter(self, control: Control, client: Address) -> None:
        assert client == CLIENT

    def leave(self, control: Control, client: Address) -> None:
        self.left.append(control)

    def get_extra_info(self, name: str) -> object:
        return self.socket

    def write(self, data: bytes) -> None:
        self.sent += data

    def pause_reading(self) -> None:
        assert self.is_reading
        self.is_reading = False

    def resume_reading(self) -> None:
        assert not self.is_reading
        self.is_reading = True

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def __post_init__(self) -> None:
        self.socket = socket.socket()

    @property
    def codes(self) -> list[int]:
        """Codes of what was sent, which is forgotten."""
        codes = [int(line[:3]) for line in self.sent.split(b"\r\n") if line[3:4] == b" "]
        self.sent = b""
        return codes

    def feed(self, control: Control, data: bytes) -> None:
        for start in range(0, len(data), READ):
            control.data_received(data[start : start + READ])


@contextmanager
def connected(**settings: object) -> Iterator[tuple[Stub, Control]]:
    options = FtpSettings.model_validate({"login_delay": 0, **settings})
    with ThreadPoolExecutor(1) as threads:
        users, security = RegistryUsers(Registry([])), Security(None)
        services = Services(
            options,
            users,
            {},
            Tenancy({}),
            lambda access: None,
            PassivePorts(None),
            Partials(0, 0),
            threads,
            security=security,
            sessions=Sessions(),
            bans=Bans(0, 1, 1),
            masquerade=Masquerade(None, {}),
            rates=Rates(Limits(), Limits()),
        )
        stub = Stub(services)
        control = Control(stub, cast(asyncio.Transport, stub), CLIENT, ip_address("192.0.2.9"))
        assert stub.codes == [220]
        yield stub, control
        control.connection_lost(None)
        stub.socket.close()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_needs_no_waiting_is_answered_at_once() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"NOOP\r\nSYST\r\nXYZ\r\nPWD\r\n")
        assert stub.codes == [200, 215, 500, 530]


async def test_commands_wait_for_the_one_that_runs() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\nNOOP\r\nSYST\r\n")
        assert stub.codes == [331]
        await settle()
        assert stub.codes == [530, 200, 215]


async def test_no_more_is_read_than_is_served() -> None:
    with connected(login_attempts=5) as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\n" + b"NOOP\r\n" * (MAX_PENDING - 1))
        assert stub.is_reading
        stub.feed(control, b"NOOP\r\n")
        assert not stub.is_reading
        await settle()
        assert stub.is_reading
        assert stub.codes == [331, 530, *[200] * MAX_PENDING]


async def test_nothing_is_served_while_the_client_takes_no_replies() -> None:
    with connected() as (stub, control):
        control.pause_writing()
        stub.feed(control, b"NOOP\r\n" * 1000)
        assert stub.codes == []
        assert not stub.is_reading
        control.resume_writing()
        assert stub.codes == [200] * 1000
        assert stub.is_reading


class Running:
    """A transfer, as a session sees it."""

    def break_off(self, error: Exception) -> None:
        raise AssertionError


async def test_a_transfer_does_not_open_a_way_around_the_limits() -> None:
    with connected() as (stub, control):
        session: Session = vars(control)["_session"]
        session.transfer = Running()
        stub.feed(control, b"NOOP\r\n")
        assert stub.codes == [200]
        control.pause_writing()
        stub.feed(control, b"NOOP\r\n" * 1000)
        assert stub.codes == []
        assert not stub.is_reading
        session.transfer = None


async def test_nothing_is_served_after_a_reply_that_closes() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"QUIT\r\nNOOP\r\nSYST\r\n")
        assert stub.codes == [221]
        assert stub.is_closed


async def test_what_came_before_the_clients_end_is_served_and_then_the_connection_closed() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\nNOOP\r\n")
        assert control.eof_received()
        assert not stub.is_closed
        await settle()
        assert stub.codes == [331, 530, 200]
        assert stub.is_closed


async def test_a_reply_that_need_not_come_at_once_leaves_with_the_next_one() -> None:
    with connected() as (stub, _):
        wire = Wire(cast(asyncio.Transport, stub), 1)
        wire.send_soon(Reply(150, "it begins"))
        assert stub.sent == b""
        wire.send(Reply(226, "it ends"))
        assert stub.sent == b"150 it begins\r\n226 it ends\r\n"
        wire.send_soon(Reply(150, "it begins"))
        await asyncio.sleep(0)
        assert stub.codes == [150, 226, 150]


async def test_a_command_that_is_cancelled_as_it_begins_tells_of_its_end() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\n")
        control.cancel()
        control.connection_lost(None)
        assert stub.left == []
        await settle()
        assert stub.left == [control]


async def test_a_connection_leaves_when_its_last_command_has_ended() -> None:
    with connected(login_delay=0.01) as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\nNOOP\r\n")
        control.connection_lost(None)
        assert stub.left == []
        await until(lambda: stub.left == [control])
        assert stub.codes == [331]


async def test_a_dismissed_connection_answers_what_runs_and_nothing_else() -> None:
    with connected() as (stub, control):
        stub.feed(control, b"USER x\r\nPASS y\r\nNOOP\r\n")
        control.dismiss()
        await settle()
        assert stub.codes == [331, 530, 421]
        assert stub.is_closed


async def test_strangers_are_closed_after_the_login_timeout() -> None:
    with connected(login_timeout=0.01) as (stub, _):
        await until(lambda: stub.is_closed)


async def test_the_idle_timeout_is_none_of_strangers() -> None:
    with connected(idle_timeout=0.01) as (stub, _):
        await asyncio.sleep(0.05)
        assert not stub.is_closed


async def test_a_wire_waits_for_its_client_and_not_for_ever() -> None:
    with connected() as (stub, _):
        wire = Wire(cast(asyncio.Transport, stub), 20)
        await wire.drain()
        wire.fill()
        waiting = asyncio.create_task(wire.drain())
        await settle()
        assert not waiting.done()
        wire.empty()
        await waiting
        wire = Wire(cast(asyncio.Transport, stub), 0.05)
        wire.fill()
        with pytest.raises(BodyTimeout):
            await wire.drain()
        assert stub.is_closed
        wire.lose()
        with pytest.raises(IncompleteBody):
            await wire.drain()

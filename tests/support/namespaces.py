"""Network namespaces: machines that reach each other only as far as their cables say. They need root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A namespace of its own."""

    name: str

    def command(self, *words: str) -> tuple[str, ...]:
        """What runs `words` on it."""
        return ("ip", "netns", "exec", self.name, *words)

    def run(self, *words: str) -> None:
        _run(*self.command(*words))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=20)


@contextmanager
def machine(label: str) -> Iterator[Machine]:
    """A machine that has nothing but its loopback. Its cables go with it."""
    name = f"portico-{os.getpid()}-{label}"
    _run("ip", "netns", "add", name)
    try:
        made = Machine(name)
        made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        _run("ip", "netns", "del", name)


def cable(one: Machine, address: str, other: Machine, its_address: str) -> None:
    """Lay a cable; addresses have the length of their network behind a slash."""
    ends = f"{one.name[-8:]}0", f"{other.name[-8:]}1"
    _run("ip", "link", "add", ends[0], "netns", one.name, "type", "veth", "peer", "name", ends[1], "netns", other.name)
    for end, made, text in zip(ends, (one, other), (address, its_address), strict=True):
        made.run("ip", "addr", "add", text, "dev", end)
        made.run("ip", "link", "set", end, "up")


@dataclass(frozen=True)
class Site:
    """A server in a private network, its gateway to the world, and somebody out there. No packet is forwarded."""

    server: Machine
    router: Machine
    client: Machine


PRIVATE, INSIDE = "10.77.0.2", "10.77.0.1"
PUBLIC, OUTSIDE = "198.51.100.1", "198.51.100.7"


@contextmanager
def site() -> Iterator[Site]:
    """The server has the address `PRIVATE`, the client `OUTSIDE`, and the router `INSIDE` and `PUBLIC`."""
    with ExitStack() as stack:
        made = Site(*(stack.enter_context(machine(label)) for label in ("srv", "rtr", "cli")))
        cable(made.server, f"{PRIVATE}/24", made.router, f"{INSIDE}/24")
        cable(made.router, f"{PUBLIC}/24", made.client, f"{OUTSIDE}/24")
        yield made

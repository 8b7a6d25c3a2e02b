"""What the process needs of a frontend, whatever it speaks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from gateway.core.events import Kinds


class Frontend(ABC):
    """A listening server. Life: `start`, `drain`, `aclose`."""

    name: str
    kinds: ClassVar[Kinds] = {}

    @abstractmethod
    async def start(self) -> None:
        """Bind and serve. Raises `OSError` where the address can't be had."""

    @property
    @abstractmethod
    def ports(self) -> Mapping[str, int]:
        """The ports in use, by the names that `run.json` shows them under."""

    @property
    def connections(self) -> int | None:
        """Connections that are open, for the metrics; None where that is not known."""
        return None

    @abstractmethod
    async def drain(self, seconds: float) -> None:
        """Stop to listen, let what is running finish for up to `seconds`, then cancel the rest."""

    @abstractmethod
    async def aclose(self) -> None:
        """Free everything; safe after `drain` and without it."""

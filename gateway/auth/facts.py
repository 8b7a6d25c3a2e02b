"""What is known of a request, as the conditions of policies ask for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from gateway.auth.policy.patterns import Values


@dataclass(frozen=True, slots=True)
class Facts:
    """Values by condition key in lower case. What a request does not have has no key."""

    values: Values


NO_FACTS = Facts(MappingProxyType({}))

Tell = Callable[[], Facts]
"""Says what is known of a request; asked only where it matters."""


def nothing() -> Facts:
    """What is known where nobody asks."""
    return NO_FACTS


def facts_of(client: str, *, secure: bool, stated: Iterable[tuple[str, str | None]] = ()) -> Facts:
    """What every protocol knows: the client's address, whether the connection is encrypted, and the time.

    `stated` are further values by condition key; None is left out.
    """
    now = datetime.now(UTC)
    return Facts(
        {
            "aws:sourceip": (client,),
            "aws:securetransport": ("true" if secure else "false",),
            "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
            "aws:epochtime": (str(int(now.timestamp())),),
            **{key: (value,) for key, value in stated if value is not None},
        }
    )

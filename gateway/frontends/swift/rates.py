"""How many requests a second there may be, as the operator sets it."""

from collections.abc import Mapping
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

Rates = Mapping[NonNegativeInt, PositiveFloat]


class RateLimitSettings(BaseModel):
    """Requests a second. Those of containers depend on how many objects they hold.

    Between two sizes that are named the rate changes evenly; below the smallest there is no limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_ratelimit: NonNegativeFloat = Field(
        0, description="Containers that may be created and deleted in an account; 0: any number."
    )
    container_ratelimit: Rates = Field(
        {}, description="Writes to containers that hold so many objects, by that number."
    )
    container_listing_ratelimit: Rates = Field({}, description="Listings of such containers.")
    max_sleep_time_seconds: PositiveFloat = Field(60, description="Who would wait longer is refused (498).")
    rate_buffer_seconds: NonNegativeFloat = Field(5, description="For how long what was not asked may be made up for.")
    account_whitelist: tuple[str, ...] = Field((), description="Accounts (`AUTH_...`) without limits.")
    account_blacklist: tuple[str, ...] = Field((), description="Accounts that are always refused (497).")

    @property
    def info(self) -> dict[str, object]:
        """What `/info` tells of it."""
        return {
            "account_ratelimit": self.account_ratelimit,
            "max_sleep_time_seconds": self.max_sleep_time_seconds,
            "container_ratelimits": sorted(self.container_ratelimit.items()),
            "container_listing_ratelimits": sorted(self.container_listing_ratelimit.items()),
        }


def rate_of(rates: Rates, size: int) -> float:
    """The rate for a container with `size` objects; 0: there is no limit."""
    sizes = sorted(rates)
    if not sizes or size < sizes[0] or not size:
        return 0
    for low, high in pairwise(sizes):
        if size < high:
            return rates[low] + (size - low) * (rates[high] - rates[low]) / (high - low)
    return rates[sizes[-1]]

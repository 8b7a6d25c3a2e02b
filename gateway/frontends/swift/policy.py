"""Storage policies, of which there is one: it stands for however the store below keeps its objects."""

from collections.abc import Mapping

from gateway.frontends.swift.errors import Refusal

POLICY = "Policy-0"


def check_policy(headers: Mapping[str, str]) -> None:
    """Raise `Refusal` (400) where a container is wanted under a policy that there is not."""
    name = headers.get("X-Storage-Policy", "")
    if name and name.lower() != POLICY.lower():
        raise Refusal(400, f"Invalid X-Storage-Policy '{name}'")

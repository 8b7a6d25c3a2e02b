"""Storage policies: those of the store below, if it has any."""

from collections.abc import Mapping

from gateway.core.buckets import DEFAULT_POLICY, STORAGE_POLICY, BucketMeta
from gateway.core.store import Caps
from gateway.frontends.swift.errors import Refusal


def wanted_policy(headers: Mapping[str, str], caps: Caps) -> dict[str, str]:
    """The property of a container for which a policy is stated. Raises `Refusal` (400) for one that there is not."""
    name = headers.get("X-Storage-Policy", "")
    if name and caps.policies:
        return {STORAGE_POLICY: name}
    if name and name.lower() != DEFAULT_POLICY.lower():
        raise Refusal(400, f"Invalid X-Storage-Policy '{name}'")
    return {}


def check_same_policy(found: BucketMeta, wanted: Mapping[str, str]) -> None:
    """Raises `Refusal` (409) for a container that stands under another policy than the one that is wanted."""
    if wanted and wanted[STORAGE_POLICY].lower() != policy_of(found).lower():
        raise Refusal(409, f"X-Storage-Policy of the container is '{policy_of(found)}', and can't be changed")


def policy_of(found: BucketMeta) -> str:
    return found.system.get(STORAGE_POLICY, DEFAULT_POLICY)

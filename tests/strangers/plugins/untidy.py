"""Runs OpenStack's tests last which, where they fail, leave what other tests of their class stumble over.

Loaded as a plugin by their own interpreter.
"""

import pytest

UNTIDY = ("test_container_quota_bytes",)
"""It leaves a quota on the container that its class shares."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them behind all others."""
    items.sort(key=lambda item: item.name in UNTIDY)

"""Marks of tests that are run over several stores."""

import pytest

in_memory = pytest.mark.parametrize("store", ("memory",), indirect=True)
"""For a table of what is decided before a store has to keep anything: one store shows it as well as two."""

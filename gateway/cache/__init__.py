"""Distributed caches of small values. A cache may forget everything at any moment; it never lies and never fails."""

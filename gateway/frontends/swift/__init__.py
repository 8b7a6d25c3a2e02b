"""The Swift frontend: OpenStack Swift's object API (v1) with its own tokens."""

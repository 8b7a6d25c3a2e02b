"""Why the process does not start."""


class StartError(Exception):
    """Something that keeps Portico from starting, in one line that tells a person what to do."""

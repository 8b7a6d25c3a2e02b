"""Why the process does not start, or a command not do what it was told to."""

from collections.abc import Sequence


class StartError(Exception):
    """Something that keeps Portico from starting, in one line that tells a person what to do."""


class CommandError(Exception):
    """Something that keeps a command from doing its work, told like that; `lines`: what it has found all the same."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = lines

"""In what names are written: UTF-8, or what a user's old device writes. No I/O."""

UTF8 = "utf-8"


class Names:
    """How one session writes names. `fallback`: what its user's old device writes, if he has one.

    What comes in is UTF-8 where it can be, else the fallback; and as the last name that was not plain ASCII came in,
    names go out. OPTS UTF8 decides for good: ON has all go out in UTF-8, OFF all come and go in the fallback.
    """

    def __init__(self) -> None:
        self.fallback: str | None = None
        self._is_utf8: bool | None = None
        self._came_in_utf8 = True

    def forget_user(self) -> None:
        """Whoever logs in next has a device of his own; what OPTS said is the client's."""
        self.fallback = None
        self._came_in_utf8 = True
        if self._is_utf8 is False:
            self._is_utf8 = None

    def choose(self, *, utf8: bool) -> bool:
        """What OPTS says; False: without a fallback names are UTF-8 always."""
        if not utf8 and self.fallback is None:
            return False
        self._is_utf8 = utf8
        return True

    @property
    def encoding(self) -> str:
        """What names go out in; those that it does not have go out in UTF-8."""
        is_utf8 = self._came_in_utf8 if self._is_utf8 is None else self._is_utf8
        return UTF8 if is_utf8 or self.fallback is None else self.fallback

    def decode(self, data: bytes) -> str:
        """A line of the client's; bytes that are in neither encoding are kept as surrogates."""
        if data.isascii():
            return data.decode("ascii")
        for encoding in self._order():
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            self._came_in_utf8 = encoding == UTF8
            return text
        return data.decode(errors="surrogateescape")

    def _order(self) -> tuple[str, ...]:
        if self.fallback is None:
            return (UTF8,)
        return (self.fallback, UTF8) if self._is_utf8 is False else (UTF8, self.fallback)


def encoded(text: str, encoding: str) -> bytes:
    """`text` in an encoding; lines that have characters which it lacks, and surrogates, stand as they are in UTF-8."""
    if encoding != UTF8:
        try:
            return text.encode(encoding)
        except UnicodeEncodeError:
            lines = text.splitlines(keepends=True)
            if len(lines) > 1:
                return b"".join(encoded(line, encoding) for line in lines)
    return text.encode(errors="surrogateescape")

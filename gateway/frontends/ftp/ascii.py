"""Line ends of TYPE A: CRLF on the wire, LF in the store (RFC 959, 3.1.1.1). No I/O."""


class ToNetwork:
    """Makes CRLF of every LF that does not follow a CR already."""

    def __init__(self) -> None:
        self._follows_cr = False

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        begins = b"\r" if self._follows_cr else b""
        self._follows_cr = data.endswith(b"\r")
        text = (begins + data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return text[len(begins) :]


class FromNetwork:
    """Makes LF of every CRLF; a CR that stands alone stays."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        return data.removesuffix(self._held).replace(b"\r\n", b"\n")

    def rest(self) -> bytes:
        """What was held back, at the end of the data."""
        held, self._held = self._held, b""
        return held

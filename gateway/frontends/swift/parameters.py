"""The query of a request."""

from urllib.parse import parse_qsl

from gateway.frontends.swift.errors import Refusal

MAX_FIELDS = 100
TRUE_VALUES = frozenset({"true", "1", "yes", "on", "t", "y"})


def truth(value: str) -> bool:
    """Whether Swift takes a header or parameter for a yes."""
    return value.lower() in TRUE_VALUES


class Parameters:
    """The parameters by name; of one that is given twice the last counts."""

    def __init__(self, query: str) -> None:
        self._fields = _parse(query) if query else {}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str, default: str = "") -> str:
        """A parameter. Raises `Refusal` (400) where it is not UTF-8."""
        value = self._fields.get(name, default)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refusal(400, f'"{name}" parameter not valid UTF-8') from None
        return value

    def flag(self, name: str) -> bool:
        return truth(self.get(name))


def _parse(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_FIELDS))
    except ValueError:
        raise Refusal(400, f"More than {MAX_FIELDS} query parameters") from None


NO_PARAMETERS = Parameters("")

"""A request as signatures see it, whatever server received it."""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import unquote_plus

from gateway.auth.errors import AuthCode, AuthError


class SignedRequest(NamedTuple):
    """`path` and `query` are raw, percent-encoded as received, the query without its `?`.

    `headers` have lower-case names; the values of a repeated one are joined by commas (see `fold`).
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class Scheme(Enum):
    """How a request is signed."""

    ANONYMOUS = auto()
    V4_HEADER = auto()
    V4_QUERY = auto()
    V2_HEADER = auto()
    V2_QUERY = auto()


def fold(pairs: Collection[tuple[str, str]]) -> dict[str, str]:
    """Headers under lower-case names, values of repeated ones joined by commas in their order."""
    folded = {name.lower(): value for name, value in pairs}
    if len(folded) == len(pairs):
        return folded
    folded = {}
    for name, value in pairs:
        lower = name.lower()
        folded[lower] = f"{folded[lower]},{value}" if lower in folded else value
    return folded


def parse_query(raw: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query string, in order; a `+` is a space. Raises `ValueError` where it is no UTF-8."""
    pairs = []
    for field in raw.split("&"):
        if field:
            name, _, value = field.partition("=")
            pairs.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
    return pairs


def scheme_of(request: SignedRequest) -> Scheme:
    """The scheme that a request claims to be signed by.

    Raises `AuthError` `InvalidArgument` where there are two at once, or one that is unknown.
    """
    header = request.headers.get("authorization")
    v4 = v2 = False
    if request.query:
        names = {field.partition("=")[0] for field in request.query.split("&")}
        v4, v2 = "X-Amz-Algorithm" in names, "Signature" in names
    if (header is not None) + v4 + v2 > 1:
        raise AuthError(
            AuthCode.INVALID_ARGUMENT,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
            ArgumentName="Authorization",
        )
    if header is None:
        return Scheme.V4_QUERY if v4 else Scheme.V2_QUERY if v2 else Scheme.ANONYMOUS
    if header.startswith("AWS4-"):
        return Scheme.V4_HEADER
    if header.startswith("AWS "):
        return Scheme.V2_HEADER
    raise AuthError(AuthCode.INVALID_ARGUMENT, "Unsupported Authorization Type", ArgumentName="Authorization")

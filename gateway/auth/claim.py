"""What a request says of its AWS Signature V4, in its Authorization header or in its query string."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from gateway.auth import canonical
from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.request import SignedRequest, parse_query

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES = 7 * 24 * 3600
"""Seconds that a presigned URL may be valid for."""

USUAL_TERMS = 1024
"""Characters of the terms in a header that may be remembered: strangers must not fill the memory."""

_UNSIGNED = "UNSIGNED-PAYLOAD"
_CREDENTIAL = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"'
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DIGITS = re.compile(r"-?\d{1,9}", re.ASCII)
_REQUIRED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)


class Terms(NamedTuple):
    """What is the same in all that a client signs in a day: with whose key, for which scope, and which headers."""

    access_key: str
    day: str
    region: str
    service: str
    terminal: str
    scope: str
    signed_headers: str
    names: tuple[str, ...]
    """The signed headers one by one."""
    signed: frozenset[str]
    """The same as a set."""


class Signed(NamedTuple):
    """A signature over one of `texts`, for whoever knows the secret of the access key."""

    access_key: str
    signature: str
    texts: tuple[str, ...]

    def mismatch(self, **elements: str) -> AuthError:
        """The error for a signature that is of none of them."""
        return AuthError(
            AuthCode.SIGNATURE_DOES_NOT_MATCH,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            AWSAccessKeyId=self.access_key,
            SignatureProvided=self.signature,
            StringToSign=self.texts[0],
            **elements,
        )


class Claim(NamedTuple):
    """A signature with all that it was made from. Nothing of it is proved.

    `query` is in canonical form, `payload` the value of x-amz-content-sha256. `expires` is in seconds after
    `timestamp`; None where the signature stands in a header.
    """

    terms: Terms
    timestamp: str
    signature: str
    query: str
    payload: str
    expires: int | None = None

    def malformed(self, what: str, **elements: str) -> AuthError:
        """The error to raise where part of the credential is not what it has to be."""
        return _bad_header(what, **elements) if self.expires is None else _bad_credential(what, **elements)


def from_header(request: SignedRequest) -> Claim:
    """The claim of an Authorization header. Raises `AuthError`."""
    headers = request.headers
    stated, _, signature = headers["authorization"].partition("Signature=")
    terms = _known_terms(stated) if len(stated) <= USUAL_TERMS else _terms_of(stated)
    if "," in signature:
        raise _bad_components()
    payload = headers.get("x-amz-content-sha256")
    if payload is None:
        raise AuthError(AuthCode.INVALID_REQUEST, "Missing required header for this request: x-amz-content-sha256")
    timestamp = _timestamp(headers.get("x-amz-date") or headers.get("date", ""))
    return Claim(terms, timestamp, signature.strip(), canonical.query(request.query), payload)


def from_query(request: SignedRequest) -> Claim:
    """The claim of a presigned URL. Raises `AuthError`."""
    stated = _parameters(request.query)
    if stated["X-Amz-Algorithm"] != ALGORITHM:
        raise _bad_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    if (terms := _terms(stated["X-Amz-Credential"], stated["X-Amz-SignedHeaders"])) is None:
        raise _bad_credential(f"the Credential is mal-formed; expecting {_CREDENTIAL}.")
    timestamp = stated["X-Amz-Date"]
    if not _TIMESTAMP.fullmatch(timestamp):
        raise _bad_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if "X-Amz-Security-Token" in stated:
        raise bad_token()
    payload = stated.get("X-Amz-Content-Sha256") or request.headers.get("x-amz-content-sha256") or _UNSIGNED
    return Claim(
        terms,
        timestamp,
        stated["X-Amz-Signature"],
        canonical.query(request.query, without="X-Amz-Signature"),
        payload,
        _expires(stated["X-Amz-Expires"]),
    )


def from_form(fields: Mapping[str, str]) -> Claim:
    """The claim of an upload by a form, whose fields have lower-case names. Raises `AuthError`."""
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise AuthError(AuthCode.INVALID_ARGUMENT, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    if "x-amz-security-token" in fields:
        raise bad_token()
    if (terms := _terms(fields["x-amz-credential"], "")) is None:
        raise _bad_credential(f"the Credential is mal-formed; expecting {_CREDENTIAL}.")
    return Claim(terms, _timestamp(fields["x-amz-date"]), fields["x-amz-signature"], "", _UNSIGNED, 0)


def _terms_of(stated: str) -> Terms:
    """The terms in an Authorization header, given up to its last component, the signature. Raises `AuthError`."""
    algorithm, _, rest = stated.partition(" ")
    if algorithm != ALGORITHM:
        raise AuthError(
            AuthCode.INVALID_REQUEST,
            f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
        )
    fields = [part.strip().partition("=") for part in rest.split(",")]
    values = {name: value for name, _, value in fields}
    if len(fields) != 3 or values.keys() != {"Credential", "SignedHeaders", ""} or fields[2][1]:
        raise _bad_components()
    if (terms := _terms(values["Credential"], values["SignedHeaders"])) is None:
        raise _bad_header(f"the Credential is mal-formed; expecting {_CREDENTIAL}.")
    return terms


_known_terms = lru_cache(256)(_terms_of)


def _terms(credential: str, signed_headers: str) -> Terms | None:
    """None where that is no credential."""
    try:
        access_key, day, region, service, terminal = credential.rsplit("/", 4)
    except ValueError:
        return None
    scope = f"{day}/{region}/{service}/{terminal}"
    names = tuple(signed_headers.split(";"))
    return Terms(access_key, day, region, service, terminal, scope, signed_headers, names, frozenset(names))


@lru_cache(1024)
def _timestamp(stated: str) -> str:
    """The time of a request, as x-amz-date or the Date header states it, in the form that is signed."""
    if _TIMESTAMP.fullmatch(stated):
        return stated
    if len(stated) <= 64:
        try:
            moment = parsedate_to_datetime(stated)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y%m%dT%H%M%SZ")
        except (ValueError, OverflowError):
            pass
    raise AuthError(AuthCode.ACCESS_DENIED, "AWS authentication requires a valid Date or x-amz-date header")


def _parameters(query: str) -> Mapping[str, str]:
    try:
        pairs = [(name, value) for name, value in parse_query(query) if name.startswith("X-Amz-")]
    except ValueError:
        raise _bad_query("The query string is not valid UTF-8") from None
    stated = dict(pairs)
    if len(stated) != len(pairs) or not all(name in stated for name in _REQUIRED):
        raise _bad_query(
            f"Query-string authentication version 4 requires the {', '.join(_REQUIRED[:-1])}, and {_REQUIRED[-1]} "
            "parameters, each of them once."
        )
    return stated


def _expires(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise _bad_query("X-Amz-Expires should be a number")
    seconds = int(text)
    if not 1 <= seconds <= MAX_EXPIRES:
        raise AuthError(AuthCode.ACCESS_DENIED, f"X-Amz-Expires must be between 1 and {MAX_EXPIRES} seconds")
    return seconds


def bad_token() -> AuthError:
    """The error for a session token: this product issues none."""
    return AuthError(AuthCode.INVALID_TOKEN, "The provided token is malformed or otherwise invalid.")


def _bad_components() -> AuthError:
    return _bad_header("the authorization header requires three components: Credential, SignedHeaders, and Signature.")


def _bad_header(what: str, **elements: str) -> AuthError:
    return AuthError(
        AuthCode.AUTHORIZATION_HEADER_MALFORMED, f"The authorization header is malformed; {what}", **elements
    )


def _bad_credential(what: str, **elements: str) -> AuthError:
    return _bad_query(f"Error parsing the X-Amz-Credential parameter; {what}", **elements)


def _bad_query(what: str, **elements: str) -> AuthError:
    return AuthError(AuthCode.AUTHORIZATION_QUERY_PARAMETERS_ERROR, what, **elements)

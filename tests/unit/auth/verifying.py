"""What the tests of SigV4 share: a verifier, requests that are changed, and queries."""

from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from gateway.auth.errors import AuthError
from gateway.auth.request import SignedRequest
from gateway.auth.sigv4 import SigV4
from tests.unit.auth.signing import REGION, REGISTRY

SIGV4 = SigV4(REGISTRY, REGION)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
QUERIES = st.lists(st.tuples(WORDS.filter(bool), WORDS), max_size=5)


def raw_query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in pairs)


def refusal(request: SignedRequest, verifier: SigV4 = SIGV4) -> AuthError:
    with pytest.raises(AuthError) as caught:
        verifier.verify(request)
    return caught.value


def with_header(request: SignedRequest, **headers: str) -> SignedRequest:
    return request._replace(headers={**request.headers, **{name.replace("_", "-"): v for name, v in headers.items()}})


def without(request: SignedRequest, name: str) -> SignedRequest:
    return request._replace(headers={known: value for known, value in request.headers.items() if known != name})

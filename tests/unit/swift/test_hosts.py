import pytest

from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.hosts import remap

DOMAINS = ("storage.example.org", "example.net")


@pytest.mark.parametrize(
    ("host", "path", "meant"),
    (
        ("AUTH_test.storage.example.org", "/box/object", "/v1/AUTH_test/box/object"),
        ("auth-test.storage.example.org:8080", "/box", "/v1/AUTH_test/box"),
        ("test.example.net", "/", "/v1/AUTH_test"),
        ("box.AUTH_test.example.net", "/", "/v1/AUTH_test/box/"),
        ("box.auth_test.EXAMPLE.net", "/a/b c", "/v1/AUTH_test/box/a/b c"),
        ("127.0.0.1:8080", "/v1/AUTH_test", "/v1/AUTH_test"),
        ("example.net", "/v1/AUTH_test", "/v1/AUTH_test"),
        ("AUTH_test.example.net.evil.org", "/v1/AUTH_test", "/v1/AUTH_test"),
        ("", "/v1/AUTH_test", "/v1/AUTH_test"),
    ),
)
def test_hosts(host: str, path: str, meant: str) -> None:
    assert remap(host, path, DOMAINS) == meant


@pytest.mark.parametrize("host", ("a.b.c.example.net", "box..example.net"))
def test_a_host_that_names_too_much(host: str) -> None:
    with pytest.raises(Refusal, match="Bad domain in host header") as caught:
        remap(host, "/", DOMAINS)
    assert caught.value.status == 400

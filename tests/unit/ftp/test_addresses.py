from contextlib import suppress
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.ftp.addresses import (
    Address,
    Endpoint,
    address_of,
    check_target,
    epsv_text,
    parse_eprt,
    parse_port,
    pasv_text,
)
from gateway.frontends.ftp.replies import Refused


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_port_and_pasv_say_the_same(address: IPv4Address, port: int) -> None:
    assert parse_port(pasv_text(address, port).strip("()")) == Endpoint(address, port)


@given(st.ip_addresses(), st.integers(0, 65535), st.sampled_from("|!~-"))
def test_eprt_takes_every_address(address: Address, port: int, mark: str) -> None:
    text = mark.join(("", "1" if address.version == 4 else "2", str(address), str(port), ""))
    assert parse_eprt(text) == Endpoint(address, port)


@pytest.mark.parametrize(
    "text", ("", "1,2,3,4,5", "1,2,3,4,5,6,7", "1,2,3,4,256,1", "1,2,3,4,-1,1", "a,b,c,d,e,f", "١,2,3,4,5,6")
)
def test_bad_ports_are_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_port(text)
    assert refused.value.reply.code == 501


@pytest.mark.parametrize(
    ("text", "code"),
    (
        ("", 501),
        ("|1|1.2.3.4|", 501),
        ("|1|1.2.3.4|70000|", 501),
        ("|1|1.2.3.999|1|", 501),
        ("|1|::1|1|", 501),
        ("|2|1.2.3.4|1|", 501),
        ("|1|1.2.3.4!1|", 501),
        ("11111", 501),
        ("|3|1.2.3.4|1|", 522),
        ("|0|1.2.3.4|1|", 522),
    ),
)
def test_bad_eprts_are_refused(text: str, code: int) -> None:
    with pytest.raises(Refused) as refused:
        parse_eprt(text)
    assert refused.value.reply.code == code


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_refused(text: str) -> None:
    for parser in (parse_port, parse_eprt):
        with suppress(Refused):
            assert 0 <= parser(text).port <= 65535


def test_connections_lead_to_the_client_only() -> None:
    client = ip_address("192.0.2.1")
    check_target(Endpoint(client, 1024), client)
    for endpoint in (Endpoint(client, 1023), Endpoint(client, 0), Endpoint(ip_address("192.0.2.2"), 5000)):
        with pytest.raises(Refused):
            check_target(endpoint, client)


def test_mapped_addresses_are_the_ipv4_ones_that_they_stand_for() -> None:
    assert address_of("::ffff:192.0.2.1") == address_of("192.0.2.1")
    assert str(address_of("fe80::1%eth0")) == "fe80::1"


def test_epsv_text() -> None:
    assert epsv_text(30001) == "(|||30001|)"

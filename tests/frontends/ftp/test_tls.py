"""TLS of control and data connections (RFC 2228, RFC 4217)."""

import asyncio
import json
import re
import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.auth.rules import POLICY
from gateway.core.types import PropsChange
from gateway.frontends.ftp.settings import FtpSettings
from tests.frontends.ftp import secure
from tests.frontends.ftp.certificates import Files, make
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.secure import VERSIONS, passive, protect, protected, trusting
from tests.frontends.ftp.world import HOST, World, download, until, upload

STORES = ("memory", "catalog")

LARGE = bytes(range(256)) * 48 * 1024  # 12 MiB


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return make(tmp_path, "ftp.example")


@pytest.fixture
async def world(serve: Serve, files: Files) -> World:
    return await serve(tls=files)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_files_and_listings_travel_whole(world: World, version: ssl.TLSVersion) -> None:
    context = trusting(version)
    client = await protected(world, context)
    for data in (b"", b"x", LARGE[:65536], LARGE):
        assert (await secure.upload(client, context, "STOR /c/f", data)).code == 226
        assert await world.get("f") == data
        assert await secure.download(client, context, "RETR /c/f") == data
    assert b"type=file;size=12582912;" in await secure.download(client, context, "MLSD /c")
    await client.do(f"REST {len(LARGE) - 3}")
    assert await secure.download(client, context, "RETR /c/f") == LARGE[-3:]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_an_upload_that_is_cut_off_leaves_the_old_file(world: World, version: ssl.TLSVersion) -> None:
    await world.put("f", b"old")
    context = trusting(version)
    client = await protected(world, context)
    for data in (b"", b"half", LARGE):
        sock = await passive(client, context, "STOR /c/f")
        await asyncio.to_thread(sock.sendall, data)
        secure.cut(sock)
        assert (await client.answer()).code == 426
        assert await world.get("f") == b"old"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_an_upload_of_a_client_that_reads_nothing_comes_in_whole(world: World, version: ssl.TLSVersion) -> None:
    """Tickets that it left unread would have the kernel reset the connection, and drop the tail of the data."""
    context = trusting(version)
    client = await protected(world, context)
    sock = await client.passive()
    assert await client.code("STOR /c/f") == 150
    await asyncio.to_thread(secure.hurl, sock, context, LARGE)
    assert (await client.answer()).code == 226
    assert await world.get("f") == LARGE


async def test_an_upload_is_not_kept_where_the_control_connection_breaks(world: World) -> None:
    await world.put("f", b"old")
    context = trusting()
    client = await protected(world, context)
    sock = await passive(client, context, "STOR /c/f")
    await asyncio.to_thread(sock.sendall, b"half")
    client.reset()
    await client.close()  # the break has to come first
    secure.end(sock)
    await world.until_empty()
    assert await world.get("f") == b"old"


async def test_an_aborted_download_is_not_ended_in_order(world: World) -> None:
    await world.put("f", LARGE * 2)
    context = trusting()
    client = await protected(world, context)
    sock = await passive(client, context, "RETR /c/f")
    assert await asyncio.to_thread(sock.recv, 1000)
    await client.send("ABOR")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.to_thread(secure.read, sock)
    assert [(await client.answer()).code, (await client.answer()).code] == [426, 226]
    assert await client.code("NOOP") == 200


async def test_what_is_pipelined_in_plain_behind_auth_is_dropped(world: World) -> None:
    await world.put("f", b"kept")
    client = await world.connect()
    await client.send(b"AUTH TLS\r\nUSER alice\r\nPASS alice-secret\r\nDELE /c/f\r\nDE")
    assert (await client.answer()).code == 234
    await client.writer.start_tls(trusting())
    assert (await client.do("LE /c/f")).text == "Unknown command"
    assert await client.code("PWD") == 530
    assert await world.get("f") == b"kept"


async def test_a_login_in_plain_ends_where_tls_begins(world: World) -> None:
    client = await world.login()
    await protect(client, trusting())
    assert await client.code("PWD") == 530


@pytest.mark.parametrize("garbage", (b"\x00" * 2000, b"\x16\x03\x01\x02\x00" + b"\xff" * 2000, b"NOOP\r\n" * 400))
async def test_garbage_instead_of_a_handshake_ends_the_connection(serve: Serve, files: Files, garbage: bytes) -> None:
    world = await serve(tls={**files, "implicit_port": 0}, login_timeout=1.0)
    client = await world.connect()
    assert await client.code("AUTH TLS") == 234
    await client.send(garbage)
    assert b"NOOP" not in await receive_all(client.reader)
    reader, writer = await asyncio.open_connection(HOST, world.frontend.ports["ftps"])
    writer.write(garbage)
    assert b"220" not in await receive_all(reader)
    writer.close()
    await protected(world)


async def receive_all(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def test_slow_handshakes_time_out(serve: Serve, files: Files) -> None:
    world = await serve(tls={**files, "implicit_port": 0}, login_timeout=0.3)
    client = await world.connect()
    assert await client.code("AUTH TLS") == 234
    assert await client.at_end()
    reader, writer = await asyncio.open_connection(HOST, world.frontend.ports["ftps"])
    assert await receive_all(reader) == b""
    writer.close()


async def test_slow_handshakes_of_data_connections_time_out(serve: Serve, files: Files) -> None:
    world = await serve(tls=files, data_timeout=0.3)
    client = await protected(world)
    with await client.passive():
        assert [await client.code("LIST"), (await client.answer()).code] == [150, 425]
    assert await client.code("NOOP") == 200


async def test_data_connections_that_speak_no_tls_are_refused(world: World) -> None:
    client = await protected(world)
    with await client.passive() as sock:
        assert await client.code("STOR /c/f") == 150
        await asyncio.get_running_loop().sock_sendall(sock, b"plain text" * 200)
        assert (await client.answer()).code == 426
    assert await world.names() == []


async def test_data_is_plain_until_prot_says_otherwise(world: World) -> None:
    client = await world.connect()
    await protect(client, trusting())
    assert [await client.code(line) for line in ("USER alice", "PASS alice-secret", "PROT P")] == [331, 230, 503]
    assert (await upload(client, "STOR /c/f", b"data")).code == 226
    codes = {"PBSZ": 501, "PBSZ x": 501, "PBSZ 0": 200, "PROT": 504, "PROT S": 536, "PROT E": 536, "PROT C": 200}
    assert {line: await client.code(line) for line in codes} == codes
    assert await download(client, "RETR /c/f") == b"data"


async def test_commands_of_tls_are_refused_out_of_order(world: World) -> None:
    client = await world.connect()
    codes = {"AUTH": 501, "AUTH KERBEROS_V4": 504, "PBSZ 0": 503, "PROT P": 503}
    assert {line: await client.code(line) for line in codes} == codes
    assert {"AUTH TLS", "PBSZ", "PROT"} <= {line.strip() for line in (await client.do("FEAT")).lines}
    await client.do("USER alice")
    await client.do("PASS alice-secret")
    assert await client.code("CCC") == 533
    await protect(client, trusting())
    assert await client.code("AUTH TLS") == 503


async def test_without_a_certificate_nothing_of_tls_is_served(serve: Serve) -> None:
    world = await serve()
    client = await world.login()
    for line in ("AUTH TLS", "PBSZ 0", "PROT P", "CCC"):
        assert await client.code(line) == 502
    assert "AUTH" not in "".join((await client.do("FEAT")).lines)


async def test_tls_may_be_required(serve: Serve, files: Files) -> None:
    world = await serve(tls={**files, "mode": "required"})
    client = await world.connect()
    assert [await client.code("USER alice"), await client.code("PASS alice-secret")] == [530, 503]
    context = trusting()
    await protect(client, context)
    assert [await client.code("USER alice"), await client.code("PASS alice-secret")] == [331, 230]
    await client.do("EPSV")
    codes = {"LIST": 521, "STOR /c/f": 521, "PBSZ 0": 200, "PROT C": 534, "CCC": 534, "PROT P": 200}
    assert {line: await client.code(line) for line in codes} == codes
    assert (await secure.upload(client, context, "STOR /c/f", b"data")).code == 226


async def test_tls_may_be_required_of_a_user(serve: Serve, files: Files) -> None:
    networks = ["127.0.0.0/8"]
    world = await serve({"alice": {"require_tls": True}}, tls={**files, "plain_networks": networks})
    client = await world.connect()
    assert [await client.code("USER alice"), await client.code("PASS alice-secret")] == [331, 530]
    assert [await client.code("LIST"), await client.code("PASS alice-secret")] == [530, 503]
    context = trusting()
    await protect(client, context)
    assert [await client.code("USER alice"), await client.code("PASS alice-secret")] == [331, 230]
    await client.do("EPSV")
    codes = {"LIST": 521, "PBSZ 0": 200, "PROT C": 534, "CCC": 534, "PROT P": 200}
    assert {line: await client.code(line) for line in codes} == codes
    assert (await secure.upload(client, context, "STOR /c/f", b"data")).code == 226
    other = await world.login("walter")
    assert (await upload(other, "STOR /c/g", b"data")).code == 226


async def test_networks_may_be_spared(serve: Serve, files: Files) -> None:
    networks = ["127.0.0.0/8", "2001:db8::/32"]
    world = await serve(tls={**files, "mode": "required", "plain_networks": networks})
    client = await world.login()
    assert (await upload(client, "STOR /c/f", b"data")).code == 226


async def test_tls_may_begin_at_once(serve: Serve, files: Files) -> None:
    world = await serve(tls={**files, "implicit_port": 0})
    context = trusting()
    client = await secure.implicit(world, context)
    assert [await client.code("USER alice"), await client.code("PASS alice-secret")] == [331, 230]
    assert (await secure.upload(client, context, "STOR /c/f", b"data")).code == 226
    assert await client.code("AUTH TLS") == 503
    assert await client.code("QUIT") == 221
    assert await client.at_end()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize(("line", "code", "then"), (("CCC", 200, 200), ("REIN", 220, 530)))
async def test_tls_can_be_ended(world: World, version: ssl.TLSVersion, line: str, code: int, then: int) -> None:
    """By CCC, behind which data connections stay protected, and by REIN, behind which nobody is logged in."""
    context = trusting(version)

    def work() -> list[int]:
        with secure.Talk(world.port) as talk:
            talk.do("AUTH TLS")
            talk.protect(context)
            for before in ("USER alice", "PASS alice-secret", "PBSZ 0", "PROT P"):
                talk.do(before)
            answers = [talk.do(line)]
            talk.unprotect()
            return [*answers, talk.do("TYPE I"), talk.do("QUIT")]

    assert await asyncio.to_thread(work) == [code, then, 221]


async def test_old_versions_of_tls_are_refused(world: World) -> None:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    def work() -> None:
        with secure.Talk(world.port) as talk:
            assert talk.do("AUTH TLS") == 234
            with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                talk.protect(context)

    await asyncio.to_thread(work)


async def test_data_connections_may_have_to_resume_their_own_session(serve: Serve, files: Files) -> None:
    world = await serve(tls={**files, "bind_data": True})
    for version in VERSIONS:
        context = trusting(version)
        client, other = await protected(world, context), await protected(world, context)
        assert await client.code("NOOP") == await other.code("NOOP") == 200
        assert (await secure.upload(client, context, "STOR /c/f", LARGE)).code == 226
        assert await secure.download(client, context, "RETR /c/f") == LARGE
        for session in (secure.session_of(other), None):
            sock = await passive(client, context, "STOR /c/f", session)
            sock.close()
            assert (await client.answer()).code == 522
        assert await world.get("f") == LARGE


async def test_new_certificates_are_used_once_they_are_sound(
    serve: Serve, files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = await serve(tls=files)
    context = trusting()
    old = await protected(world, context)
    first = Path(files["certificate"]).read_bytes()
    assert await shown(world) == ssl.PEM_cert_to_DER_cert(first.decode())
    Path(files["certificate"]).write_text("no certificate")
    assert await shown(world) == ssl.PEM_cert_to_DER_cert(first.decode())
    assert "the new certificate can't be used" in caplog.text
    make(tmp_path, "ftp.example")
    assert await shown(world) == ssl.PEM_cert_to_DER_cert(Path(files["certificate"]).read_text())
    assert await secure.download(old, context, "NLST /") == b"c\r\n"


async def test_clients_that_name_a_host_get_its_certificate(serve: Serve, files: Files, tmp_path: Path) -> None:
    others = [make(tmp_path, "other.example"), make(tmp_path, "*.wild.example")]
    world = await serve(tls={**files, "others": others})
    by_host = {
        "other.example": others[0],
        "OTHER.example": others[0],
        "a.wild.example": others[1],
        "a.b.wild.example": files,
        "ftp.example": files,
        "unknown.example": files,
        None: files,
    }
    for host, expected in by_host.items():
        certificate = Path(expected["certificate"]).read_text()
        assert await shown(world, host) == ssl.PEM_cert_to_DER_cert(certificate), host


async def shown(world: World, host: str | None = None) -> bytes | None:
    client = await world.connect()
    await protect(client, trusting(), host)
    tls: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
    return tls.getpeercert(binary_form=True)


async def test_clients_that_vanish_in_handshakes_leave_nothing(serve: Serve, files: Files) -> None:
    world = await serve(tls={**files, "implicit_port": 0})
    client = await world.connect()
    assert await client.code("AUTH TLS") == 234
    client.reset()
    _, writer = await asyncio.open_connection(HOST, world.frontend.ports["ftps"])
    writer.write(b"\x16\x03\x01")
    await until(lambda: world.frontend.connections)
    writer.transport.abort()
    client = await protected(world)
    sock = await client.passive()
    assert await client.code("LIST") == 150
    sock.close()
    assert (await client.answer()).code == 426


async def test_policies_know_whether_tls_protects_a_command(world: World) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::c/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await world.put("f")
    await world.store.update_bucket("c", PropsChange(system={POLICY: policy}))
    context = trusting()
    assert await (await world.login()).code("SIZE /c/f") == 550
    client = await protected(world, context)
    assert await secure.download(client, context, "RETR /c/f") == b"data"


@pytest.mark.parametrize(
    ("change", "message"),
    (
        ({"certificate": "missing.pem"}, "missing.pem can't be read: No such file or directory"),
        ({"key": "missing.key"}, "missing.key can't be read: No such file or directory"),
        ({"key": "other.example.key"}, "other.example.key is not the key of"),
        ({"key": "locked.example.key"}, "locked.example.key has a passphrase"),
        ({"certificate": "ftp.example.key"}, "are no certificate and key in PEM"),
        ({"others": [{"certificate": "ftp.example.pem", "key": "other.example.key"}]}, "is not the key of"),
    ),
)
def test_certificates_that_can_t_be_used_are_told_of_at_the_start(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "other.example")
    make(tmp_path, "locked.example", passphrase=b"secret")
    FtpSettings.model_validate({"tls": files})
    with pytest.raises(ValidationError, match=re.escape(message)):
        FtpSettings.model_validate({"tls": {**files, **change}})

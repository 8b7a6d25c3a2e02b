"""A bucket that keeps versions: whatever is done through FTP or Swift can be undone through S3."""

import ftplib
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.coherence.versioned import BUCKET, World, opened


@pytest.fixture(params=("memory", "catalog"))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with opened(request.param, tmp_path) as world:
        yield world


async def test_uploads_over_ftp_make_versions(world: World) -> None:
    await world.store("file", b"one")
    await world.store("file", b"two")
    await world.store("file", b" and more", "APPE")
    assert await world.history() == [
        ("file", "two and more", True),
        ("file", "two", False),
        ("file", "one", False),
    ]


async def test_an_upload_over_ftp_that_breaks_makes_none(world: World) -> None:
    await world.store("file", b"whole")

    def break_off() -> None:
        data = world.ftp.transfercmd(f"STOR /{BUCKET}/file")
        data.sendall(b"a part of it")
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends in a reset
        data.close()
        world.ftp.voidresp()

    with pytest.raises(ftplib.error_temp, match="426"):
        await world.at_ftp(break_off)
    assert await world.do("PUT", "other", b"behind it") == 201
    assert await world.history() == [("file", "whole", True), ("other", "behind it", True)]


async def test_deletes_over_ftp_make_markers(world: World) -> None:
    await world.store("file", b"one")
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    assert await world.history() == [("file", "marker", True), ("file", "one", False)]
    with pytest.raises(ftplib.error_perm, match="550"):
        await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    with pytest.raises(ftplib.error_perm, match="550"):
        await world.at_ftp(world.ftp.retrbinary, f"RETR /{BUCKET}/file", print)
    assert await world.at_ftp(world.ftp.nlst, f"/{BUCKET}") == []
    assert len(await world.history()) == 2


async def test_renames_over_ftp_can_be_undone(world: World) -> None:
    await world.store("file", b"one")
    await world.store("target", b"replaced")
    await world.at_ftp(world.ftp.rename, f"/{BUCKET}/file", f"/{BUCKET}/target")
    assert await world.history() == [
        ("file", "marker", True),
        ("file", "one", False),
        ("target", "one", True),
        ("target", "replaced", False),
    ]


async def test_directories_over_ftp(world: World) -> None:
    await world.at_ftp(world.ftp.mkd, f"/{BUCKET}/dir")
    await world.store("dir/a", b"one")
    await world.at_ftp(world.ftp.rename, f"/{BUCKET}/dir", f"/{BUCKET}/moved")
    assert [row for row in await world.history() if row[2]] == [
        ("dir/", "marker", True),
        ("dir/a", "marker", True),
        ("moved/", "", True),
        ("moved/a", "one", True),
    ]
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/moved/a")
    await world.at_ftp(world.ftp.rmd, f"/{BUCKET}/moved")
    assert all(what == "marker" for _, what, latest in await world.history() if latest)


async def test_a_bucket_that_only_looks_empty_is_not_removed(world: World) -> None:
    await world.store("file", b"one")
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    with pytest.raises(ftplib.error_perm, match=r"550.*[Ff]ormer versions"):
        await world.at_ftp(world.ftp.rmd, f"/{BUCKET}")
    async with world.http.delete(world.swift, headers=world.token) as answer:
        assert answer.status == 409
    assert len(await world.history()) == 2


async def test_writes_over_swift_make_versions(world: World) -> None:
    for data in (b"one", b"two"):
        assert await world.do("PUT", "file", data) == 201
    assert await world.do("POST", "file", X_Object_Meta_Color="blue") == 202
    assert await world.do("PUT", "copy", X_Copy_From=f"{BUCKET}/file", Content_Length="0") == 201
    assert await world.history() == [("copy", "two", True), ("file", "two", True), ("file", "one", False)]


async def test_deletes_over_swift_make_markers(world: World) -> None:
    assert await world.do("PUT", "file", b"one") == 201
    assert await world.do("DELETE", "file") == 204
    expected = [("file", "marker", True), ("file", "one", False)]
    assert await world.history() == expected
    for method in ("GET", "HEAD", "POST"):
        assert await world.do(method, "file") == 404
    assert await world.history() == expected
    assert await world.do("PUT", "file", b"two", If_None_Match="*") == 201
    assert await world.history() == [("file", "two", True), *[(name, what, False) for name, what, _ in expected]]


async def test_deletes_of_nothing_over_swift_make_markers(world: World) -> None:
    for _ in range(2):
        assert await world.do("DELETE", "never") == 404
    assert await world.history() == [("never", "marker", True), ("never", "marker", False)]


async def test_swift_counts_the_objects_that_stand_and_the_bytes_of_all_versions(world: World) -> None:
    for data in (b"one", b"three"):
        assert await world.do("PUT", "file", data) == 201
    assert await world.do("PUT", "gone", b"x") == 201
    assert await world.do("DELETE", "gone") == 204
    async with world.http.head(world.swift, headers=world.token) as answer:
        told = answer.headers["X-Container-Object-Count"], answer.headers["X-Container-Bytes-Used"]
    assert told == ("1", "9")


async def test_o14_both_doors_tell_the_same_versions(world: World) -> None:
    """Markers, old versions by their ids, and listings with versions and what was deleted."""
    assert await world.do("PUT", "file", b"one") == 201
    await world.s3.put_object(Bucket=BUCKET, Key="file", Body=b"two")
    gone = await world.s3.delete_object(Bucket=BUCKET, Key="file")
    page = await world.s3.list_object_versions(Bucket=BUCKET)
    async with world.http.get(f"{world.swift}?versions", headers=world.token) as answer:
        rows = await answer.json()
    of_swift = [
        (row["version_id"], row["is_latest"], row["content_type"].startswith("application/x-del")) for row in rows
    ]
    of_s3 = [(row["VersionId"], row["IsLatest"], True) for row in page["DeleteMarkers"]]
    of_s3 += [(row["VersionId"], row["IsLatest"], False) for row in page["Versions"]]
    assert of_swift == of_s3
    assert of_swift[0] == (gone["VersionId"], True, True)
    for (version, _, _), data in zip(of_swift[1:], (b"two", b"one"), strict=True):
        async with world.http.get(f"{world.swift}/file?version-id={version}", headers=world.token) as answer:
            assert await answer.read() == data
        assert await world.read("file", version) == data.decode()
    assert await world.do("GET", "file") == 404
    assert "Contents" not in await world.s3.list_objects_v2(Bucket=BUCKET)


async def test_o07_what_swift_purges_s3_lists_no_more(world: World) -> None:
    for number in range(5):
        assert await world.do("PUT", "file", str(number).encode()) == 201
    async with world.http.post(f"{world.swift}?purge=2", headers=world.token) as answer:
        assert answer.status == 200
        await answer.read()
    assert await world.history() == [("file", "4", True), ("file", "3", False)]


async def test_o06_what_swift_flushes_s3_lists_no_more(world: World) -> None:
    await world.store("file", b"one")
    await world.s3.put_object(Bucket=BUCKET, Key="file", Body=b"two")
    await world.s3.delete_object(Bucket=BUCKET, Key="other")
    async with world.http.post(f"{world.swift}?flush", headers=world.token) as answer:
        assert answer.status == 200
        await answer.read()
    assert await world.history() == []
    await world.s3.delete_bucket(Bucket=BUCKET)

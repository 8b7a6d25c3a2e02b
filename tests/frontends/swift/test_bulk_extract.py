"""`?extract-archive`: the files of an archive become objects while it comes in."""

import bz2
import gzip
import io
import json
import tarfile
from collections.abc import Mapping

import pytest

from gateway.frontends.swift.bulk import MAX_FAILED_EXTRACTIONS
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import World

LARGE = bytes(range(256)) * 2048


def packed(
    files: Mapping[str, bytes], mode: str = "w", kind: int = tarfile.PAX_FORMAT, pax: Mapping[str, str] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=kind) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.pax_headers = dict(pax or {})
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


async def extract(
    world: World, archive: bytes, *path: str, kind: str = "tar", user: str = "alice", **headers: str
) -> dict[str, object]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.do(
        "PUT",
        *path,
        body=archive,
        user=user,
        query=f"extract-archive={kind}",
        headers={"Accept": "application/json", **fields},
    )
    assert answer.status == 200
    report: dict[str, object] = json.loads(answer.body)
    return report


def summary(report: Mapping[str, object]) -> tuple[object, ...]:
    return report["Response Status"], report["Number Files Created"], report["Errors"]


@pytest.mark.parametrize(("kind", "mode"), (("tar", "w"), ("tar.gz", "w:gz"), (".TAR.BZ2", "w:bz2")))
async def test_files_become_objects(world: World, kind: str, mode: str) -> None:
    files = {"box/a": b"one", "./box/deep/ü": LARGE, "/other/c": b"", "base": b"no container"}
    report = await extract(world, packed(files, mode), kind=kind)
    assert report == {
        "Response Status": "201 Created",
        "Response Body": "",
        "Number Files Created": 3,
        "Errors": [],
    }
    assert await world.contents() == {"box", "box/a", "box/deep/ü", "other", "other/c"}
    assert (await world.do("GET", "box", "deep/ü")).body == LARGE


@pytest.mark.parametrize("kind", (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
async def test_every_kind_of_tar(world: World, kind: int) -> None:
    long = "/".join(["d" * 40] * 4)
    report = await extract(world, packed({long: b"long", "short": b"s"}, kind=kind), "box", "base")
    assert summary(report) == ("201 Created", 2, [])
    assert await world.contents() == {"box", f"box/base/{long}", "box/base/short"}


async def test_only_files_count(world: World) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("dir", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "file"
            archive.addfile(info)
        info = tarfile.TarInfo("file")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    assert summary(await extract(world, buffer.getvalue(), "box")) == ("201 Created", 1, [])
    assert await world.contents() == {"box", "box/file"}


async def test_what_describes_a_file_is_kept(world: World) -> None:
    pax = {
        "SCHILY.xattr.user.mime_type": "food/diet",
        "SCHILY.xattr.user.meta.colour": "grün",
        "LIBARCHIVE.xattr.user.meta.size": "xl",
        "SCHILY.xattr.user.other": "no",
    }
    await extract(world, packed({"a": b"1"}, pax=pax), "box", X_Object_Meta_All="yes", X_Delete_After="1000")
    head = (await world.do("HEAD", "box", "a")).headers
    assert head["Content-Type"] == "food/diet"
    assert {name: value for name, value in head.items() if name.startswith("X-Object-Meta-")} == {
        "X-Object-Meta-All": "yes",
        "X-Object-Meta-Colour": "grün",
        "X-Object-Meta-Size": "xl",
    }
    assert "X-Delete-At" in head
    await extract(world, packed({"b.html": b"1"}), "box")
    assert (await world.do("HEAD", "box", "b.html")).headers["Content-Type"] == "text/html"


async def test_names_that_lead_elsewhere_make_nothing(world: World) -> None:
    files = {"box/../../x": b"1", "box/ok": b"2", "../up/x": b"3", "box/./y": b"4"}
    report = await extract(world, packed(files))
    assert (report["Response Status"], report["Number Files Created"]) == ("400 Bad Request", 1)
    assert await world.contents() == {"box", "box/ok"}


async def test_absolute_names_stay_below_the_base(world: World) -> None:
    await extract(world, packed({"/etc/passwd": b"1"}), "box", "base")
    assert await world.contents() == {"box", "box/base/etc/passwd"}


async def test_bad_names_are_told(world: World) -> None:
    files = {"box/\udcff": b"1", "box/" + "x" * 1025: b"2", "y" * 257 + "/a": b"3", "box/ok": b"4"}
    report = await extract(world, packed(files, kind=tarfile.GNU_FORMAT))
    assert report["Number Files Created"] == 1
    statuses = [status for _, status in report["Errors"]]  # type: ignore[attr-defined]
    assert (statuses[0], set(statuses[1:])) == ("412 Precondition Failed", {"400 Bad Request"})
    assert await world.contents() == {"box", "box/ok"}


@pytest.mark.parametrize(
    ("archive", "kind", "text"),
    (
        (b"", "tar", "empty file"),
        (b"no archive at all", "tar", "unexpected end of data"),
        (b"x" * 2048, "tar", "invalid header"),
        (b"x" * 2048, "tar.gz", "incorrect header check"),
        (b"x" * 2048, "tar.bz2", "Invalid data stream"),
        (packed({"box/a": LARGE})[: len(LARGE) // 2], "tar", "unexpected end of data"),
        (gzip.compress(packed({"box/a": LARGE}))[:-500], "tar.gz", "unexpected end of data"),
    ),
)
async def test_what_is_no_whole_archive(world: World, archive: bytes, kind: str, text: str) -> None:
    report = await extract(world, archive, kind=kind)
    assert (report["Response Status"], report["Number Files Created"]) == ("400 Bad Request", 0)
    assert text in str(report["Response Body"])
    assert "box/a" not in await world.contents()


async def test_an_archive_of_nothing(world: World) -> None:
    report = await extract(world, packed({}))
    assert (report["Response Status"], report["Response Body"]) == (
        "400 Bad Request",
        "Invalid Tar File: No Valid Files",
    )
    assert (await world.do("PUT", query="extract-archive=zip", body=b"PK")).body == b"Unsupported archive format"


async def test_bombs_are_put_out(serve: Serve) -> None:
    async with serve(max_file_size=1024 * 1024) as world:
        huge = tarfile.TarInfo("box/huge")
        huge.size = 2**40
        head = huge.tobuf()
        report = await extract(world, packed({"box/a": b"1"})[:1024] + head, "base")
        assert report["Errors"] == [["base/box/huge", "413 Request Entity Too Large"]]
        zeros = bz2.compress(head + bytes(128 * 1024 * 1024))
        bomb = await extract(world, zeros, kind="tar.bz2")
        assert bomb["Response Body"] == "Invalid Tar File: it unpacks to far more than was sent"
        assert "box" not in await world.contents()


async def test_a_header_that_never_ends(world: World) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**30
    report = await extract(world, info.tobuf() + bytes(4096))
    assert "a header of more than 262144 bytes" in str(report["Response Body"])
    info.size = 512
    for records in (b"9999 path=x\n", b"0 path=\n", b"path", b"12 path=box/a", b"99999999999 a=b\n"):
        report = await extract(world, info.tobuf() + records.ljust(512, b"\0"))
        assert report["Response Body"] == "Invalid Tar File: invalid header"


async def test_sparse_files_are_refused_by_name(world: World) -> None:
    report = await extract(world, packed({"box/a": b"1"}, pax={"GNU.sparse.major": "1"}))
    assert "sparse" in str(report["Response Body"])
    assert await world.contents() == set()


async def test_failures_end_it(world: World) -> None:
    files = {f"box/../{number}": b"" for number in range(MAX_FAILED_EXTRACTIONS + 5)}
    report = await extract(world, packed(files))
    assert len(report["Errors"]) == MAX_FAILED_EXTRACTIONS  # type: ignore[arg-type]


async def test_each_file_needs_the_right_to_write_it(world: World) -> None:
    await world.container("box")
    archive = packed({"box/a": b"1", "new/b": b"2"})
    report = await extract(world, archive, user="walter")
    assert (report["Number Files Created"], await world.contents()) == (1, {"box", "box/a"})
    assert [status for _, status in report["Errors"]] == ["403 Forbidden", "403 Forbidden"]  # type: ignore[attr-defined]
    for user in ("rita", "nina", "olga"):
        report = await extract(world, archive, user=user)
        assert report["Number Files Created"] == 0
    assert (await world.raw("PUT", "/v1/AUTH_test?extract-archive=tar", archive)).status == 401


async def test_members_of_gzip_follow_each_other(world: World) -> None:
    archive = packed({"box/a": LARGE, "box/b": LARGE})
    halves = gzip.compress(archive[:300_000]) + gzip.compress(archive[300_000:]) + bytes(512)
    assert summary(await extract(world, halves, kind="tar.gz")) == ("201 Created", 2, [])
    assert (await world.do("GET", "box", "b")).body == LARGE
    assert (await extract(world, bz2.compress(archive[:99]) + bz2.compress(archive[99:]), kind="tar.bz2"))[
        "Number Files Created"
    ] == 2

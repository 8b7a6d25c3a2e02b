"""A grant or a denial that S3 makes holds at every door."""

import asyncio
import ftplib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from gateway.app import App, running
from gateway.auth.principals import User
from gateway.config import load
from tests.coherence.doors import BUCKET, Door, FtpDoor, S3Door, SwiftDoor

KEY, SECRET = "public/a.txt", "secret/a.txt"

WHOLE = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
GUEST = {"AWS": "arn:aws:iam::test:user/guest"}


@dataclass
class Building:
    """The doors as the owner and as users without rights of their own see them, and nobody's way in over HTTP."""

    app: App
    http: aiohttp.ClientSession
    owner: S3Door
    owners: tuple[Door, ...]
    guests: tuple[Door, ...]
    strangers: tuple[Door, ...]

    async def put(self, what: str, body: bytes = b"", key: str = "", **headers: str) -> None:
        """Put a sub-resource of the bucket or of an object in it, as the owner does over S3."""
        path = f"/{BUCKET}/{key}?{what}" if key else f"/{BUCKET}?{what}"
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.owner._request("PUT", path, data=body, headers=stated, expect=(200, 204))

    async def policy(self, *statements: Mapping[str, object]) -> None:
        document = {"Version": "2012-10-17", "Statement": [{"Resource": WHOLE, **one} for one in statements]}
        await self.put("policy", json.dumps(document).encode())

    async def anonymous(self, key: str) -> set[str]:
        """The doors at which nobody in particular may read an object."""
        urls = {
            "s3": f"{self.app.endpoints['s3']}/{BUCKET}/{key}",
            "swift": f"{self.app.endpoints['swift'].partition('/auth')[0]}/v1/AUTH_test/{BUCKET}/{key}",
        }
        found = set()
        for name, url in urls.items():
            async with self.http.get(url) as answer:
                assert answer.status in {200, 401, 403}
                if answer.status == 200:
                    found.add(name)
        return found


@pytest.fixture(params=("memory", "catalog"))
async def building(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Building]:
    file = tmp_path / "c.yaml"
    store = "{type: memory}" if request.param == "memory" else f"{{type: catalog, path: {tmp_path}/data}}"
    file.write_text(
        f"stores: {{main: {store}}}\n"
        "accounts:\n"
        "- name: test\n"
        "  users: [{name: owner, secret: owner-secret, role: admin}, {name: guest, secret: guest-secret, role: none}]\n"
        "- name: other\n"
        "  users: [{name: stranger, secret: stranger-secret, role: none}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}\n"
        "log: {access: false}\n"
    )
    config = load(file, environ={})
    owner, guest, stranger = [user for account in config.accounts for user in account.members()]
    async with running(config, [owner, guest, stranger], b"k" * 32) as app, AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(skip_auto_headers=("Content-Type",)))
        doors = [await _doors(stack, app, http, user) for user in (owner, guest, stranger)]
        s3 = doors[0][0]
        assert isinstance(s3, S3Door)
        await s3.create()
        for key in (KEY, SECRET):
            await s3.put(key, b"x", {})
        yield Building(app, http, s3, *doors)


async def _doors(stack: AsyncExitStack, app: App, http: aiohttp.ClientSession, user: User) -> tuple[Door, ...]:
    credentials = {"X-Auth-User": f"{user.account.name}:{user.name}", "X-Auth-Key": user.secret}
    async with http.get(app.endpoints["swift"], headers=credentials) as answer:
        storage, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]
    ftp = await asyncio.to_thread(_log_in, app.ports["ftp"], user)
    stack.push_async_callback(asyncio.to_thread, ftp.close)
    storage = storage.replace(f"AUTH_{user.account.id}", "AUTH_test")
    return S3Door(http, app.endpoints["s3"], user), SwiftDoor(http, storage, token), FtpDoor(ftp)


def _log_in(port: int, user: User) -> ftplib.FTP:
    client = ftplib.FTP(timeout=60)
    client.connect("127.0.0.1", port)
    client.login(f"{user.account.name}:{user.name}", user.secret)
    return client


async def allowed(doors: tuple[Door, ...], act: str, key: str = KEY) -> set[str]:
    """The doors at which something may be done."""
    return {door.name for door in doors if await _may(door, act, key)}


async def _may(door: Door, act: str, key: str) -> bool:
    deeds: Mapping[str, Callable[[], Awaitable[object]]] = {
        "read": lambda: door.get(key),
        "write": lambda: door.put(key, b"y", {}),
        "delete": lambda: _delete(door, key),
        "list": door.listing,
    }
    try:
        found = await deeds[act]()
    except (AssertionError, ftplib.error_perm) as error:
        if " 550 " not in f" {error}" and ", 403, " not in str(error):
            raise
        return False
    return found is not None or act in {"write", "delete"}


async def _delete(door: Door, key: str) -> None:
    """Delete, or find that somebody else has."""
    if not isinstance(door, FtpDoor):
        await door.delete(key)
        return
    try:
        await asyncio.to_thread(door._client.delete, f"/{BUCKET}/{key}")
    except ftplib.error_perm as error:
        if "exist" not in str(error):
            raise


EVERYWHERE = {"s3", "swift", "ftp"}
ACTS = ("read", "list", "write", "delete")


async def test_without_a_grant_there_is_no_way_in(building: Building) -> None:
    for doors in (building.guests, building.strangers):
        for act in ACTS:
            assert await allowed(doors, act) == set(), act
    assert await building.anonymous(KEY) == set()


@pytest.mark.parametrize(
    ("act", "action"),
    (("read", "s3:GetObject"), ("write", "s3:PutObject"), ("delete", "s3:DeleteObject"), ("list", "s3:ListBucket")),
)
async def test_a_policy_lets_a_user_without_rights_in(building: Building, act: str, action: str) -> None:
    await building.policy({"Effect": "Allow", "Principal": GUEST, "Action": action})
    assert await allowed(building.guests, act) == EVERYWHERE
    for other in ACTS:
        if other != act:
            assert await allowed(building.guests, other) == set(), other
    assert await allowed(building.strangers, act) == set()


async def test_a_policy_lets_another_account_in(building: Building) -> None:
    await building.policy(
        {"Effect": "Allow", "Principal": {"AWS": "other"}, "Action": ["s3:GetObject", "s3:PutObject"]}
    )
    assert await allowed(building.strangers, "read") == EVERYWHERE
    assert await allowed(building.strangers, "write", "new.txt") == EVERYWHERE
    assert await allowed(building.strangers, "delete") == set()


async def test_a_list_of_an_object_lets_everybody_in(building: Building) -> None:
    await building.put("acl", key=KEY, x_amz_acl="public-read")
    for doors in (building.guests, building.strangers):
        assert await allowed(doors, "read") == EVERYWHERE
        assert await allowed(doors, "list") == set()
    assert await building.anonymous(KEY) == {"s3", "swift"}
    assert await building.anonymous(SECRET) == set()
    await building.put("publicAccessBlock", _block("IgnorePublicAcls"))
    assert await building.anonymous(KEY) == set()
    assert await allowed(building.guests, "read") == set()


async def test_a_list_of_a_bucket_lets_others_list_and_write(building: Building) -> None:
    await building.put("acl", x_amz_acl="public-read-write")
    for doors in (building.guests, building.strangers):
        assert await allowed(doors, "list") == EVERYWHERE
        assert await allowed(doors, "write", "new.txt") == EVERYWHERE
        assert await allowed(doors, "delete", "new.txt") == EVERYWHERE
    assert await building.anonymous(KEY) == set()


async def test_a_denial_holds_at_every_door(building: Building) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [f"{WHOLE[0]}/secret/*"]}
    await building.policy(deny)
    for act in ("read", "write", "delete"):
        assert await allowed(building.owners, act, SECRET) == set(), act
    assert await allowed(building.owners, "read") == EVERYWHERE
    assert await allowed(building.owners, "list") == EVERYWHERE
    await building.policy({"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket"})
    assert await allowed(building.owners, "list") == set()


async def test_the_address_of_the_client_counts_at_every_door(building: Building) -> None:
    for network, doors in (("127.0.0.0/8", EVERYWHERE), ("10.0.0.0/8", set[str]())):
        condition = {"IpAddress": {"aws:SourceIp": network}}
        await building.policy({"Effect": "Allow", "Principal": GUEST, "Action": "s3:*", "Condition": condition})
        assert await allowed(building.guests, "read") == doors
        assert await allowed(building.guests, "list") == doors


async def test_listing_under_a_prefix_at_the_doors_that_have_prefixes(building: Building) -> None:
    condition = {"StringLike": {"s3:prefix": "public/*"}}
    await building.policy({"Effect": "Allow", "Principal": GUEST, "Action": "s3:ListBucket", "Condition": condition})
    s3, swift, ftp = building.guests
    assert isinstance(s3, S3Door)
    assert isinstance(swift, SwiftDoor)
    assert isinstance(ftp, FtpDoor)
    for prefix, status in (("public%2F", 200), ("secret%2F", 403)):
        await s3._request("GET", f"/{BUCKET}?prefix={prefix}", expect=(status,))
        await swift._request("GET", f"/{BUCKET}?prefix={prefix}", expect=(status,))
    assert await asyncio.to_thread(ftp._client.nlst, f"/{BUCKET}/public") == ["a.txt"]
    with pytest.raises(ftplib.error_perm, match="550"):
        await asyncio.to_thread(ftp._client.nlst, f"/{BUCKET}/secret")


async def test_ftp_shows_the_buckets_that_are_granted(building: Building) -> None:
    ftp = building.guests[2]
    assert isinstance(ftp, FtpDoor)
    assert await ftp.root() == []
    await building.policy({"Effect": "Allow", "Principal": GUEST, "Action": ["s3:ListBucket", "s3:GetObject"]})
    assert await ftp.root() == [BUCKET]
    facts = dict(await asyncio.to_thread(lambda: list(ftp._client.mlsd(f"/{BUCKET}/public"))))
    assert facts["a.txt"]["perm"] == "r"


async def test_ftp_moves_nothing_past_a_policy(building: Building) -> None:
    await building.policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [f"{WHOLE[0]}/secret/*"]})
    ftp = building.owners[2]
    assert isinstance(ftp, FtpDoor)
    for source, target in (("secret", "open"), ("public", "secret"), ("public/a.txt", "secret"), ("public", "open")):
        with pytest.raises(ftplib.error_perm, match="550"):
            await asyncio.to_thread(ftp._client.rename, f"/{BUCKET}/{source}", f"/{BUCKET}/{target}")
    await asyncio.to_thread(ftp._client.rename, f"/{BUCKET}/public/a.txt", f"/{BUCKET}/public/b.txt")
    assert await allowed(building.owners, "read", "public/b.txt") == EVERYWHERE
    assert await allowed(building.owners, "read", SECRET) == set()


async def test_what_swift_and_ftp_write_belongs_to_the_bucket(building: Building) -> None:
    await building.put("acl", x_amz_acl="public-read-write")
    for door in building.strangers:
        await door.put(f"by-{door.name}", b"x", {})
    readable = {door.name for door in building.strangers if await _may(building.owner, "read", f"by-{door.name}")}
    assert readable == {"swift", "ftp"}


async def test_a_file_that_is_written_anew_is_private_again(building: Building) -> None:
    for door in building.owners:
        await building.put("acl", key=KEY, x_amz_acl="public-read")
        assert await building.anonymous(KEY) == {"s3", "swift"}
        await door.put(KEY, b"new", {})
        assert await building.anonymous(KEY) == set(), door.name


async def test_copies_by_swift_are_private(building: Building) -> None:
    await building.put("acl", key=KEY, x_amz_acl="public-read")
    swift = building.owners[1]
    assert isinstance(swift, SwiftDoor)
    headers = {"X-Copy-From": f"{BUCKET}/{KEY}"}
    await swift._request("PUT", f"/{BUCKET}/copy", headers=headers, expect=(201,))
    assert await building.anonymous("copy") == set()
    ftp = building.owners[2]
    assert isinstance(ftp, FtpDoor)
    await asyncio.to_thread(ftp._client.rename, f"/{BUCKET}/{KEY}", f"/{BUCKET}/moved")
    assert await building.anonymous("moved") == {"s3", "swift"}
    data = BytesIO()
    await asyncio.to_thread(ftp._client.retrbinary, f"RETR /{BUCKET}/moved", data.write)
    assert data.getvalue() == b"x"


def _block(name: str) -> bytes:
    return f"<PublicAccessBlockConfiguration><{name}>true</{name}></PublicAccessBlockConfiguration>".encode()

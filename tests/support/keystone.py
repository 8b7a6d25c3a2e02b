"""A stand-in for Keystone: it says what tests want said, also what a real one never would."""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count

from aiohttp import web

from gateway.auth.sigv4 import signing_key

PASSWORD = "gateway-password"
PROJECT = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
ALICE = "a11ce000000000000000000000000000"

Document = dict[str, object]
Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def document(
    *roles: str, project: str | None = PROJECT, user: str = ALICE, ahead: float = 3600, now: datetime | None = None
) -> Document:
    """What is said of a token that holds for `ahead` seconds, from `now` or from now on."""
    expires = (now or datetime.now(UTC)) + timedelta(seconds=ahead)
    domain = {"id": "default", "name": "Default"}
    told: Document = {
        "methods": ["password"],
        "user": {"id": user, "name": "alice", "domain": domain},
        "roles": [{"id": f"id-{role}", "name": role} for role in roles],
        "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "issued_at": "2026-01-01T00:00:00.000000Z",
    }
    if project is not None:
        told["project"] = {"id": project, "name": "work", "domain": domain}
    return {"token": told}


@dataclass
class FakeKeystone:
    """`asked`: the methods and paths of requests so far. `instead` answers in its place, by path.

    `tells_secrets`: whether the gateway's user may read them. `date`: what it takes for the time; None: the time.
    """

    tokens: dict[str, Document] = field(default_factory=dict)
    keys: dict[str, tuple[str, Document]] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    instead: dict[str, Respond] = field(default_factory=dict)
    password: str = PASSWORD
    tells_secrets: bool = True
    date: datetime | None = None
    service_ahead: float = 3600
    port: int = 0
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    def times(self, line: str) -> int:
        """How often something was asked."""
        return self.asked.count(line)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix("/v3")
        self.asked.append(f"{request.method} {path}")
        respond = self.instead.get(path)
        response = await respond(request) if respond else await self._respond(request, path)
        if self.date is not None:
            response.headers["Date"] = format_datetime(self.date, usegmt=True)
        return response

    async def _respond(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if (request.method, path) == ("POST", "/auth/tokens"):
            return self._login(json.loads(await request.read()))
        if request.headers.get("X-Auth-Token") not in self.services:
            return _refused(401)
        if path == "/auth/tokens":
            found = self.tokens.get(request.headers["X-Subject-Token"])
            return _refused(404) if found is None else web.json_response(found)
        if path == "/s3tokens":
            return self._signed(json.loads(await request.read())["credentials"])
        _, _, user, _, _, access = path.split("/")
        secret, told = self.keys[access]
        if not self.tells_secrets or user != told["token"]["user"]["id"]:  # type: ignore[index]
            return _refused(403)
        return web.json_response({"credential": {"access": access, "secret": secret, "user_id": user}})

    def _login(self, asked: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]]) -> web.Response:
        user = asked["auth"]["identity"]["password"]["user"]
        if user["password"] != self.password:
            return _refused(401)
        token = f"service-{next(self._numbers)}"
        self.services.add(token)
        told = document("service", now=self.date, ahead=self.service_ahead)
        return web.json_response(told, status=201, headers={"X-Subject-Token": token})

    def _signed(self, credentials: Mapping[str, str]) -> web.Response:
        if credentials["access"] not in self.keys:
            return _refused(404)
        secret, told = self.keys[credentials["access"]]
        text = urlsafe_b64decode(credentials["token"])
        if signature(secret, text) != credentials["signature"]:
            return _refused(401)
        return web.json_response(told)


def signature(secret: str, text: bytes) -> str:
    """As Keystone computes it, of either version."""
    if not text.startswith(b"AWS4"):
        return b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()
    day, region, service, _ = text.decode().split("\n")[2].split("/")
    return hmac.digest(signing_key(secret, day, region, service), text, "sha256").hex()


def _refused(status: int) -> web.Response:
    return web.json_response({"error": {"code": status, "message": "no"}}, status=status)


@asynccontextmanager
async def standing_in() -> AsyncIterator[FakeKeystone]:
    """A stand-in on a free port."""
    keystone = FakeKeystone()
    runner = web.ServerRunner(web.Server(keystone), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        keystone.port = runner.addresses[0][1]
        yield keystone
    finally:
        await runner.cleanup()

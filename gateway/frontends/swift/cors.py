"""Cross-origin requests: what a container's metadata allows to pages of other origins (the Fetch standard's CORS)."""

from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict

from gateway.core.buckets import BucketMeta
from gateway.frontends.swift.answers import answer

EXPOSED = (
    "cache-control",
    "content-language",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
    "etag",
    "x-timestamp",
    "x-trans-id",
    "x-openstack-request-id",
)

ALLOW_ORIGIN = "access-control-allow-origin"
EXPOSE_HEADERS = "access-control-expose-headers"
MAX_AGE = "access-control-max-age"


def expose(headers: CIMultiDict[str], origin: str, container: BucketMeta) -> None:
    """Let a page of `origin` see an answer, where the container allows that."""
    if not _allows(container, origin):
        return
    names = {*EXPOSED, *container.user.get(EXPOSE_HEADERS, "").lower().split()}
    names.update(name.lower() for name in headers if name.lower().startswith(("x-container-meta", "x-object-meta")))
    headers["Access-Control-Expose-Headers"] = ", ".join(sorted(names))
    _allow(headers, origin, container)


def preflight(request: Mapping[str, str], allowed: str, container: BucketMeta | None) -> web.Response:
    """The answer to OPTIONS. `allowed` are the methods; 401 where the origin or the method is not allowed."""
    headers = CIMultiDict({"Allow": allowed})
    origin = request.get("Origin")
    if origin is None:
        return answer(200, headers.items())
    method = request.get("Access-Control-Request-Method")
    if container is None or not _allows(container, origin) or method not in allowed.split(", "):
        return answer(401, headers.items())
    _allow(headers, origin, container)
    if MAX_AGE in container.user:
        headers["Access-Control-Max-Age"] = container.user[MAX_AGE]
    headers["Access-Control-Allow-Methods"] = allowed
    if wanted := request.get("Access-Control-Request-Headers"):
        headers["Access-Control-Allow-Headers"] = wanted
        _vary(headers, "Access-Control-Request-Headers")
    return answer(200, headers.items())


def _allows(container: BucketMeta, origin: str) -> bool:
    return not {origin, "*"}.isdisjoint(container.user.get(ALLOW_ORIGIN, "").split())


def _allow(headers: CIMultiDict[str], origin: str, container: BucketMeta) -> None:
    if container.user.get(ALLOW_ORIGIN, "").strip() == "*":
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers["Access-Control-Allow-Origin"] = origin
        _vary(headers, "Origin")


def _vary(headers: CIMultiDict[str], name: str) -> None:
    headers["Vary"] = f"{headers['Vary']}, {name}" if "Vary" in headers else name

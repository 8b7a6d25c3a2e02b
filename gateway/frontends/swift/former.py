"""Reading versions by their ids."""

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.core.conditions import ANY
from gateway.core.types import Meta
from gateway.frontends.http.sending import head_extent, head_object, send_object
from gateway.frontends.swift import manifests, versioning
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.dated import DatedSource
from gateway.frontends.swift.manifests import NumberedPart
from gateway.frontends.swift.properties import described
from gateway.frontends.swift.symlinks import unfollowed


async def head(call: Call) -> web.StreamResponse:
    """HEAD: what describes a version."""
    return await _read(call)


async def get(call: Call) -> web.StreamResponse:
    """GET: the bytes of a version, or its manifest."""
    return await _read(call)


async def _read(call: Call) -> web.StreamResponse:
    with versioning.explained():
        version = versioning.version_of(call)
        call = await unfollowed(call, version)
        if call.parameters.get("multipart-manifest") == "get":
            standing = await manifests.manifest_of(call.place, version)
            if standing is not None:
                return await manifests.send_manifest(call, *standing, version)
        part = await manifests.numbered(call, call.place, version)
        if part is not None and part.span is None:
            return await manifests.beyond(call, part.total, version)
        source = _source(call, version, part)
        if call.request.method != hdrs.METH_HEAD:
            return await send_object(call.request, source, None if part is None or part.span is None else (part.span,))
        if part is None or part.span is None:
            return await head_object(call.request, source)
        meta = await source.stat(ANY)
        return head_extent(source.head(meta), meta, part.span.resolve(meta.size))


def _source(call: Call, version: str, part: NumberedPart | None) -> DatedSource:
    def described_version(meta: Meta) -> CIMultiDict[str]:
        headers = described(meta)
        headers[versioning.VERSION] = version
        if part is not None:
            headers["X-Parts-Count"] = str(part.total)
        call.finish(headers)
        return headers

    return DatedSource(call.store, call.place.key, described_version, version, call.settings.stall_timeout)

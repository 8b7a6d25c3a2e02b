"""Answers that are always the same, beside accounts: the health check, the version, the policy for other domains.

Sources: `healthcheck`, `recon` and `crossdomain` of `swift.common.middleware`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import hdrs, web

import gateway
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.errors import Refusal

Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]

CROSSDOMAIN = (
    '<?xml version="1.0"?>\n'
    '<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >\n'
    "<cross-domain-policy>\n{policy}\n</cross-domain-policy>"
)


def answers(policy: str | None) -> Mapping[str, tuple[str, Handler]]:
    """By path, the name of the operation and what answers it.

    `policy`: the elements of `/crossdomain.xml`; None: there is none.
    """
    version = json.dumps({"version": gateway.__version__}).encode()
    found = {
        "/healthcheck": ("healthcheck", _saying("text/plain", b"OK")),
        "/recon/version": ("recon", _saying("application/json", version)),
    }
    if policy is not None:
        document = CROSSDOMAIN.format(policy=policy).encode()
        found["/crossdomain.xml"] = ("crossdomain", _saying("application/xml", document))
    return found


def _saying(content_type: str, body: bytes) -> Handler:
    async def say(request: web.BaseRequest) -> web.Response:
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            raise Refusal(405, headers={hdrs.ALLOW: "GET, HEAD"})
        return answer(200, ((hdrs.CONTENT_TYPE, content_type),), body)

    return say

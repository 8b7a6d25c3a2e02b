"""What conditions of policies may ask of a Swift request."""

from aiohttp import hdrs, web

from gateway.auth import facts
from gateway.auth.facts import Facts
from gateway.frontends.swift.parameters import Parameters

_PARAMETERS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "limit": "s3:max-keys"}


def facts_of(request: web.BaseRequest, parameters: Parameters) -> Facts:
    """What is known of a request."""
    headers = request.headers
    listing = {key: parameters.get(name) for name, key in _PARAMETERS.items() if name in parameters}
    stated = {"aws:referer": headers.get(hdrs.REFERER), "aws:useragent": headers.get(hdrs.USER_AGENT), **listing}
    return facts.facts_of(request.remote or "", secure=request.secure, stated=stated.items())

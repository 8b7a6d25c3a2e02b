"""`/info`: what this Swift can do, and its limits. It lists what works, and nothing else."""

import json
import time
from collections.abc import Mapping

from aiohttp import hdrs, web
from pydantic import SecretStr

import gateway
from gateway.auth.digests import parse_signature
from gateway.auth.resellers import RESELLER_PREFIX
from gateway.core.buckets import DEFAULT_POLICY
from gateway.core.links import MAX_HOPS
from gateway.frontends.swift import archives, bulk, constraints, formpost, tempurl
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.heartbeat import INTERVAL
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.stated import MAX_SEGMENTS, MAX_SIZE
from gateway.frontends.swift.target import VERSIONS, split

SIGNED_AS = {hdrs.METH_GET: ("GET",), hdrs.METH_HEAD: ("HEAD", "GET")}
"""Methods, and those that a signature for them may have been made for."""

ADMIN: Mapping[str, list[str]] = {"disallowed_sections": []}
"""The part for administrators: which sections others are not shown, of which there are none."""

SLO = {
    "max_manifest_segments": MAX_SEGMENTS,
    "max_manifest_size": MAX_SIZE,
    "min_segment_size": 1,
    "yield_frequency": INTERVAL,
    "allow_async_delete": True,
}

SYMLINK = {"symloop_max": MAX_HOPS, "static_links": True}
BULK_DELETE = {"max_deletes_per_request": bulk.MAX_DELETES, "max_failed_deletes": bulk.MAX_FAILED_DELETES}
BULK_UPLOAD = {
    "max_containers_per_extraction": bulk.MAX_CONTAINERS,
    "max_failed_extractions": bulk.MAX_FAILED_EXTRACTIONS,
}


class Info:
    """Answers `/info`. The part for administrators goes to whoever has signed for it with `key`; None: to nobody.

    Source: `swift.proxy.controllers.info`.
    """

    def __init__(self, document: Mapping[str, object], key: SecretStr | None) -> None:
        self._public = json.dumps(document).encode()
        self._whole = json.dumps({**document, "admin": ADMIN}).encode()
        self._key = None if key is None else key.get_secret_value()

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Raises `Refusal` (401, 403, 405)."""
        if request.method not in SIGNED_AS:
            raise Refusal(405, headers={hdrs.ALLOW: ", ".join(SIGNED_AS)})
        body = self._whole if self._is_signed(request) else self._public
        return answer(200, ((hdrs.CONTENT_TYPE, "application/json; charset=UTF-8"),), body)

    def _is_signed(self, request: web.BaseRequest) -> bool:
        parameters = Parameters(split(request.raw_path)[1])
        signature, expires = parameters.get("swiftinfo_sig"), parameters.get("swiftinfo_expires")
        if not signature and not expires:
            return False
        if self._key is None:
            raise Refusal(403)
        if not expires.isascii() or not expires.isdecimal() or int(expires) < time.time():
            raise Refusal(401)
        try:
            claimed = parse_signature(signature)
        except ValueError:
            raise Refusal(401) from None
        messages = (f"{method}\n{int(expires)}\n/info" for method in SIGNED_AS[request.method])
        if not any(claimed.is_of(self._key, message) for message in messages):
            raise Refusal(401)
        return True


def info(
    settings: SwiftSettings, *, large: bool, links: bool, versions: bool, quotas: bool, archived: bool, rosters: bool
) -> dict[str, object]:
    """The document. What there is: `large` objects (static ones), symbolic `links`, `versions` of objects, `quotas`,
    former versions that are `archived` in containers, and `rosters` of accounts beside those of the configuration.
    """
    return {
        "swift": {
            "version": gateway.__version__,
            "account_autocreate": True,
            "account_listing_limit": settings.listing_limit,
            "allow_account_management": settings.allow_account_management and rosters,
            "allow_open_expired": False,
            "container_listing_limit": settings.listing_limit,
            "extra_header_count": 0,
            "max_account_name_length": constraints.MAX_ACCOUNT_NAME_LENGTH,
            "max_container_name_length": constraints.MAX_CONTAINER_NAME_LENGTH,
            "max_file_size": settings.max_file_size,
            "max_header_size": constraints.MAX_HEADER_SIZE,
            "max_meta_count": constraints.MAX_META_COUNT,
            "max_meta_name_length": constraints.MAX_META_NAME_LENGTH,
            "max_meta_overall_size": constraints.MAX_META_OVERALL_SIZE,
            "max_meta_value_length": constraints.MAX_META_VALUE_LENGTH,
            "max_object_name_length": constraints.MAX_OBJECT_NAME_LENGTH,
            "policies": [{"name": DEFAULT_POLICY, "default": True, "aliases": DEFAULT_POLICY}],
            "strict_cors_mode": True,
            "valid_api_versions": sorted(VERSIONS),
        },
        "bulk_create": {"max_containers_per_request": bulk.MAX_CREATES, "max_failed_creates": bulk.MAX_FAILED_CREATES},
        "bulk_delete": BULK_DELETE,
        "bulk_upload": BULK_UPLOAD,
        **({"symlink": SYMLINK} if links else {}),
        **({"object_versioning": {}} if versions else {}),
        **({"versioned_writes": archives.INFO} if archived else {}),
        **({"slo": SLO} if large else {}),
        "formpost": formpost.INFO,
        **({"account_quotas": {}, "container_quotas": {}} if quotas else {}),
        **(
            {"domain_remap": {"default_reseller_prefix": RESELLER_PREFIX.rstrip("_")}}
            if settings.storage_domains
            else {}
        ),
        **({"cname_lookup": settings.cname_lookup.info} if settings.cname_lookup is not None else {}),
        **({"name_check": settings.name_check.info} if settings.name_check is not None else {}),
        **({"ratelimit": settings.ratelimit.info} if settings.ratelimit is not None else {}),
        **({"read_only": {}} if settings.read_only else {}),
        **({"crossdomain": {}} if settings.cross_domain_policy is not None else {}),
        "staticweb": {},
        "upkeep": {"operations": ["flush", "purge", "refresh"]},
        "tempurl": tempurl.INFO,
        "tempauth": {"account_acls": True},
    }

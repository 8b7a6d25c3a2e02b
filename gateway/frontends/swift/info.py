"""`/info`: what this Swift can do, and its limits. It lists what works, and nothing else."""

import json

import gateway
from gateway.auth.groups import RESELLER_PREFIX
from gateway.core.links import MAX_HOPS
from gateway.core.types import DEFAULT_POLICY
from gateway.frontends.swift import bulk, constraints, formpost, tempurl
from gateway.frontends.swift.heartbeat import INTERVAL
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.stated import MAX_SEGMENTS, MAX_SIZE
from gateway.frontends.swift.target import VERSIONS

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


def info(settings: SwiftSettings, *, large: bool, links: bool, versions: bool, quotas: bool) -> bytes:
    """The document. What there is: `large` objects (static ones), symbolic `links`, `versions` of objects, `quotas`."""
    return json.dumps(
        {
            "swift": {
                "version": gateway.__version__,
                "account_autocreate": True,
                "account_listing_limit": settings.listing_limit,
                "allow_account_management": False,
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
            "bulk_delete": BULK_DELETE,
            "bulk_upload": BULK_UPLOAD,
            **({"symlink": SYMLINK} if links else {}),
            **({"object_versioning": {}} if versions else {}),
            **({"slo": SLO} if large else {}),
            "formpost": formpost.INFO,
            **({"account_quotas": {}, "container_quotas": {}} if quotas else {}),
            **(
                {"domain_remap": {"default_reseller_prefix": RESELLER_PREFIX.rstrip("_")}}
                if settings.storage_domains
                else {}
            ),
            **({"crossdomain": {}} if settings.cross_domain_policy is not None else {}),
            "staticweb": {},
            "tempurl": tempurl.INFO,
            "tempauth": {"account_acls": True},
        }
    ).encode()

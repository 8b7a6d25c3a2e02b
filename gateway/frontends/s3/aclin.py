"""Access lists as requests state them: by a name, by headers or by a document.

Source: "Access control list (ACL) overview" in the Amazon S3 User Guide.
"""

import re
from collections.abc import Mapping
from typing import NoReturn

from gateway.auth import acl
from gateway.auth.acl import MAX_GRANTS, Acl, Grant, Group, Permission
from gateway.frontends.s3.bodies import document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record

CANNED = "x-amz-acl"

GRANTS: Mapping[str, Permission] = {
    "x-amz-grant-read": Permission.READ,
    "x-amz-grant-write": Permission.WRITE,
    "x-amz-grant-read-acp": Permission.READ_ACP,
    "x-amz-grant-write-acp": Permission.WRITE_ACP,
    "x-amz-grant-full-control": Permission.FULL_CONTROL,
}

HEADERS = frozenset({CANNED, *GRANTS})

_GRANTEE = re.compile(r"\s*(id|uri|emailaddress)\s*=\s*(?:\"([^\"]*)\"|([^\",]*?))\s*", re.IGNORECASE)
_GROUPS = {group.value: group for group in Group}


async def of_headers(call: Call, owner: str, bucket_owner: str) -> Acl | None:
    """The list that headers state for something of `owner`; None where they state none. Raises `S3Error`."""
    if HEADERS.isdisjoint(call.headers):
        return None
    name = call.headers.get(CANNED)
    granting = [header for header in GRANTS if header in call.headers]
    if name is None:
        return _limited([grant for header in granting for grant in await _granted(call, header)])
    if granting:
        raise S3Error(Code.INVALID_REQUEST, "Specifying both Canned ACLs and Header Grants is not allowed")
    found = acl.canned(name, owner, bucket_owner)
    if found is None:
        _invalid("", CANNED, name)
    return found


async def of_request(call: Call, owner: str, bucket_owner: str) -> Acl:
    """The list that a request states which is there to set one. Raises `S3Error`."""
    stated = await of_headers(call, owner, bucket_owner)
    try:
        found = await document(call)
    except S3Error as error:
        raise S3Error(Code.MALFORMED_ACL) if error.code is Code.MALFORMED_XML else error from None
    if stated is not None:
        if found is not None:
            raise S3Error(Code.UNEXPECTED_CONTENT)
        return stated
    if found is None:
        raise S3Error(Code.MISSING_SECURITY_HEADER, MissingHeaderName=CANNED)
    return await _of_document(call, found, owner)


async def _of_document(call: Call, found: Record, owner: str) -> Acl:
    stated = found.record("Owner")
    if stated is None or "Grants" not in found:
        raise S3Error(Code.MALFORMED_ACL)
    if stated.text("ID") not in {None, owner}:
        raise S3Error(Code.ACCESS_DENIED)
    return _limited([await _grant(call, row) for row in found.records("Grants")])


async def _grant(call: Call, row: Record) -> Grant:
    grantee, permission = row.record("Grantee"), row.text("Permission")
    if grantee is None or permission is None:
        raise S3Error(Code.MALFORMED_ACL)
    match grantee.text("Type"):
        case "CanonicalUser":
            found = await _account(call, grantee.text("ID") or "", "CanonicalUser/ID")
        case "Group":
            found = _group(grantee.text("URI") or "", "Group/URI")
        case "AmazonCustomerByEmail":
            found = _addressed(call, grantee.text("EmailAddress") or "")
        case _:
            raise S3Error(Code.MALFORMED_ACL)
    return Grant(found, Permission(permission))


async def _granted(call: Call, header: str) -> list[Grant]:
    """The grants of one header: `id="…", uri="…"`."""
    grants = []
    for part in call.headers[header].split(","):
        match = _GRANTEE.fullmatch(part)
        if match is None:
            _invalid("Argument format not recognized", header, call.headers[header])
        kind, value = match[1].lower(), match[2] if match[2] is not None else match[3]
        grants.append(Grant(await _named(call, kind, value), GRANTS[header]))
    return grants


async def _named(call: Call, kind: str, value: str) -> str | Group:
    match kind:
        case "id":
            return await _account(call, value, "id")
        case "emailaddress":
            return _addressed(call, value)
        case _:
            return _group(value, "uri")


async def _account(call: Call, id_: str, argument: str) -> str:
    """The id of an account that can see the bucket. Raises `S3Error` for every other one."""
    account = await call.accounts.find(id_)
    if account is None or account.namespace != call.principal.account.namespace:
        _invalid("Invalid id", argument, id_)
    return id_


def _addressed(call: Call, email: str) -> str:
    """The id of the account of an address, if it can see the bucket. Raises `S3Error` for every other one."""
    account = call.accounts.of_email(email) if email else None
    if account is None or account.namespace != call.principal.account.namespace:
        raise S3Error(Code.UNRESOLVABLE_GRANT_BY_EMAIL)
    return account.id


def _group(uri: str, argument: str) -> Group:
    if uri not in _GROUPS:
        _invalid("Invalid group uri", argument, uri)
    return _GROUPS[uri]


def _limited(grants: list[Grant]) -> Acl:
    if len(grants) > MAX_GRANTS:
        raise S3Error(Code.MALFORMED_ACL, f"An ACL has {MAX_GRANTS} grants at most")
    return Acl(tuple(dict.fromkeys(grants)))


def _invalid(message: str, name: str, value: str) -> NoReturn:
    raise S3Error(Code.INVALID_ARGUMENT, message or None, ArgumentName=name, ArgumentValue=value)

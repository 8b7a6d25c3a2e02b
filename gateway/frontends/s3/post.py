"""PostObject: uploads by forms of browsers. Source: "POST Object" in the Amazon S3 API Reference."""

from urllib.parse import quote, urlencode, urlsplit

from gateway.core.body import CheckedBody, expect
from gateway.core.digest import Algorithm
from gateway.core.types import Meta, Put
from gateway.frontends.http.answer import Answer
from gateway.frontends.s3.belonging import described
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import content_md5, stated
from gateway.frontends.s3.encryption import asked
from gateway.frontends.s3.forms import Form
from gateway.frontends.s3.metadata import props_of
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.text import DECLARATION, escape
from gateway.frontends.s3.xmlout import XML_TYPE

_STATUSES = {"200": 200, "201": 201}
"""What `success_action_status` may ask for; all else is 204."""


async def post_object(call: Call) -> Answer:
    """PostObject: what a form's fields say counts as PutObject's headers do."""
    form = _form(call)
    claimed = stated(call.headers)
    algorithms, checks = set(claimed.kept), claimed.checks()
    if (md5 := content_md5(call.headers)) is not None:
        algorithms.add(Algorithm.MD5)
        checks.append(expect(Algorithm.MD5, md5))
    options = Put(
        props=await described(call, props_of(call.headers, call.settings.max_metadata)),
        checksums=claimed.kept,
        owner=bucket_of(call).owner,
        encryption=asked(call),
    )
    body = CheckedBody(form.file, algorithms, checks, call.settings.max_put)
    return _answer(call, form, await call.store.put(call.key, body, options))


def _form(call: Call) -> Form:
    if call.form is None:
        raise RuntimeError("the operation has no form")
    return call.form


def _answer(call: Call, form: Form, meta: Meta) -> Answer:
    etag = f'"{meta.etag}"'
    location = f"{call.request.scheme}://{call.headers.get('host', '')}/{call.key.bucket}/{quote(call.key.name)}"
    headers = [*call.common, ("ETag", etag)]
    if meta.version is not None:
        headers.append(("x-amz-version-id", meta.version))
    if target := _redirect(call, form, etag):
        return Answer(status=303, headers=[*headers, ("Location", target)], body=None)
    status = _STATUSES.get(form.fields.get("success_action_status", ""), 204)
    headers.append(("Location", location))
    if status != 201:
        return Answer(status=status, headers=headers, body=None)
    elements = {"Location": location, "Bucket": call.key.bucket, "Key": call.key.name, "ETag": etag}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
    document = DECLARATION + f"<PostResponse>{inner}</PostResponse>".encode()
    return Answer(status=status, headers=[*headers, ("Content-Type", XML_TYPE)], body=document)


def _redirect(call: Call, form: Form, etag: str) -> str | None:
    """Where the browser is to go on; None where the form doesn't say, or names nothing that a browser can go to."""
    stated = form.fields.get("success_action_redirect") or form.fields.get("redirect") or ""
    if not stated.isascii() or not stated.isprintable() or " " in stated:
        return None
    try:
        parts = urlsplit(stated)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    told = urlencode({"bucket": call.key.bucket, "key": call.key.name, "etag": etag})
    return parts._replace(query=f"{parts.query}&{told}" if parts.query else told).geturl()

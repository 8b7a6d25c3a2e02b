"""Forms by which browsers upload files into a container, signed with a key of its account or its own (FormPost).

Source: "Form POST middleware" in the OpenStack Swift documentation, and `swift.common.middleware.formpost`.
"""

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.auth.digests import DEPRECATED, DIGESTS, parse_signature
from gateway.core.body import Body, CheckedBody
from gateway.core.digest import Algorithm
from gateway.core.errors import BodyTimeout, IncompleteBody, NoSuchBucket, StoreError
from gateway.core.types import Put
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.formdata import BadForm, Data, Event, Fault, Field, FileBegin, FileEnd, FormDecoder
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Place
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.cors import expose
from gateway.frontends.swift.errors import REASONS, Refusal, of_store
from gateway.frontends.swift.properties import props_of
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.target import Target

INFO = {"allowed_digests": DIGESTS, "deprecated_digests": DEPRECATED}

_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = "text/plain"

Admit = Callable[[Target, Callable[[str], bool]], Awaitable[Callable[[Target], Awaitable[Place]] | None]]
"""Finds whether a key fits the form, and gives what permits its bearer to write an object; None where none fits."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of the last file; `message` is of the form, `text` is what a refused upload was told."""

    status: int
    message: str = ""
    text: str = ""


class _File(Body):
    """One of the files, up to the limit that the form states. Raises `Refusal` (400) beyond it."""

    def __init__(self, events: AsyncIterator[Event], limit: int) -> None:
        self._events = events
        self._limit = limit
        self.size = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        received = 0
        async for event in self._events:
            if isinstance(event, FileEnd):
                return
            if isinstance(event, Data):
                received += len(event.data)
                if received > self._limit:
                    raise _refused("max_file_size exceeded")
                yield event.data


class FormPost:
    """One form. `path` is what it was sent to, as it is signed."""

    def __init__(
        self, request: web.BaseRequest, path: str, target: Target, settings: SwiftSettings, admit: Admit
    ) -> None:
        self._request = request
        self._path = path
        self._target = target
        self._settings = settings
        self._admit = admit
        self._fields: dict[str, str] = {}
        self._is_signed = False
        self._cors = CIMultiDict[str]()

    async def receive(self, boundary: bytes) -> web.Response:
        """Store the files, and answer. Raises `Refusal` (400, 401) for a form that does not hold."""
        try:
            async with aclosing(self._events(boundary)) as events:
                outcome = await self._store_all(events)
        except BadForm as error:
            malformed = error.fault is Fault.MALFORMED
            raise _refused("invalid starting boundary" if malformed else error.message) from None
        return self._answer(outcome)

    async def _events(self, boundary: bytes) -> AsyncGenerator[Event, None]:
        decoder = FormDecoder(boundary, lambda _, file_name: bool(file_name))
        async with aclosing(RequestBody(self._request, self._settings.stall_timeout).chunks()) as chunks:
            async for chunk in chunks:
                for event in decoder.feed(chunk):
                    yield event
        decoder.finish()

    async def _store_all(self, events: AsyncIterator[Event]) -> _Outcome:
        outcome = _Outcome(400, "no files to process")
        count = 0
        async for event in events:
            match event:
                case Field(name, value):
                    self._fields[name] = value
                case FileBegin():
                    count += 1
                    if count > self._number("max_file_count"):
                        outcome = _Outcome(400, "max file count exceeded")
                        break
                    outcome = await self._store(event, events)
                    if outcome.status >= 300:
                        break
                case _:
                    pass
        if not self._is_signed:
            with suppress(Refusal):
                await self._permit()
        return outcome

    async def _store(self, begin: FileBegin, events: AsyncIterator[Event]) -> _Outcome:
        limit = self._number("max_file_size")
        headers = self._headers(begin)
        permit = await self._permit()
        name = self._target.name + begin.name
        body = CheckedBody(_File(events, limit), {Algorithm.MD5}, (), self._settings.max_file_size)
        try:
            check_object_name(name)
            place = await permit(Target(self._target.account, self._target.container, name))
            if place.bucket is not None and (origin := self._request.headers.get(hdrs.ORIGIN)):
                expose(self._cors, origin, place.bucket)
            opts = Put(props=props_of(headers, name), owner=place.owner)
            await place.store.put(place.key, body, opts)
        except (IncompleteBody, BodyTimeout):
            raise
        except NoSuchBucket:
            return _Outcome(404)
        except StoreError as error:
            refusal = of_store(error)
            return _Outcome(refusal.status, text=refusal.text)
        return _Outcome(201)

    async def _permit(self) -> Callable[[Target], Awaitable[Place]]:
        """What lets the bearer write. Raises `Refusal`: 401 unless the form is signed and has not expired."""
        if self._number("expires", "expired") < time.time():
            raise self._unauthorized("form expired")
        try:
            signature = parse_signature(self._fields.get("signature", ""))
        except ValueError:
            raise self._unauthorized("invalid signature") from None
        limits = (self._fields.get(name) or "0" for name in ("max_file_size", "max_file_count", "expires"))
        message = "\n".join((self._path, self._fields.get("redirect", ""), *limits))
        permit = await self._admit(self._target, lambda key: signature.is_of(key, message))
        if permit is None:
            raise self._unauthorized("invalid signature")
        self._is_signed = True
        return permit

    def _headers(self, begin: FileBegin) -> dict[str, str]:
        """The headers that a PUT of the file would have. Raises `Refusal` (400)."""
        headers = {
            "Content-Type": self._fields.get("content-type") or begin.content_type,
            "Content-Encoding": self._fields.get("content-encoding") or begin.encoding,
        }
        for field, header, meant in (
            ("x_delete_at", "X-Delete-At", "Unix timestamp required."),
            ("x_delete_after", "X-Delete-After", "Number of seconds required."),
        ):
            if field in self._fields:
                headers[header] = str(self._number(field, field, f": {meant}"))
        return {name: value for name, value in headers.items() if value}

    def _number(self, field: str, called: str = "", hint: str = "") -> int:
        text = self._fields.get(field, "").strip() or "0"
        if not _NUMBER.fullmatch(text):
            raise _refused(f"{called or field} not an integer{hint}")
        return int(text)

    def _unauthorized(self, message: str) -> Refusal:
        realm = f'Swift realm="{self._target.realm}"'
        return Refusal(401, f"FormPost: {message.title()}", headers={hdrs.WWW_AUTHENTICATE: realm})

    def _answer(self, outcome: _Outcome) -> web.Response:
        """Where the form wants the browser to go is heeded only if it is signed: nobody else shall send it anywhere."""
        redirect = self._fields.get("redirect", "") if self._is_signed else ""
        if not redirect:
            body = f"{outcome.status} {REASONS[outcome.status].title}"
            if outcome.message or outcome.text:
                body = f"{body}\r\nFormPost: {outcome.message.title() or outcome.text}"
            return answer(outcome.status, (*self._cors.items(), (hdrs.CONTENT_TYPE, _PLAIN)), body.encode())
        if _CONTROLS.search(redirect):
            raise _refused("invalid redirect")
        mark = "&" if "?" in redirect else "?"
        location = f"{redirect}{mark}status={outcome.status}&message={quote(outcome.message or outcome.text)}"
        link = f'<html><body><p><a href="{escape(location)}">Click to continue...</a></p></body></html>'
        return answer(303, (*self._cors.items(), (hdrs.LOCATION, location)), link.encode())


def _refused(message: str) -> Refusal:
    return Refusal(400, f"FormPost: {message}", headers={hdrs.CONTENT_TYPE: _PLAIN})

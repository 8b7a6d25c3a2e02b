"""The pages of websites: listings, and what stands where there is none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from gateway.core.types import Meta, Prefix
from gateway.frontends.swift.times import iso8601

Row = Meta | Prefix

_STYLE = "<style>h1 {font-size: 1em} th {text-align: left} th, td {padding: 0 1em} a {text-decoration: none}</style>"
_HEADING = (
    '<tr id="heading"><th class="colname">Name</th><th class="colsize">Size</th><th class="coldate">Date</th></tr>'
)
_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@dataclass(frozen=True, slots=True)
class Look:
    """How the pages of a directory look. `css`: the reference to a sheet of their own; empty: ours.

    `query`: what references to other pages need; `top`: the highest directory that they may lead to.
    """

    title: str
    css: str = ""
    query: str = ""
    top: str = ""

    def page(self, body: Iterable[str]) -> bytes:
        sheet = f'<link rel="stylesheet" type="text/css" href="{escape(self.css)}" />' if self.css else _STYLE
        head = f"<head>\n<title>Listing of {escape(self.title)}</title>\n{sheet}\n</head>"
        lines = "\n".join(body)
        return f"<!DOCTYPE html>\n<html>\n{head}\n<body>\n{lines}\n</body>\n</html>\n".encode()

    def href(self, name: str) -> str:
        """A relative reference that can't be taken for one to another place."""
        return self._with_query("./" + quote(name).replace(".", "%2E"))

    def parent(self, prefix: str) -> Iterator[str]:
        """The line that leads up from `prefix`, where one may."""
        if len(prefix) > len(self.top):
            yield _line(self._with_query("../"), "../", 'id="parent" class="item"')

    def _with_query(self, reference: str) -> str:
        return f"{reference}?{escape(self.query)}" if self.query else reference


def css_of(sheet: str, prefix: str) -> str:
    """The reference to a sheet from the listing of `prefix`: what is neither a URL nor a path lies in the container."""
    if sheet.startswith(("/", "http://", "https://")):
        return quote(sheet, ":/")
    return "../" * prefix.count("/") + quote(sheet) if sheet else ""


def listing(look: Look, prefix: str, rows: Iterable[Row]) -> bytes:
    """The page of what lies right below `prefix`, directories first."""
    found = list(rows)
    return look.page(
        (
            f'<h1 id="title">Listing of {escape(look.title)}</h1>',
            '<table id="listing">',
            _HEADING,
            *look.parent(prefix),
            *_directories(look, prefix, found),
            *_files(look, prefix, found),
            "</table>",
        )
    )


def no_listing(look: Look, index: str) -> bytes:
    """The page of a directory that is not listed. `index`: the name of the page that would stand for it."""
    missing = (f"<h1>Index File Not Found</h1><p>There is no <b>{escape(index)}</b> here.</p>",) if index else ()
    text = "The owner of this web site has not enabled listings, by X-Container-Meta-Web-Listings."
    return look.page(("<h1>Web Listing Disabled</h1>", f"<p>{text}</p>", *missing))


def size_of(size: int) -> str:
    """A size in bytes, or in the largest unit of 1,024 that it reaches, rounded at each step."""
    value, unit = float(size), 0
    while value >= 1024 and unit + 1 < len(_UNITS):
        value, unit = round(value / 1024), unit + 1
    return f"{value:.0f}{_UNITS[unit]}"


def _directories(look: Look, prefix: str, rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Prefix):
            name = row.name[len(prefix) :]
            yield _line(look.href(name), name, 'class="item subdir"')


def _files(look: Look, prefix: str, rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Meta) and row.name != prefix:
            name = row.name[len(prefix) :]
            kinds = " ".join(f"type-{escape(part.lower())}" for part in row.props.content_type.split("/"))
            date = iso8601(row.modified).partition(".")[0].replace("T", " ")
            yield _line(look.href(name), name, f'class="item {kinds}"', size_of(row.size), date)


def _line(href: str, name: str, attributes: str, size: str = "&nbsp;", date: str = "&nbsp;") -> str:
    link = f'<td class="colname"><a href="{href}">{escape(name)}</a></td>'
    return f'<tr {attributes}>{link}<td class="colsize">{size}</td><td class="coldate">{date}</td></tr>'

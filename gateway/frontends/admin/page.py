"""The page that a person can look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;"
    "color:#1c2530;background:#fff}h1{font-weight:600}table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.25rem 1.5rem .25rem 0;vertical-align:top;font-weight:400}th{color:#5a6672}"
    "a{color:#0b5cad}code{font-size:.95em}"
    "@media(prefers-color-scheme:dark){body{color:#e4e8ec;background:#14181d}th{color:#9aa6b2}a{color:#7db4ee}}"
)
LINKS = {"/healthz": "the process is alive", "/readyz": "the stores answer", "/metrics": "figures for Prometheus"}


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. `endpoints` are URLs by frontend, `uptime` is in seconds."""

    version: str
    uptime: float
    endpoints: Mapping[str, str]


def render(overview: Overview, reasons: Mapping[str, str]) -> str:
    """The page as HTML; `reasons` are those of `Readiness.reasons`."""
    state = "; ".join(f"{name}: {reason}" for name, reason in reasons.items()) or "yes"
    rows = {"version": overview.version, "up for": str(timedelta(seconds=int(overview.uptime))), "ready": state}
    facts = "".join(_row(name, escape(value)) for name, value in rows.items())
    doors = "".join(_row(name, f"<code>{escape(url)}</code>") for name, url in overview.endpoints.items())
    links = "".join(_row(f'<a href="{path}">{path}</a>', escape(text)) for path, text in LINKS.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Portico</title><style>{STYLE}</style></head><body><h1>Portico</h1>"
        f"<table>{facts}</table><h2>Doors</h2><table>{doors}</table><h2>Look inside</h2><table>{links}</table>"
        "</body></html>\n"
    )


def _row(name: str, value: str) -> str:
    return f'<tr><th scope="row">{name}</th><td>{value}</td></tr>'

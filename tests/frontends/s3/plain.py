"""The plainest request for each operation of the model."""

from gateway.frontends.s3 import model
from gateway.frontends.s3.model import Level

MODEL = model.load().operations
PATHS = {Level.SERVICE: "/", Level.BUCKET: "/bucket", Level.OBJECT: "/bucket/key"}


def request_of(name: str) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers that are the operation's and no other's."""
    described = MODEL[name]
    keys = {**dict.fromkeys(sorted(described.required_query), "1"), **described.query}
    query = "&".join(f"{key}={value}" if value else key for key, value in keys.items())
    headers = dict.fromkeys(sorted(described.required_headers), "bucket/key")
    return described.method, PATHS[described.level] + (f"?{query}" if query else ""), headers

"""How somebody logs in to OpenStack's Keystone, whoever asks.

Source: "Password authentication with scoped authorization" in the Identity API v3.
"""

import json
from collections.abc import Mapping

TOKENS = "/auth/tokens"


def base_of(auth_url: str) -> str:
    """The URL of the API, up to its version, from what people configure."""
    return auth_url.rstrip("/").removesuffix(TOKENS)


def password_login(user: str, user_domain: str, secret: str, project: str, project_domain: str) -> bytes:
    """The document that asks for a token for a project, or for none where that is empty. Domains are ids or names."""
    who = {"name": user, "domain": _domain(user_domain), "password": secret}
    identity = {"methods": ["password"], "password": {"user": who}}
    scope = {"project": {"name": project, "domain": _domain(project_domain)}}
    return json.dumps({"auth": {"identity": identity, **({"scope": scope} if project else {})}}).encode()


def _domain(stated: str) -> Mapping[str, str]:
    """`default` is the id that Keystone gives its first domain; an id of any other is 32 hexadecimal digits."""
    is_id = stated == "default" or (len(stated) == 32 and all(digit in "0123456789abcdef" for digit in stated))
    return {"id": stated} if is_id else {"name": stated}

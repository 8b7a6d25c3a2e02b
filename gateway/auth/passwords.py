"""Comparing secrets without telling how alike they are."""

import hmac

from gateway.auth.principals import User


def matches(user: User | None, secret: str) -> bool:
    """Whether `secret` is the user's; takes as long for a user that does not exist. An empty secret opens nothing."""
    known = user.secret if user else ""
    same = hmac.compare_digest(known.encode(errors="surrogatepass"), secret.encode(errors="surrogatepass"))
    return same and known != ""

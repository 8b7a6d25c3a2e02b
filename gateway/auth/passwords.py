"""Comparing secrets without telling how alike they are."""

import hmac

from gateway.auth.principals import User


def matches(user: User | None, secret: str) -> bool:
    """Whether `secret` is the user's; takes as long for a user that does not exist."""
    known = user.secret if user else "\0"
    same = hmac.compare_digest(known.encode(errors="surrogateescape"), secret.encode(errors="surrogateescape"))
    return same and user is not None

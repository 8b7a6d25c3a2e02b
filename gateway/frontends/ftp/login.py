"""Who has logged in."""

from dataclasses import dataclass

from gateway.auth.principals import Principal
from gateway.core.tree import Tree
from gateway.frontends.ftp.profile import Profile
from gateway.frontends.ftp.view import View


@dataclass(frozen=True, slots=True)
class Login:
    """Who has logged in, what he may have, and the tree of which he sees what his view shows."""

    principal: Principal
    tree: Tree
    profile: Profile

    @property
    def view(self) -> View:
        return self.profile.view

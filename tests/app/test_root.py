from pathlib import Path

import pytest

from gateway.auth.principals import Role
from gateway.data import Credentials, DataDirectory
from gateway.failures import StartError
from gateway.root import find_root


def test_a_new_installation_gets_a_secret_of_its_own(tmp_path: Path) -> None:
    first, second = (find_root(DataDirectory(tmp_path), {}) for _ in range(2))
    assert first.fresh
    assert len(first.credentials.secret) == 40
    assert first.credentials.secret != second.credentials.secret
    user = first.user
    assert (user.account.id, user.name, user.access_key, user.role) == ("admin", "admin", "admin", Role.OPERATOR)


def test_what_was_kept_stays(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.keep(Credentials("admin", "admin", "kept"))
    root = find_root(data, {})
    assert (root.user.secret, root.fresh, root.given) == ("kept", False, False)


def test_the_environment_sets_user_and_secret(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.keep(Credentials("admin", "admin", "kept"))
    root = find_root(data, {"PORTICO_ROOT_USER": "boss", "PORTICO_ROOT_SECRET": "given"})
    assert (root.user.name, root.user.secret, root.fresh, root.given) == ("boss", "given", False, True)
    renamed = find_root(data, {"PORTICO_ROOT_USER": "boss"})
    assert (renamed.user.name, renamed.user.secret, renamed.fresh, renamed.given) == ("boss", "kept", False, False)


@pytest.mark.parametrize(
    "environ",
    ({"PORTICO_ROOT_USER": "a:b"}, {"PORTICO_ROOT_USER": "a/b"}, {"PORTICO_ROOT_SECRET": "a\nb"}),
)
def test_what_no_protocol_could_carry_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    (name,) = environ
    with pytest.raises(StartError, match=name):
        find_root(DataDirectory(tmp_path), environ)

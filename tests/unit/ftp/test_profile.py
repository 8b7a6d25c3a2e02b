import pytest
from pydantic import ValidationError

from gateway.core.paths import ROOT, TreePath
from gateway.frontends.ftp.profile import AnonymousSettings, Profile
from gateway.frontends.ftp.view import EVERYTHING, Permission


def at(text: str) -> TreePath:
    return ROOT.resolve(text)


def test_without_settings_everything_is_as_it_lies() -> None:
    view = Profile().view
    assert view.real(at("/c/a")) == at("/c/a")
    assert view.permissions(at("/c/a")) == EVERYTHING
    assert not view.is_fixed(ROOT)


@pytest.mark.parametrize(
    ("shown", "real"),
    (
        ("/", "/c/home"),
        ("/a/b", "/c/home/a/b"),
        ("/v", "/d/x"),
        ("/v/a", "/d/x/a"),
        ("/v/w", "/e"),
        ("/v/w/a", "/e/a"),
        ("/vv", "/c/home/vv"),
    ),
)
def test_the_deepest_folder_says_where_a_path_lies(shown: str, real: str) -> None:
    view = Profile(home="/c/home/", folders={"/v": "/d/x", "/v/w": "/e"}).view
    assert view.real(at(shown)) == at(real)
    assert view.is_fixed(at(shown)) == (shown in {"/", "/v", "/v/w"})


def test_a_permission_needs_the_rule_of_the_directory_and_that_of_the_path() -> None:
    view = Profile(permissions={"/": ["list", "write"], "/a": ["list"], "/b": ["list", "write", "delete"]}).view
    assert view.allows(Permission.WRITE, at("/f"))
    assert not view.allows(Permission.WRITE, at("/a"))
    assert not view.allows(Permission.DELETE, at("/b"))
    assert view.allows(Permission.DELETE, at("/b/f"))


@pytest.mark.parametrize(
    "options",
    (
        {"home": "bucket"},
        {"home": "/bucket/../x"},
        {"home": "/bucket//x"},
        {"home": "/bucket\n"},
        {"home": "/c", "folders": {"/": "/d"}},
        {"home": "/c", "folders": {"/d": "/"}},
        {"folders": {"/c/d": "/e"}},
        {"permissions": {"/": ["fly"]}},
        {"permissions": {"in": ["list"]}},
        {"encoding": "nothing"},
        {"encoding": "base64"},
        {"encoding": "utf-16"},
        {"max_sessions": 0},
        {"quota_bytes": -1},
        {"quota_files": 1, "home": "/c/home"},
        {"allow_names": [""]},
        {"unknown": 1},
    ),
)
def test_mistakes_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate(options)


def test_strangers_are_never_shown_every_bucket() -> None:
    with pytest.raises(ValidationError, match="set `home`"):
        AnonymousSettings.model_validate({"account": "a", "home": "/"})

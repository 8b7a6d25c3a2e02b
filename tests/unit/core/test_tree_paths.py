import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.names import check_key
from gateway.core.paths import ROOT, TreePath
from gateway.core.types import Key

TEXTS = st.text(st.sampled_from("ab./\\ é\U0001f600"), max_size=20)
PARTS = st.lists(st.text(st.sampled_from("ab .é"), min_size=1, max_size=4).filter(lambda part: part not in (".", "..")))


@pytest.mark.parametrize(
    ("base", "text", "expected"),
    (
        ("/", "", "/"),
        ("/", "c/a/b", "/c/a/b"),
        ("/c", "a", "/c/a"),
        ("/c", "/d", "/d"),
        ("/c/a", "..", "/c"),
        ("/c/a", "../../../../etc/passwd", "/etc/passwd"),
        ("/c", "./a/./b/.", "/c/a/b"),
        ("/c", "//a///b//", "/a/b"),
        ("/c", "a/../../..", "/"),
        ("/c", "...", "/c/..."),
        ("/c", "..a/.b", "/c/..a/.b"),
        ("/c", " a ", "/c/ a "),
        ("/c", "a\\..\\b", "/c/a\\..\\b"),
    ),
)
def test_texts_are_resolved_as_in_a_file_system(base: str, text: str, expected: str) -> None:
    assert str(ROOT.resolve(base).resolve(text)) == expected


@given(TEXTS, TEXTS)
def test_every_path_is_normal_absolute_and_like_posix_says(base: str, text: str) -> None:
    path = ROOT.resolve(base).resolve(text)
    joined = posixpath.normpath(posixpath.join("/", base.lstrip("/"), text))
    assert str(path) == "/" + joined.lstrip("/")
    assert not {"", ".", ".."} & set(path.parts)
    if path.name:
        check_key(path.name)


@given(PARTS)
def test_a_path_survives_its_text(parts: list[str]) -> None:
    path = TreePath(tuple(parts))
    assert ROOT.resolve(str(path)) == path


def test_f01_paths_map_to_keys() -> None:
    path = ROOT.resolve("/c/a/b")
    assert (path.bucket, path.name, path.last) == ("c", "a/b", "b")
    assert path.key == Key("c", "a/b")
    assert path.marker == Key("c", "a/b/")
    assert path.parent == ROOT.resolve("/c/a")
    assert ROOT.resolve("/c").prefix == ""
    assert (ROOT.bucket, ROOT.name, ROOT.last, ROOT.parent) == ("", "", "", ROOT)


def test_inside_is_by_whole_names() -> None:
    a = ROOT.resolve("/c/a")
    assert ROOT.resolve("/c/a/b").is_inside(a)
    assert not a.is_inside(a)
    assert not ROOT.resolve("/c/ab").is_inside(a)
    assert a.is_inside(ROOT)

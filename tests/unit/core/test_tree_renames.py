import pytest

from gateway.core.entries import Entry, directory
from gateway.core.errors import AlreadyExists, IsADirectory, NoSuchKey, NotADirectory, StoreError, Unsupported
from gateway.core.paths import ROOT
from gateway.core.renames import check_parent, check_replace, destination

FILE = Entry(name="f", is_directory=False)
FOLDER = directory("d")


@pytest.mark.parametrize(
    ("source", "target", "standing", "expected"),
    (
        ("/c/a", "/c/b", None, "/c/b"),
        ("/c/a", "/c/b", FILE, "/c/b"),
        ("/c/a", "/c/b", FOLDER, "/c/b/a"),
        ("/c/a", "/d", FOLDER, "/d/a"),
        ("/c/a", "/c/a", FOLDER, "/c/a"),
        ("/c/d/a", "/c/d", FOLDER, "/c/d/a"),
        ("/c", "/e", None, "/e"),
        ("/c", "/c", FOLDER, "/c"),
        ("/c/a", "/c/ab", None, "/c/ab"),
    ),
)
def test_f36_renames_lead_onto_free_names_files_and_into_directories(
    source: str, target: str, standing: Entry | None, expected: str
) -> None:
    assert str(destination(ROOT.resolve(source), ROOT.resolve(target), standing)) == expected


@pytest.mark.parametrize(
    ("source", "target", "standing"),
    (
        ("/", "/c/a", None),
        ("/c/a", "/", FOLDER),
        ("/c", "/", FOLDER),
        ("/c/a", "/x", None),
        ("/c", "/d", FOLDER),
        ("/c", "/d/x", None),
        ("/c/a", "/c/a/b", None),
        ("/c/a", "/c/a/b", FOLDER),
    ),
)
def test_f36_renames_to_and_from_the_root_and_into_themselves_are_refused(
    source: str, target: str, standing: Entry | None
) -> None:
    with pytest.raises(Unsupported):
        destination(ROOT.resolve(source), ROOT.resolve(target), standing)


@pytest.mark.parametrize(
    ("moving", "standing", "error"),
    ((FOLDER, FILE, NotADirectory), (FOLDER, FOLDER, AlreadyExists), (FILE, FOLDER, IsADirectory)),
)
def test_f36_only_a_file_is_replaced_by_a_file(moving: Entry, standing: Entry, error: type[StoreError]) -> None:
    with pytest.raises(error):
        check_replace(moving, standing)


def test_f36_a_file_replaces_a_file_and_anything_takes_a_free_name() -> None:
    check_replace(FILE, FILE)
    check_replace(FILE, None)
    check_replace(FOLDER, None)


def test_f36_the_directory_above_must_stand() -> None:
    check_parent(FOLDER)
    with pytest.raises(NoSuchKey):
        check_parent(None)
    with pytest.raises(NotADirectory):
        check_parent(FILE)

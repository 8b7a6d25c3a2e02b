import json
import os
import stat
from pathlib import Path

import pytest

from gateway.data import Credentials, DataDirectory, Run
from gateway.failures import StartError

RUN = Run(7, "2026-01-31T12:00:00Z", "0.1.0", {"s3": 9000}, {"s3": "http://127.0.0.1:9000"})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_directory_is_made_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a" / "data"
    with DataDirectory(path).hold():
        assert mode(path) == 0o700
        with (
            pytest.raises(StartError, match=f"another portico runs on the data directory {path}"),
            DataDirectory(path).hold(),
        ):
            pass
    with DataDirectory(path).hold():
        assert path.is_dir()


def test_run_json_lives_as_long_as_the_process_holds_the_directory(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    with directory.hold():
        directory.announce(RUN)
        told = json.loads((tmp_path / "run.json").read_text())
    assert (told["pid"], told["ports"], told["started"]) == (7, {"s3": 9000}, "2026-01-31T12:00:00Z")
    assert not (tmp_path / "run.json").exists()


def test_one_who_may_not_hold_the_directory_leaves_run_json_alone(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    with directory.hold():
        directory.announce(RUN)
        with pytest.raises(StartError), DataDirectory(tmp_path).hold():
            pass
        assert (tmp_path / "run.json").exists()


def test_run_json_of_a_killed_process_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with DataDirectory(tmp_path).hold():
        assert not (tmp_path / "run.json").exists()


def test_credentials_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    assert directory.credentials() is None
    directory.keep(Credentials("admin", "root", "s3cret"))
    assert directory.credentials() == Credentials("admin", "root", "s3cret")
    assert mode(tmp_path / "credentials.json") == 0o600
    assert "s3cret" not in repr(directory.credentials())


LOST = '{"account": "admin", "user": "admin", "secret": %s}'


@pytest.mark.parametrize("text", ("", "[]", "{}", '{"user": "a"}', "\x00", LOST % "null", LOST % '""', LOST % "[]"))
def test_damaged_credentials_are_told_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials.json").write_text(text)
    with pytest.raises(StartError, match=r"credentials\.json is damaged; restore it"):
        DataDirectory(tmp_path).credentials()


def test_the_token_key_is_made_once(tmp_path: Path) -> None:
    key = DataDirectory(tmp_path).token_key()
    assert len(key) == 32
    assert DataDirectory(tmp_path).token_key() == key
    assert mode(tmp_path / "token.key") == 0o600
    (tmp_path / "token.key").write_bytes(b"short")
    with pytest.raises(StartError, match=r"token\.key is damaged"):
        DataDirectory(tmp_path).token_key()


def test_no_temporary_files_are_left(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.keep(Credentials("a", "b", "c"))
    directory.keep(Credentials("a", "b", "d"))
    assert os.listdir(tmp_path) == ["credentials.json"]


def test_a_directory_that_can_not_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StartError, match="can't be used: Not a directory") as caught,
        DataDirectory(tmp_path / "file" / "data").hold(),
    ):
        pass
    assert "\n" not in str(caught.value)

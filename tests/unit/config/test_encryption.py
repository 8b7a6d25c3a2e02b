"""The keys of encryption at rest, as a configuration names them."""

from base64 import b64encode
from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, load, summary
from gateway.config.encryption import Encryptable, EncryptionSettings

KEY, OTHER = bytes(range(32)), bytes(32)

STORE = """\
stores:
  main:
    type: memory
    encryption:
      keys:
        - {id: old, key_file: KEYFILE}
        - {id: new, key_env: NEW_KEY}
      current: new
      default: on
"""


def loaded(tmp_path: Path, text: str, **environ: str) -> Config:
    (tmp_path / "key").write_text(KEY.hex() + "\n")
    file = tmp_path / "c.yaml"
    file.write_text(text.replace("KEYFILE", str(tmp_path / "key")))
    return load(file, environ=environ)


def encryption(config: Config) -> EncryptionSettings:
    settings = config.stores["main"]
    assert isinstance(settings, Encryptable)
    assert settings.encryption is not None
    return settings.encryption


@pytest.fixture(autouse=True)
def new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_KEY", b64encode(OTHER).decode())


def test_keys_come_from_files_and_the_environment_in_hex_and_base64(tmp_path: Path) -> None:
    settings = encryption(loaded(tmp_path, STORE))
    assert settings.values() == {"old": KEY, "new": OTHER}
    assert settings.current == "new"
    assert settings.default is True


def test_by_default_only_what_asks_for_it_is_encrypted(tmp_path: Path) -> None:
    assert encryption(loaded(tmp_path, STORE.replace("      default: on\n", ""))).default is False


def test_no_key_is_shown(tmp_path: Path) -> None:
    config = loaded(tmp_path, STORE)
    for shown in (repr(config), str(config), config.model_dump_json(), *summary(config)):
        assert KEY.hex() not in shown
        assert b64encode(OTHER).decode() not in shown


def test_the_summary_says_what_is_encrypted_by_which_key(tmp_path: Path) -> None:
    assert "stores: main (memory, everything encrypted by key new)" in summary(loaded(tmp_path, STORE))
    on_demand = loaded(tmp_path, STORE.replace("default: on", "default: off"))
    assert "stores: main (memory, encrypted on demand by key new)" in summary(on_demand)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    (
        (
            "key_env: NEW_KEY",
            "key_env: PATH",
            "c.yaml:7:21: `stores.main.encryption.keys[1].key_env` is no key of 32 bytes",
        ),
        (
            "key_env: NEW_KEY",
            "key_env: NO_SUCH",
            "c.yaml:7:21: `stores.main.encryption.keys[1].key_env` names a variable",
        ),
        (
            ", key_env: NEW_KEY",
            "",
            "c.yaml:7:11: `stores.main.encryption.keys[1]` needs one of `key_file` and `key_env`",
        ),
        ("id: new", "id: old", "c.yaml:7:12: `stores.main.encryption.keys[1].id` is the id of another key"),
        (
            "current: new",
            "current: nwe",
            "c.yaml:8:7: `stores.main.encryption.current` names the key 'nwe', which isn't",
        ),
        ("id: new", "id: 'n:w'", "c.yaml:7:12: `stores.main.encryption.keys[1].id` holds a character"),
        ("type: memory", "type: s3", "`stores.main.encryption` is a key of another `type` only"),
    ),
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, before: str, after: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, STORE.replace(before, after))
    assert any(problem in str(found) for found in caught.value.problems), caught.value.problems

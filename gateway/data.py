"""The data directory: what a process keeps there beside the objects, and what it tells others there."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gateway.failures import StartError

KEY_BYTES = 32
PRIVATE_DIRECTORY = 0o700


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the root user logs in with."""

    account: str
    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """What a running process tells in `run.json`. `started` is in ISO 8601, UTC."""

    pid: int
    started: str
    version: str
    ports: Mapping[str, int]
    endpoints: Mapping[str, str]


class DataDirectory:
    """A directory that one process at a time keeps its state in; what it writes is for its own user only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._credentials = path / "credentials.json"
        self._token_key = path / "token.key"
        self._run = path / "run.json"
        self._lock = path / "run.lock"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Make the directory and keep others off it. `run.json` goes with the context. Raises `StartError`."""
        with self._explained():
            self.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._seize(lock)
            with self._explained():
                self._run.unlink(missing_ok=True)  # of a process that ended without a word
            try:
                yield
            finally:
                with suppress(OSError):
                    self._run.unlink(missing_ok=True)
        finally:
            os.close(lock)

    def _seize(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"another portico runs on the data directory {self.path}; stop it, or choose another with --data"
            raise StartError(message) from None

    def credentials(self) -> Credentials | None:
        """The root user's credentials that were kept; None before the first start. Raises `StartError`."""
        with self._explained():
            try:
                kept = json.loads(self._credentials.read_bytes())
                return Credentials(_stated(kept["account"]), _stated(kept["user"]), _stated(kept["secret"]))
            except FileNotFoundError:
                return None
            except (ValueError, KeyError, TypeError):
                message = f"{self._credentials} is damaged; restore it, or remove it to get new credentials"
                raise StartError(message) from None

    def keep(self, credentials: Credentials) -> None:
        """Keep the root user's credentials for later starts. Raises `StartError`."""
        with self._explained():
            replace(self._credentials, _json(asdict(credentials)))

    def token_key(self) -> bytes:
        """The key that signs Swift tokens, made at the first start. Raises `StartError`."""
        with self._explained():
            key = self.kept_token_key()
            if key is None:
                key = secrets.token_bytes(KEY_BYTES)
                replace(self._token_key, key)
            return key

    def kept_token_key(self) -> bytes | None:
        """The key that signs Swift tokens; None before the first start. Raises `StartError`."""
        with self._explained():
            try:
                key = self._token_key.read_bytes()
            except FileNotFoundError:
                return None
            if len(key) < KEY_BYTES:
                raise StartError(f"{self._token_key} is damaged; remove it, and clients will log in again")
            return key

    def announce(self, run: Run) -> None:
        """Write `run.json`. Raises `StartError`."""
        with self._explained():
            replace(self._run, _json(asdict(run)))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self.path
            message = f"the data directory {self.path} can't be used: {error.strerror} ({where}); see --data"
            raise StartError(message) from None


def replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, wholly or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _stated(value: object) -> str:
    """Raises `ValueError` for what is no text: a secret that was lost must not become an empty one, or "None"."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _json(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, indent=2).encode() + b"\n"

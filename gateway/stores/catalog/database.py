"""Connections to the index, and its schema."""

import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Literal

from gateway.core.errors import Corrupt, Unavailable
from gateway.stores.catalog.failures import IndexFailure, of_file, of_index, report

Connection = sqlite3.Connection

FILE = "catalog.sqlite"

CACHE_KIB = 16 * 1024

CHECKED_BYTES = 64 * 1024 * 1024
"""An index of up to so many bytes is looked through after an unclean end: a fraction of a second."""

_SYNCHRONOUS = {"full": "PRAGMA synchronous = FULL", "relaxed": "PRAGMA synchronous = NORMAL"}


def open_writer(
    directory: Path, durability: Literal["full", "relaxed"], suspect: bool, occupied: bool = False
) -> Connection:
    """The one connection that writes, over an index of the newest schema.

    SQLite itself repairs what a crash left, since its log carries checksums: on a sound disk there is nothing to find.
    The check of a `suspect` index is for a disk that lies, and is left out where it would take long. Where the volumes
    are `occupied`, the index must be there: with a new one, all their files would be swept up as garbage.

    Raises `Unavailable`, `OutOfSpace`, `Corrupt`.
    """
    path = directory / FILE
    try:
        _create(path)
        connection = _connect(path.as_uri())
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # holds if the file is new, and can't be had later
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SYNCHRONOUS[durability])
            if suspect and path.stat().st_size <= CHECKED_BYTES:
                _check(connection)
            if occupied and not _version(connection):
                raise Corrupt(
                    f"The store has files, but its index {FILE} is missing or empty; restore it from a backup"
                )
            migrate(connection, migrations())
        except BaseException:
            connection.close()
            raise
    except IndexFailure as error:
        report(error)
        raise of_index(error) from error
    except OSError as error:
        raise of_file(error) from error
    return connection


def _create(path: Path) -> None:
    """For this process's user alone, whatever its directory allows. SQLite gives its log the same rights."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def open_reader(directory: Path) -> Connection:
    """A connection that only reads; the writer's must be open. Raises `sqlite3.Error`."""
    return _connect(f"{(directory / FILE).as_uri()}?mode=ro")


def sync_log(directory: Path) -> None:
    """Make all commits durable, which with relaxed durability they need not be. Raises `OSError`."""
    with suppress(FileNotFoundError):  # all commits are in the index itself
        descriptor = os.open(directory / f"{FILE}-wal", os.O_RDWR)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)


def _connect(uri: str) -> Connection:
    # One thread at a time uses a connection, though not always the same one.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _check(connection: Connection) -> None:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise Corrupt("The store's index is damaged; restore it from a backup")


def migrations() -> Mapping[int, str]:
    """The SQL that leads to each version of the schema, by that version, in order."""
    folder = resources.files("gateway.stores.catalog") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return {int(re.split("_", file.name)[0]): file.read_text("utf-8") for file in files}


def migrate(connection: Connection, steps: Mapping[int, str]) -> None:
    """Bring the schema up to the last of `steps`, each in a transaction. Raises `Unavailable` where it is newer."""
    version = _version(connection)
    newest = max(steps)
    if version > newest:
        raise Unavailable(
            f"The store's index has version {version}, and this release knows versions up to {newest}: use a newer one",
            retryable=False,
        )
    for step, sql in steps.items():
        if step > version:
            _apply(connection, sql, step)


def _version(connection: Connection) -> int:
    """That of the schema; 0 in a new index."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _apply(connection: Connection, sql: str, version: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

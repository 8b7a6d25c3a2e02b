"""Accounts: their properties, and which are entered beside those of the configuration."""

import time
from collections.abc import Iterator

from gateway.core.buckets import BUCKETS_LEFT, AccountMeta
from gateway.core.errors import NoSuchAccount, NotEmpty
from gateway.core.types import PropsChange
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables.packing import ceiling, floor, pack, unpack

_Row = tuple[str, int | None, str | None, str | None]

_FIND = "SELECT id, created, user, system FROM accounts WHERE id = ?"
_UP = """SELECT id, created, user, system FROM accounts
    WHERE created IS NOT NULL AND id >= ? ORDER BY id"""
_DOWN = """SELECT id, created, user, system FROM accounts
    WHERE created IS NOT NULL AND id < ? ORDER BY id DESC"""


def find(db: Connection, owner: str) -> AccountMeta:
    """An account with its totals; one that was never written to has none."""
    row: _Row | None = db.execute(_FIND, (owner,)).fetchone()
    return _meta(db, row or (owner, None, None, None))


def is_entered(db: Connection, owner: str) -> bool:
    """Whether the account stands beside those of the configuration."""
    found = db.execute("SELECT 1 FROM accounts WHERE id = ? AND created IS NOT NULL", (owner,)).fetchone()
    return found is not None


def walk(db: Connection, reverse: bool, start: str, included: bool) -> Iterator[AccountMeta]:
    """Those that are entered, in the order of their ids, from `start` on."""
    bound = ceiling(start, included) if reverse else floor(start, included)
    return (_meta(db, row) for row in db.execute(_DOWN if reverse else _UP, (bound,)))


def create(db: Connection, owner: str, change: PropsChange) -> bool:
    """False where the account was entered before."""
    if is_entered(db, owner):
        return False
    _write(db, find(db, owner), change, time.time_ns())
    return True


def update(db: Connection, owner: str, change: PropsChange) -> AccountMeta:
    """Change the properties of an account, entered or not."""
    found = find(db, owner)
    _write(db, found, change, found.created)
    return find(db, owner)


def delete(db: Connection, owner: str) -> None:
    """Raises `NoSuchAccount`, `NotEmpty`."""
    if not is_entered(db, owner):
        raise NoSuchAccount
    if db.execute("SELECT 1 FROM buckets WHERE owner = ? LIMIT 1", (owner,)).fetchone():
        raise NotEmpty(BUCKETS_LEFT)
    db.execute("DELETE FROM accounts WHERE id = ?", (owner,))


def _write(db: Connection, found: AccountMeta, change: PropsChange, created: int | None) -> None:
    row = found.name, created, pack(change.apply_user(found.user)), pack(change.apply_system(found.system))
    db.execute("INSERT OR REPLACE INTO accounts (id, created, user, system) VALUES (?, ?, ?, ?)", row)


def _meta(db: Connection, row: _Row) -> AccountMeta:
    owner, created, user, system = row
    totals: tuple[int, int, int, int] = db.execute(
        """SELECT count(*), ifnull(sum(objects), 0), ifnull(sum(bytes), 0), ifnull(sum(former), 0)
            FROM buckets WHERE owner = ?""",
        (owner,),
    ).fetchone()
    return AccountMeta(
        name=owner,
        buckets=totals[0],
        objects=totals[1],
        bytes=totals[2],
        former=totals[3],
        created=created,
        user=unpack(user),
        system=unpack(system),
    )

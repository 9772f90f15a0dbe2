"""One bit turned over in what is stored: verify finds it and names table, column and place."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection, IntegrityError
from typing import Any, NamedTuple

import pytest

from shared.store.verify import hub_cosigners, verify_logs
from tests.support.federation import HUB, Federation
from tests.support.office import NIK_A, create, own_log, update

TABLES = {
    "log": ("no", "id", "origin", "wilayah", "peran", "kunci", "own", "size", "tree", "checkpoint"),
    "change": ("pos", "kind", "record", "header", "body", "digest", "leaf"),
    "tile": ("pos", "hash"),
    "receipt": ("log", "size", "time_s", "note"),
}
KEYS = {("log", "no"), ("change", "pos"), ("tile", "pos"), ("receipt", "log"), ("receipt", "size")}
SELDOM_FILLED = {("change", "digest"), ("log", "checkpoint")}
SEEDS = 8
SHARED_MEMORY = Path("/dev/shm")


class Damage(NamedTuple):
    """Where a bit is turned over."""

    table: str
    column: str
    rowid: int
    old: Any
    new: Any


def flip(dice: random.Random, value: Any) -> Any:
    """Turn one bit over, and keep the type that the STRICT column asks for."""
    if isinstance(value, int):
        return value ^ 1 << dice.randrange(62)
    at = dice.randrange(len(value))
    if isinstance(value, str):
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1 :]


def pick(conn: Connection, dice: random.Random, table: str, column: str) -> Damage | None:
    """Choose a row of a table; None where the column is empty everywhere."""
    found = conn.execute(
        f"SELECT rowid, {column} FROM {table} WHERE length({column}) > 0 ORDER BY rowid"
    ).fetchall()
    if not found:
        return None
    rowid, old = dice.choice(found)
    return Damage(table, column, rowid, old, flip(dice, old))


@pytest.fixture(scope="module")
def village() -> Iterator[Federation]:
    """A village with enough changes that the tree has tiles; every test gives it back as it was."""
    where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sipande-uji-", dir=where) as folder:
        federation = Federation(Path(folder))
        a, b = federation.add_node("a"), federation.add_node("b")
        with a.database.write():
            ids = [create(a, nama="SITI", nik=NIK_A) for _ in range(300)]
            update(a, ids[0], telepon="081")
        federation.sync_all(3)
        update(b, ids[1], telepon="082")
        federation.sync_all()
        yield federation
        federation.close()


def list_problems(federation: Federation, side: str, conn: Connection) -> list[str]:
    hub = federation.hub
    own = hub.keys if side == "hub" else federation.nodes[side].keys
    return verify_logs(conn, hub_cosigners(HUB, hub.keys.signing.public), own.publics())


class _Undo(Exception):
    """Takes the damage back."""


def find_damage(federation: Federation, side: str, damage: Damage) -> list[str] | None:
    """List the problems of a database with the damage in it; None where the damage cannot be stored."""
    services = federation.hub if side == "hub" else federation.nodes[side]
    problems: list[str] | None = None
    try:
        with services.database.write() as conn:
            conn.execute("PRAGMA defer_foreign_keys = ON")
            conn.execute(
                f"UPDATE {damage.table} SET {damage.column} = ? WHERE rowid = ?", (damage.new, damage.rowid)
            )
            problems = list_problems(federation, side, conn)
            raise _Undo
    except _Undo:
        return problems
    except IntegrityError:
        return None


@pytest.mark.parametrize("side", ["hub", "a"])
@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in TABLES.items() for c in columns])
def test_verify_finds_one_flipped_bit_and_names_table_and_column(
    village: Federation, side: str, table: str, column: str
) -> None:
    services = village.hub if side == "hub" else village.nodes[side]
    tried = 0
    for seed in range(SEEDS):
        dice = random.Random(f"{side}/{table}/{column}/{seed}")
        with services.database.read() as conn:
            damage = pick(conn, dice, table, column)
        if damage is None:
            assert (table, column) in SELDOM_FILLED
            return
        problems = find_damage(village, side, damage)
        if problems is not None:
            tried += 1
            assert names_place(problems, table, column), (damage, problems)
    assert tried >= SEEDS // 2


@pytest.mark.parametrize("side", ["hub", "a"])
def test_an_undamaged_village_has_no_problems(village: Federation, side: str) -> None:
    services = village.hub if side == "hub" else village.nodes[side]
    with services.database.read() as conn:
        assert list_problems(village, side, conn) == []


def test_anothers_log_that_is_called_own_is_found(village: Federation) -> None:
    with village.hub.database.read() as conn:
        no = conn.execute("SELECT no FROM log WHERE own = 0 ORDER BY no LIMIT 1").fetchone()[0]
    problems = find_damage(village, "hub", Damage("log", "own", no, 0, 1))
    assert problems == [f"Tabel log, log nomor {no}: kolom own rusak."]


def test_an_own_log_that_is_called_anothers_is_found(village: Federation) -> None:
    no = own_log(village.nodes["a"]).no
    problems = find_damage(village, "a", Damage("log", "own", no, 1, 0))
    assert problems == [f"Tabel log, log nomor {no}: kolom own rusak."]


def test_a_broken_log_row_does_not_hide_damage_elsewhere(village: Federation) -> None:
    with village.hub.database.write() as conn:
        conn.execute("SAVEPOINT uji")
        conn.execute("UPDATE log SET peran = 'umun' WHERE peran = 'umum'")
        last = "(SELECT max(pos) FROM change WHERE kind = 'penduduk')"
        conn.execute(f"UPDATE change SET kind = 'x' WHERE pos = {last}")
        problems = list_problems(village, "hub", conn)
        conn.execute("ROLLBACK TO uji")
    assert sum("kolom peran" in problem for problem in problems) == 1
    assert sum("kolom kind" in problem for problem in problems) == 1


def names_place(problems: list[str], table: str, column: str) -> bool:
    """Tell whether a sentence names the table and column; of a changed key, any table that misses rows."""
    if (table, column) in KEYS:
        return any(problem.startswith("Tabel ") for problem in problems)
    wanted = re.compile(rf"Tabel {table}, log nomor \d+.*\b{column}\b")
    return any(wanted.search(problem) for problem in problems)

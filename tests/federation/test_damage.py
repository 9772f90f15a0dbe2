"""One bit turned over in what is stored: verify finds it and names table, column and place."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection, IntegrityError, connect
from typing import Any, NamedTuple

import pytest

from hub.commands import check_hub
from hub.services import HubServices
from node.commands import check_node
from node.services import NodeServices, open_node
from shared.errors import DamageError
from shared.explain import explain_error
from tests.support.federation import Federation
from tests.support.office import NIK_A, Talk, create, own_log, rows, update

TABLES = {
    "log": (
        "no", "id", "origin", "wilayah", "peran", "kunci", "own", "size", "tree", "checkpoint", "proof", "closed",
        "closed_again",
    ),
    "change": ("pos", "kind", "record", "header", "body", "digest", "leaf"),
    "tile": ("pos", "hash"),
    "receipt": ("log", "size", "time_s", "note"),
    "branch": ("no", "log", "start", "ref", "size", "tree", "checkpoint", "time_s", "mark"),
    "branch_change": ("branch", "seq", "header", "body", "digest", "leaf"),
    "evidence": ("no", "time_s", "code", "log", "detail", "data", "mark"),
}
KEYS = {("log", "no"), ("change", "pos"), ("tile", "pos"), ("receipt", "log"), ("receipt", "size")}
LOGS = ("log", "change", "tile", "receipt")
"""Whose sentence names the column; that of the others names the row."""
SELDOM_FILLED = {
    ("change", "digest"), ("branch_change", "digest"), ("log", "checkpoint"), ("log", "proof"), ("evidence", "data"),
    ("branch", "checkpoint"),
}
SEEDS = 8
ROOT = Path(__file__).resolve().parents[2]


class Damage(NamedTuple):
    """Where a bit is turned over."""

    table: str
    column: str
    rowid: int
    old: Any
    new: Any


def flip(dice: random.Random, value: Any) -> Any:
    """Turn one bit over, in whatever the disk holds of a value; of text, the bytes need not be text any more."""
    if isinstance(value, int):
        return value ^ 1 << dice.randrange(62)
    if isinstance(value, str):
        raw = flip(dice, value.encode())
        return raw.decode(errors="surrogateescape")
    at = dice.randrange(len(value))
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


def put(path: Path, damage: Damage, value: Any) -> None:
    """Store a value as it is, text that is none among them, and keys that lead nowhere: a disk asks nobody."""
    raw = value.encode(errors="surrogateescape") if isinstance(value, str) else value
    mark = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
    with closing(connect(path, timeout=30)) as conn, conn:
        conn.execute(f"UPDATE {damage.table} SET {damage.column} = {mark} WHERE rowid = ?", (raw, damage.rowid))


@pytest.fixture(scope="module")
def village() -> Iterator[Federation]:
    """A village with enough changes that the tree has tiles, and two histories of one log on both sides.

    Every test gives it back as it was.
    """
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as folder:
        federation = Federation(Path(folder))
        a, b = federation.add_node("a"), federation.add_node("b")
        with a.database.write():
            ids = [create(a, nama="SITI", nik=NIK_A) for _ in range(300)]
            update(a, ids[0], telepon="081")
        federation.sync_all(3)
        update(b, ids[1], telepon="082")
        federation.sync_all()
        a.database.checkpoint()
        shutil.copytree(a.folder.path, federation.folder / "klon")
        copy = open_node(federation.folder / "klon", clock=federation.clock, random=lambda count: b"\x09" * count)
        federation.nodes["klon"] = copy
        create(a, nama="ADA DI KEDUANYA")
        create(copy, nama="LAIN")
        talk = Talk(federation, copy)
        federation.sync(a)
        assert talk.push(talk.run(own_log(copy).size - 1)).status == 409
        for _ in range(3):
            federation.sync(copy)
        yield federation
        federation.close()


def side_of(federation: Federation, side: str) -> HubServices | NodeServices:
    return federation.hub if side == "hub" else federation.nodes[side]


def list_problems(federation: Federation, side: str) -> list[str]:
    """Let the command ``verify`` of a side look."""
    services = side_of(federation, side)
    found = check_hub(services) if isinstance(services, HubServices) else check_node(services)
    assert found["baik"] is not bool(found["masalah"]) and ("saran" in found) is not found["baik"]
    problems: list[str] = found["masalah"]
    return problems


def find_damage(federation: Federation, side: str, damage: Damage) -> list[str] | None:
    """List the problems of a database with the damage in it; None where the damage cannot be stored."""
    services = side_of(federation, side)
    try:
        put(services.folder.database, damage, damage.new)
    except IntegrityError:
        return None
    try:
        return list_problems(federation, side)
    finally:
        if damage.column in ("no", "pos"):
            damage = damage._replace(rowid=damage.new)
        put(services.folder.database, damage, damage.old)


@pytest.mark.parametrize("side", ["hub", "klon"])
@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in TABLES.items() for c in columns])
def test_verify_finds_one_flipped_bit_and_names_table_and_column(
    village: Federation, side: str, table: str, column: str
) -> None:
    services = side_of(village, side)
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


@pytest.mark.parametrize("side", ["hub", "klon"])
def test_an_undamaged_village_has_no_problems(village: Federation, side: str) -> None:
    services = side_of(village, side)
    assert list_problems(village, side) == []
    with services.database.read() as conn:
        for table in TABLES:
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0], f"{side} has no {table}"


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
    ((pos, kind),) = rows(village.hub, "SELECT max(pos), kind FROM change WHERE kind = 'penduduk'")
    with village.hub.database.write() as conn:
        conn.execute("UPDATE log SET peran = 'umun' WHERE peran = 'umum'")
        conn.execute("UPDATE change SET kind = 'x' WHERE pos = ?", (pos,))
    problems = list_problems(village, "hub")
    with village.hub.database.write() as conn:
        conn.execute("UPDATE log SET peran = 'umum' WHERE peran = 'umun'")
        conn.execute("UPDATE change SET kind = ? WHERE pos = ?", (kind, pos))
    assert sum("kolom peran" in problem for problem in problems) == 1
    assert sum("kolom kind" in problem for problem in problems) == 1


def names_place(problems: list[str], table: str, column: str) -> bool:
    """Tell whether a sentence names the table and column; of a changed key, any table that misses rows."""
    if (table, column) in KEYS:
        return any(problem.startswith("Tabel ") for problem in problems)
    if table not in LOGS:
        return any(re.match(rf"Tabel {table.removesuffix('_change')}.* nomor \d+", problem) for problem in problems)
    wanted = re.compile(rf"Tabel {table}, log nomor \d+.*\b{column.removesuffix('_again')}\b")
    return any(wanted.search(problem) for problem in problems)


MODULES = {"hub": "hub.cli", "klon": "node.cli"}


def run_verify(village: Federation, side: str, at: Path, damage: Damage) -> tuple[int, str, str]:
    """Run the real command ``verify`` on a copy with the damage in it: exit code, standard output, standard error."""
    services = side_of(village, side)
    services.database.checkpoint()
    shutil.copytree(services.folder.path, at)
    put(at / services.folder.database.name, damage, damage.new)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; from {MODULES[side]} import main; sys.exit(main())", "--data", str(at),
         "verify"],
        cwd=ROOT, capture_output=True, text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("side", ["hub", "klon"])
@pytest.mark.parametrize(
    ("table", "column", "new"),
    [("log", "peran", "tmum"), ("change", "header", b"[1;"), ("branch", "size", 1 << 50), ("log", "closed", 5)],
)
def test_the_command_says_what_is_damaged_and_blames_nobody(
    village: Federation, side: str, table: str, column: str, new: Any, tmp_path: Path
) -> None:
    ((rowid,),) = rows(side_of(village, side), f"SELECT max(rowid) FROM {table}")
    code, said, complaint = run_verify(village, side, tmp_path / "salinan", Damage(table, column, rowid, None, new))
    assert (code, complaint) == (6, "")
    answer = json.loads(said)
    assert answer["baik"] is False and "pulihkan" in answer["saran"]
    assert names_place(answer["masalah"], table, column), answer
    assert "seberang" not in "".join(answer["masalah"])


def test_a_damaged_change_is_no_answer_of_the_other_side(village: Federation) -> None:
    ((pos, header),) = rows(village.hub, "SELECT max(pos), header FROM change WHERE kind = 'penduduk'")
    damage = Damage("change", "header", pos, header, b"[1;")
    put(village.hub.folder.database, damage, damage.new)
    try:
        with pytest.raises(DamageError) as caught:
            village.hub.rebuild()
        assert "rusak" in explain_error(caught.value) and "verify" in explain_error(caught.value)
    finally:
        put(village.hub.folder.database, damage, damage.old)

"""Nodes and hubs that are killed at drawn moments: what was acknowledged is there, and the rest comes again.

Real processes and real files. A moment is drawn from a seed as "after so many acknowledged changes, and so
many milliseconds on"; where exactly in the program that falls is the machine's choice, and must not matter.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.villages import make_village
from demonstration.checker import compare
from generate_desa import make_files
from node.services import open_node, write_hub
from shared.clock import SystemClock, system_random
from shared.store.folder import DataFolder
from shared.store.migrations import write_setting
from shared.web.local import call_server
from tests.support.warm import Program, Warm

DESA = "33.03.04.2006"
KECAMATAN = "33.03.04"
PENDUDUK = 3000
ROWS = 800
TABLES = ("penduduk", "keluarga", "dusun")
NODE, HUB = "sipande-node", "sipande-hub"


@dataclass
class Stage:
    """Folders prepared once, to be copied; ``imported_s`` is how long the import takes here today."""

    warm: Warm
    folder: Path
    sheet: Path
    imported: dict[str, int]
    imported_s: float
    total: int
    """Changes that the village's log and the two PCs' own first changes make together."""

    def copy(self, name: str, to: Path) -> Path:
        shutil.copytree(self.folder / name, to)
        return to


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with (
        tempfile.TemporaryDirectory(prefix="sipande-uji-") as name,
        closing(Warm()) as warm,
    ):
        yield _prepare(warm, Path(name))


@pytest.fixture
def place(stage: Stage) -> Iterator[Path]:
    """A folder for the copies of one test, in memory too."""
    with tempfile.TemporaryDirectory(prefix="salinan-", dir=stage.folder) as name:
        yield Path(name)
        stage.warm.end_all()


def _prepare(warm: Warm, folder: Path) -> Stage:
    """An empty node with its sheet; a village that has not been sent yet; a hub that has it, and a second PC."""
    sheet, _ = make_files(DESA, ROWS, 5, folder / "lembar")
    _run(warm, NODE, folder / "kosong", "init", "--desa", DESA, "--nama", "PC")
    imported = folder / "diimpor"
    shutil.copytree(folder / "kosong", imported)
    start = time.perf_counter()
    _run(warm, NODE, imported, "impor", str(sheet))
    imported_s = time.perf_counter() - start

    make_village(folder / "desa", DESA, PENDUDUK)
    _run(warm, NODE, folder / "kedua", "init", "--desa", DESA, "--nama", "PC kedua")
    _run(warm, HUB, folder / "hub", "init", "--kecamatan", KECAMATAN)
    hub = warm.serve(HUB, folder / "hub")
    for node in ("desa", "kedua"):
        code = _run(warm, HUB, folder / "hub", "slot", DESA, "--alamat", hub.address)["kode"]
        answer = _run(warm, NODE, folder / node, "enrol", code)
        _run(warm, HUB, folder / "hub", "setujui", answer["simpul"], "--kata", answer["kata"])
    hub.stop()
    shutil.copytree(folder / "hub", folder / "hub-penuh")
    shutil.copytree(folder / "desa", folder / "desa-terkirim")
    hub = warm.serve(HUB, folder / "hub-penuh")
    _point(folder / "desa-terkirim", hub.address)
    _run(warm, NODE, folder / "desa-terkirim", "sync")
    hub.stop()
    total = _count(folder / "hub-penuh", "change")
    return Stage(warm, folder, sheet, _count_all(imported), imported_s, total)


def _run(warm: Warm, program: str, folder: Path, *args: str) -> dict[str, Any]:
    ended = warm.run(program, folder, *args)
    assert ended.exit == 0, (args[0], ended)
    return ended.answer


def _point(folder: Path, address: str, run_bytes: int = 0) -> None:
    """Tell a node where its hub listens now, and optionally how bad its link was last time."""
    services = open_node(folder, clock=SystemClock(), random=system_random)
    try:
        hub = services.hub()
        assert hub is not None
        with services.database.write() as conn:
            write_hub(conn, replace(hub, address=address))
            if run_bytes:
                write_setting(conn, "run_bytes", str(run_bytes))
    finally:
        services.close()


def _open(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(folder / 'data.sqlite').as_uri()}?mode=ro", uri=True, timeout=30)


def _ask(folder: Path, sql: str) -> Any:
    with closing(_open(folder)) as conn:
        return conn.execute(sql).fetchone()[0]


def _count(folder: Path, table: str) -> int:
    return int(_ask(folder, f"SELECT count(*) FROM {table}"))


def _count_all(folder: Path) -> dict[str, int]:
    return {table: _count(folder, table) for table in ("change", "import_batch", "import_base", *TABLES)}


def _kill_when(
    victim: Program, is_due: Callable[[sqlite3.Connection], bool], watched: Path, delay_s: float,
    other: Program | None = None,
) -> bool:
    """Kill once what a folder holds says so and ``delay_s`` is over; tell whether work was still going on."""
    worker = other or victim
    with closing(_open(watched)) as conn:
        while worker.is_alive() and not is_due(conn):
            time.sleep(0.002)
    time.sleep(delay_s)
    was_working = worker.is_alive()
    if victim.is_alive():
        victim.kill()
    else:
        victim.wait()
    return was_working


def _check_file(folder: Path) -> None:
    """Let SQLite itself look at a copy: closing the file would tidy up what the program must find as it is."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        for file in folder.glob("data.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, name)
        with closing(sqlite3.connect(Path(name) / "data.sqlite")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def _verify(warm: Warm, *sides: tuple[str, Path]) -> None:
    """Let both programs check every byte and rebuild, at the same time."""
    started = [warm.start(program, folder, "verify") for program, folder in sides]
    for (_, folder), program in zip(sides, started, strict=True):
        ended = program.wait()
        assert (ended.exit, ended.answer) == (0, {"baik": True, "masalah": []}), (folder.name, ended)
        _check_file(folder)


def _acknowledged(folder: Path) -> dict[str, int]:
    """How much of each log the hub has receipted, as this node knows it."""
    with closing(_open(folder)) as conn:
        sql = "SELECT l.id, max(r.size) FROM receipt r JOIN log l ON l.no = r.log GROUP BY l.id"
        return dict(conn.execute(sql))


def _logs(folder: Path) -> dict[str, tuple[int, int]]:
    """Every log: the size that its head says, and the changes that stand there."""
    with closing(_open(folder)) as conn:
        sql = "SELECT l.id, l.size, (SELECT count(*) FROM change c WHERE c.pos >> 40 = l.no) FROM log l"
        return {id: (size, held) for id, size, held in conn.execute(sql)}


def _leaves(folder: Path, log: str, size: int) -> list[bytes]:
    with closing(_open(folder)) as conn:
        sql = "SELECT c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40 WHERE l.id = ? ORDER BY c.pos LIMIT ?"
        return [row[0] for row in conn.execute(sql, (log, size))]


def _settle(stage: Stage, hub: Path, node: Path, *, serving: Program) -> None:
    """Sync to the end, then compare everything: logs, rows, what stands twice, both sides' own checks."""
    for _ in range(2):
        assert _run(stage.warm, NODE, node, "sync")["hasil"] == "selesai"
    assert serving.stop() == 0
    here, there = _logs(node), _logs(hub)
    assert all(size == held for size, held in (*here.values(), *there.values()))
    assert all(there[log] == held for log, held in here.items())
    assert compare(hub, {node: DESA}, KECAMATAN) == []
    for folder in (hub, node):
        assert _count(folder, "penduduk") == PENDUDUK
        assert _ask(folder, "SELECT count(DISTINCT nik) FROM penduduk") == PENDUDUK
        assert _ask(folder, "SELECT count(*) - count(DISTINCT leaf) FROM change") == 0
    _verify(stage.warm, (NODE, node), (HUB, hub))


def _check_acknowledged(hub: Path, node: Path) -> None:
    held = _logs(hub)
    for log, size in _acknowledged(node).items():
        assert held[log][0] >= size
        assert _leaves(hub, log, size) == _leaves(node, log, size)


@pytest.mark.parametrize("seed", range(5))
def test_a_node_killed_while_it_imports_has_all_of_the_file_or_nothing(stage: Stage, place: Path, seed: int) -> None:
    node = stage.copy("kosong", place / "node")
    moment_s = stage.imported_s * (seed + Random(f"impor/{seed}").random()) / 5
    started = stage.warm.start(NODE, node, "impor", str(stage.sheet))
    time.sleep(moment_s)
    if started.is_alive():
        started.kill()
    _check_import(stage, node)


def test_a_serving_node_killed_inside_the_transaction_of_an_import_has_all_or_nothing(
    stage: Stage, place: Path
) -> None:
    node = stage.copy("kosong", place / "node")
    server = stage.warm.serve(NODE, node, "--tanpa-otomatis")

    def kill_when_writing(report: dict[str, Any]) -> None:
        # The second half of the bar is the writing.
        if report["selesai"] > report["dari"] // 2 and server.is_alive():
            server.kill()

    try:
        call_server(DataFolder(node), "impor", {"berkas": str(stage.sheet)}, kill_when_writing)
    except Exception as error:
        assert getattr(error, "exit_code", None) == 3
    assert not server.is_alive()
    _check_import(stage, node)


def _check_import(stage: Stage, node: Path) -> None:
    """Whole or absent after the restart, and complete when it is done again."""
    _check_file(node)
    empty = _count_all(stage.folder / "kosong")
    _verify(stage.warm, (NODE, node))
    found = _count_all(node)
    assert found in (empty, stage.imported)
    _run(stage.warm, NODE, node, "impor", str(stage.sheet))
    again = _count_all(node)
    assert again["import_batch"] == (1 if found == empty else 2)
    assert {**again, "import_batch": 1} == stage.imported
    assert again["penduduk"] == ROWS
    _verify(stage.warm, (NODE, node))


@pytest.mark.parametrize("seed", range(3))
def test_a_node_killed_while_it_pushes_goes_on_where_the_hub_stands(stage: Stage, place: Path, seed: int) -> None:
    dice = Random(f"push/{seed}")
    hub, node = stage.copy("hub", place / "hub"), stage.copy("desa", place / "desa")
    serving = stage.warm.serve(HUB, hub)
    _point(node, serving.address, run_bytes=4096)
    target, delay_s = dice.randrange(stage.total // 2), dice.uniform(0, 0.05)
    started = stage.warm.start(NODE, node, "sync")

    def is_due(conn: sqlite3.Connection) -> bool:
        return bool(conn.execute("SELECT coalesce(max(size), 0) >= ? FROM receipt", (target,)).fetchone()[0])

    assert _kill_when(started, is_due, node, delay_s)
    _check_file(node)
    _check_acknowledged(hub, node)
    _settle(stage, hub, node, serving=serving)


@pytest.mark.parametrize("seed", range(3))
def test_a_hub_killed_while_a_node_pushes_still_has_all_it_gave_a_receipt_for(
    stage: Stage, place: Path, seed: int
) -> None:
    dice = Random(f"hub/{seed}")
    hub, node = stage.copy("hub", place / "hub"), stage.copy("desa", place / "desa")
    serving = stage.warm.serve(HUB, hub)
    _point(node, serving.address, run_bytes=4096)
    target, delay_s = dice.randrange(stage.total // 2), dice.uniform(0, 0.05)
    started = stage.warm.start(NODE, node, "sync")

    def is_due(conn: sqlite3.Connection) -> bool:
        return bool(conn.execute("SELECT max(size) >= ? FROM log", (target,)).fetchone()[0])

    assert _kill_when(serving, is_due, hub, delay_s, other=started)
    ended = started.wait()
    assert ended.exit == 5 and "aman" in ended.err
    _check_file(hub)
    _check_acknowledged(hub, node)
    again = stage.warm.serve(HUB, hub)
    _point(node, again.address)
    _settle(stage, hub, node, serving=again)


@pytest.mark.parametrize("seed", range(3))
def test_a_second_pc_killed_while_it_fetches_the_village_fetches_the_rest(
    stage: Stage, place: Path, seed: int
) -> None:
    dice = Random(f"pull/{seed}")
    hub, node = stage.copy("hub-penuh", place / "hub"), stage.copy("kedua", place / "kedua")
    serving = stage.warm.serve(HUB, hub)
    _point(node, serving.address, run_bytes=4096)
    target, delay_s = dice.randrange(stage.total // 2), dice.uniform(0, 0.05)
    started = stage.warm.start(NODE, node, "sync")

    def is_due(conn: sqlite3.Connection) -> bool:
        return bool(conn.execute("SELECT count(*) >= ? FROM change", (target,)).fetchone()[0])

    assert _kill_when(started, is_due, node, delay_s)
    _check_file(node)
    _settle(stage, hub, node, serving=serving)

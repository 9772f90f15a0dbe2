"""Figures of one side alone: importing a spreadsheet, rebuilding, sitting idle."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date

from benchmarks.line import Line, make_line
from benchmarks.villages import DESA, edit_people, make_village
from generate_desa import make_files
from running.processes import run_command, scratch, serving, serving_hub, wait_quiet
from synthetic.sheet import Layout

IMPORT_ROWS = 5000
ROUNDS = 3


def bench_import() -> Iterator[Line]:
    """Dry run and apply of 5,000 rows of 43 columns, then the same file again."""
    first: list[float] = []
    again: list[float] = []
    peak: list[float] = []
    with scratch() as base:
        path, _ = make_files(DESA, IMPORT_ROWS, 7, base, layout=Layout(kotor=True, label=True), acuan=date(2026, 11, 1))
        for at in range(ROUNDS):
            folder = base / f"node{at}"
            run_command("sipande-node", folder, "init", "--desa", DESA, "--nama", "PC bench")
            with serving("sipande-node", folder, "--tanpa-otomatis") as node:
                wait_quiet()
                start = time.perf_counter()
                node.call("impor", berkas=str(path), periksa=True)
                done = node.call("impor", berkas=str(path))
                first.append(time.perf_counter() - start)
                assert done["jumlah"]["baru"] == IMPORT_ROWS, done["jumlah"]
                peak.append(node.peak_mb())
                start = time.perf_counter()
                repeat = node.call("impor", berkas=str(path))
                again.append(time.perf_counter() - start)
                changed = repeat["jumlah"]["baru"] + repeat["jumlah"]["berubah"]
                assert changed == 0, repeat["jumlah"]
    yield make_line("import", statistics.median(first), "s", limit=4)
    yield make_line("import-again", statistics.median(again), "s", limit=2)
    yield make_line("import-peak", statistics.median(peak), "MB", limit=150)


def bench_rebuild() -> Iterator[Line]:
    """Fold 20,000 residents with families and 20,000 edits again from the log."""
    taken: list[float] = []
    with scratch() as base:
        folder = base / "node"
        make_village(folder, DESA, 20_000)
        edit_people(folder, 20_000)
        with serving("sipande-node", folder, "--tanpa-otomatis") as node:
            for _ in range(ROUNDS):
                start = time.perf_counter()
                changes = node.call("rebuild")["perubahan"]
                taken.append(time.perf_counter() - start)
    yield make_line("rebuild", statistics.median(taken), "s", limit=6, changes=changes)


def bench_idle() -> Iterator[Line]:
    """Memory of a node with 5,000 residents and of a hub, after start and a while of nothing."""
    with scratch() as base:
        make_village(base / "node", DESA, 5000)
        # As in an office: for phones too, by https.
        office = ("--host", "0.0.0.0", "--port-https", "0")
        with serving_hub(base / "hub") as hub, serving("sipande-node", base / "node", *office) as node:
            wait_quiet(3.0)
            yield make_line("idle-node", node.pss_mb(), "MB PSS", limit=90)
            yield make_line("idle-hub", hub.pss_mb(), "MB PSS", limit=120)

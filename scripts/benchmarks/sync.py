"""The sync figures: first sync, wire bytes, edits, nothing to do, many nodes."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from running.processes import enrol_node, scratch, serving, serving_hub, wait_quiet
from benchmarks.line import Line, make_line
from benchmarks.link import linked
from benchmarks.villages import DESA, dump_rows, edit_people, make_village
from shared.codes import wilayah as codes

PENDUDUK = 20_000
ROUNDS = 3


def raw_insert_s(folder: Path, rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> float:
    """Time a bare ``executemany`` of the same rows into one file: WAL, FULL, the same indexes on what matters."""
    path = folder / "raw.sqlite"
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    for table, (columns, _) in rows.items():
        conn.execute(f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY (id, desa))")
    conn.execute("CREATE INDEX p_nik ON penduduk (nik)")
    conn.execute("CREATE INDEX p_keluarga ON penduduk (keluarga)")
    conn.execute("CREATE INDEX p_nama ON penduduk (desa, nama)")
    conn.execute("CREATE INDEX k_no_kk ON keluarga (no_kk)")
    start = time.perf_counter()
    conn.execute("BEGIN IMMEDIATE")
    for table, (columns, values) in rows.items():
        conn.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", values)
    conn.execute("COMMIT")
    elapsed = time.perf_counter() - start
    conn.close()
    path.unlink()
    return elapsed


def bench_sync_full() -> Iterator[Line]:
    """First sync of 20,000 residents with families, beside the raw insert of the same rows."""
    samples: list[dict[str, float]] = []
    with scratch() as base:
        make_village(base / "asal", DESA, PENDUDUK)
        rows = dump_rows(base / "asal", ("keluarga", "penduduk"))
        for at in range(ROUNDS):
            raw_s = raw_insert_s(base, rows)
            samples.append({"raw_s": raw_s, **_first_sync(base, base / "asal", at)})
    middle = {name: statistics.median(s[name] for s in samples) for name in samples[0]}
    ratio = statistics.median(s["wall_s"] / s["raw_s"] for s in samples)
    yield make_line("sync-full", middle["wall_s"], "s", "raw executemany", ratio, limit=10)
    cpu_node, cpu_hub = middle["cpu_node_s"], middle["cpu_hub_s"]
    yield make_line("sync-full-cpu", cpu_node + cpu_hub, "CPU-s", limit=4, node=cpu_node, hub=cpu_hub)
    yield make_line("sync-full-peak-node", middle["peak_node_mb"], "MB", limit=90)
    yield make_line("sync-full-peak-hub", middle["peak_hub_mb"], "MB", limit=110)
    yield make_line("sync-wire", middle["bytes"] / PENDUDUK, "byte/penduduk", limit=110)


def _first_sync(base: Path, origin: Path, at: int) -> dict[str, float]:
    node_folder = base / f"node{at}"
    shutil.copytree(origin, node_folder)
    with serving_hub(base / f"hub{at}") as hub, serving("sipande-node", node_folder, "--tanpa-otomatis") as node:
        enrol_node(hub, node, DESA)
        wait_quiet()
        cpu_node, cpu_hub = node.cpu_s(), hub.cpu_s()
        start = time.perf_counter()
        answer = node.call("sync")
        wall_s = time.perf_counter() - start
        assert answer["hasil"] == "selesai", answer
        held = hub.call("status")["jumlah"]
        assert held["penduduk"] == PENDUDUK, held
        return {
            "wall_s": wall_s, "cpu_node_s": node.cpu_s() - cpu_node, "cpu_hub_s": hub.cpu_s() - cpu_hub,
            "peak_node_mb": node.peak_mb(), "peak_hub_mb": hub.peak_mb(),
            "bytes": float(answer["byte_kirim"] + answer["byte_terima"]),
        }


def bench_sync_edits() -> Iterator[Line]:
    """500 edits in one session, one edit, and nothing to do, on a node that has synced 20,000 residents."""
    found: dict[str, list[float]] = {}
    with scratch() as base:
        folder = base / "node"
        make_village(folder, DESA, PENDUDUK)
        with serving_hub(base / "hub") as hub:
            with serving("sipande-node", folder, "--tanpa-otomatis") as node:
                enrol_node(hub, node, DESA)
                node.call("sync")
            for at in range(ROUNDS):
                for name, count in (("edits", 500), ("single", 1), ("noop", 0)):
                    if count:
                        edit_people(folder, count, 1000 * at + (600 if count == 1 else 0))
                    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
                        node.call("paritas")
                        wait_quiet()
                        start = time.perf_counter()
                        answer = node.call("sync")
                        found.setdefault(f"{name}_s", []).append(time.perf_counter() - start)
                        size = answer["byte_kirim"] + answer["byte_terima"]
                        found.setdefault(f"{name}_bytes", []).append(size)
                        found.setdefault(f"{name}_requests", []).append(answer["permintaan"])
                        assert answer["hasil"] == "selesai", answer
    middle = {name: statistics.median(values) for name, values in found.items()}
    yield make_line("sync-edits", middle["edits_s"], "s", limit=0.3)
    yield make_line("sync-edits-wire", middle["edits_bytes"] / 1000, "kB", limit=45)
    requests = middle["single_requests"]
    yield make_line("sync-single-wire", middle["single_bytes"] / 1000, "kB", limit=4.5, requests=requests)
    requests, seconds = middle["noop_requests"], middle["noop_s"]
    yield make_line("sync-noop", middle["noop_bytes"] / 1000, "kB", limit=2.5, requests=requests, seconds=seconds)


def bench_sync_many() -> Iterator[Line]:
    """30 nodes at once against one node with the same records."""
    each = PENDUDUK // 30
    desa = [item.kode for item in codes.children("33.03.04")]
    with scratch() as base:
        make_village(base / "satu", DESA, each * 30)
        one = _first_wall(base, "satu")
        for at in range(30):
            make_village(base / f"n{at}", desa[at % len(desa)], each, seed=100 + at)
        with ExitStack() as stack:
            hub = stack.enter_context(serving_hub(base / "hub-banyak"))
            nodes = [
                stack.enter_context(serving("sipande-node", base / f"n{at}", "--tanpa-otomatis")) for at in range(30)
            ]
            for at, node in enumerate(nodes):
                enrol_node(hub, node, desa[at % len(desa)])
            wait_quiet(1.0)
            start = time.perf_counter()
            with ThreadPoolExecutor(30) as pool:
                answers = list(pool.map(lambda node: node.call("sync"), nodes))
            many = time.perf_counter() - start
            errors = sum(answer["hasil"] != "selesai" for answer in answers)
            held = hub.call("status")["jumlah"]["penduduk"]
    assert held == each * 30, held
    yield make_line("sync-many", many, "s", "one node, same records", many / one, limit=2, errors=errors)


def _first_wall(base: Path, name: str) -> float:
    with serving_hub(base / f"hub-{name}") as hub, serving("sipande-node", base / name, "--tanpa-otomatis") as node:
        enrol_node(hub, node, DESA)
        wait_quiet()
        start = time.perf_counter()
        node.call("sync")
        return time.perf_counter() - start


def bench_sync_cut() -> Iterator[Line]:
    """A first sync over a connection cut once half-way, and over a link that dies after every 40 kB."""
    with scratch() as base:
        make_village(base / "asal", DESA, PENDUDUK)
        whole, _, whole_s = _relayed_sync(base, "utuh")
        _, again, half_s = _relayed_sync(base, "separuh", cut_at=whole // 2)
        dying, _, dying_s = _relayed_sync(base, "sekarat", cut_every=40_000)
    yield make_line("sync-cut", again / 1000, "kB of runs sent again", limit=32, seconds=half_s, uncut_s=whole_s)
    ratio = dying / whole
    yield make_line("sync-dying", dying / 1000, "kB", "bytes of the uncut sync", ratio, limit=2.5, seconds=dying_s)


def _relayed_sync(base: Path, name: str, *, cut_every: int = 0, cut_at: int = 0) -> tuple[int, int, float]:
    """Sync a copy of the village through a link; give bytes up, bytes of runs sent again, seconds."""
    folder = base / f"node-{name}"
    shutil.copytree(base / "asal", folder)
    with serving_hub(base / f"hub-{name}") as hub, serving("sipande-node", folder, "--tanpa-otomatis") as node:
        with linked(hub.address, cut_every=cut_every, cut_at=cut_at) as link:
            enrol_node(hub, node, DESA, link.address)
            before = link.up
            start = time.perf_counter()
            answer = node.call("sync")
            again = answer["byte_ulang"]
            for _ in range(20):
                if answer["hasil"] == "selesai":
                    break
                answer = node.call("sync")
                again += answer["byte_ulang"]
            elapsed = time.perf_counter() - start
            assert answer["hasil"] == "selesai", answer
            held = hub.call("status")["jumlah"]["penduduk"]
            assert held == PENDUDUK, held
            return link.up - before, again, elapsed

"""A guard on what findings cost: the first sync of a large desa must not wait for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from time import process_time

import pytest

from hub.verval import findings
from shared.store.rows import Touched
from tests.support.hub_db import Change, HubDb, common_writer, desa_writer, record_id

RESIDENTS, FAMILIES, RECIPIENTS, BATCH = 20_000, 6_000, 5_000, 1_000
SECONDS_MAX = 2.0


class Meter:
    """Observes as the hub does and adds up the processor time of it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def observe(self, conn: sqlite3.Connection, touched: Sequence[Touched]) -> None:
        start = process_time()
        findings.observe(conn, touched)
        self.seconds += process_time() - start


def _write_desa() -> list[Change]:
    """Write families, then their members; one in a hundred has a NIK that disagrees with the birth date."""
    node = desa_writer(0)
    changes = [
        node.create("keluarga", f"k{n}", no_kk=f"330399010120{n:04d}", rt="001") for n in range(FAMILIES)
    ]
    for n in range(RESIDENTS):
        family = n * FAMILIES // RESIDENTS
        at = n - -(-family * RESIDENTS // FAMILIES)
        day, month, year, sex = 1 + n % 28, 1 + n % 12, 50 + n % 49 if at == 0 else n % 25, 1 + n % 2
        nik = f"330399{day + 40 * (sex - 1):02d}{month:02d}{year:02d}{1 + n // 7:04d}"
        changes.append(
            node.create(
                "penduduk", f"p{n}", nik=nik, nama="Orang Uji", keluarga=record_id(f"k{family}"),
                hubungan=1 if at == 0 else 4, jenis_kelamin=sex, status_dasar=1, agama=1, pekerjaan=1,
                tanggal_lahir=f"{'19' if at == 0 else '20'}{year:02d}-{month:02d}-{day + (n % 100 == 0):02d}",
            )
        )
    return changes


def _deliver(hub: HubDb, changes: Sequence[Change]) -> None:
    for start in range(0, len(changes), BATCH):
        hub.deliver(*changes[start : start + BATCH])


def test_a_first_sync_of_a_large_desa_costs_little(capsys: pytest.CaptureFixture[str]) -> None:
    changes = _write_desa()
    meter = Meter()
    hub = HubDb(meter.observe)
    _deliver(hub, changes)
    first = meter.seconds
    counts = dict(hub.conn.execute("SELECT kode, count(*) FROM temuan GROUP BY kode"))

    node = changes[0].writer
    aid = [
        node.create(
            "penerima_bantuan", f"b{n}", program=record_id("program"), penduduk=record_id(f"p{n * 4}"),
            periode="2026", status="aktif",
        )
        for n in range(RECIPIENTS)
    ]
    hub.deliver(common_writer().create("program_bantuan", "program", nama="Uji", sasaran=1, kuota=10_000))
    meter.seconds = 0.0
    _deliver(hub, aid)
    second, meter.seconds = meter.seconds, 0.0
    residents = changes[FAMILIES:]
    edits = [node.update("penduduk", f"p{n}", residents[n : n + 1], agama=2) for n in range(BATCH)]
    _deliver(hub, edits)
    with capsys.disabled():
        print(f"\nfindings: first {first:.3f} s {counts}, aid {second:.3f} s, edits {meter.seconds:.3f} s")
    assert first < SECONDS_MAX
    assert second < SECONDS_MAX
    assert meter.seconds < SECONDS_MAX

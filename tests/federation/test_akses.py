"""What officers of the kecamatan look at reaches the desa whose people it is: once, its own, whatever is restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.akses.tell import LOOKS_PER_CALL, tell_looks
from hub.app import make_hub_app
from hub.commands import add_petugas
from hub.pemulihan.state import begin_recovery, end_recovery
from hub.usb.folder import take_path
from node.services import NodeServices
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.store.outbox import Outbox
from shared.web.passwords import Cost
from shared.web.services import Web
from tests.federation.test_histories import check_whole, copy_folder, restore_hub
from tests.hub_app.test_pages_site import send
from tests.support.federation import DESA, Federation
from tests.support.office import create, rows, sizes, value

CHEAP = Cost(memory_kib=32, rounds=1)
OTHER, DAY_S, BUDI = "33.03.04.2001", 86_400, "budi"
PASSWORD = "kuda lumping di tengah sawah"
TOLD = "SELECT tanggal, nama, peran, kegiatan, tentang, keperluan, penduduk, keluarga, rekaman FROM akses ORDER BY id"


def add_officer(federation: Federation) -> None:
    """Give the hub one person who may see names."""
    hub = federation.hub
    accounts = _shell(federation).accounts
    prepared = accounts.prepare(BUDI, PASSWORD, "wali_data")
    with hub.database.write() as conn:
        accounts.add(conn, BUDI, prepared, "wali_data", add_petugas(hub, "Budi Santoso", "", "wali_data"), "uji")


def _shell(federation: Federation) -> Web:
    shell: Web = make_hub_app(federation.hub, CHEAP).extensions["sipande"]
    return shell


def log_in(federation: Federation) -> FlaskClient:
    """Open a browser at the hub as it stands now."""
    client = make_hub_app(federation.hub, CHEAP).test_client()
    assert send(client, "/masuk", {"nama_pengguna": BUDI, "kata_sandi": PASSWORD}, page="/masuk").status_code == 303
    return client


def look(federation: Federation, path: str = "/sipande/penduduk") -> None:
    assert log_in(federation).get(path).status_code == 200


def make_two_desa(federation: Federation) -> tuple[NodeServices, NodeServices, str, str]:
    """Two desa with one resident each, all in step, and an officer at the hub."""
    a, b = federation.add_node("a"), federation.add_node("b", OTHER)
    of_a, of_b = create(a, nama="SITI AMINAH"), create(b, nama="BUDI RAHARJO")
    add_officer(federation)
    federation.sync_all(3)
    return a, b, of_a, of_b


def test_each_desa_reads_what_was_seen_of_its_own_and_nothing_of_others(federation: Federation) -> None:
    a, b, of_a, of_b = make_two_desa(federation)
    day = "2026-09-21"
    look(federation)
    federation.sync_all()
    assert rows(a, TOLD) == rows(b, TOLD) == [], "the day is not over"
    federation.clock.now += DAY_S
    federation.sync_all()
    said = (day, "Budi Santoso", "Wali data", "Membuka daftar nama", "Daftar penduduk", None, 1, None)
    assert rows(a, TOLD) == [(*said, f'["{of_a}"]')]
    assert rows(b, TOLD) == [(*said, f'["{of_b}"]')]
    for node, other in ((a, of_b), (b, of_a)):
        assert not any(other.encode() in header + body for header, body in rows(
            node, "SELECT header, coalesce(body, x'') FROM change"
        )), "not a word of another desa has travelled"
    check_whole(federation, a, b)


def test_a_second_sync_adds_nothing_and_a_day_without_looks_is_silent(federation: Federation) -> None:
    a, b, _, _ = make_two_desa(federation)
    look(federation)
    federation.clock.now += DAY_S
    federation.sync_all()
    before = sizes(federation.hub)
    assert value(federation.hub, "SELECT count(*) FROM akses") == 2
    for _ in range(3):
        federation.clock.now += DAY_S
        for node in (a, b):
            report = federation.sync(node)
            assert (report.sent, report.received, report.parity) == (0, 0, "sama")
    assert sizes(federation.hub) == before
    assert rows(federation.hub, "SELECT * FROM look") == rows(federation.hub, "SELECT * FROM look_record") == []


def test_a_look_comes_with_the_first_push_as_with_the_first_hello(federation: Federation) -> None:
    a, _, of_a, _ = make_two_desa(federation)
    look(federation)
    federation.clock.now += DAY_S
    create(a, nama="ANAK SITI")
    federation.sync(a)
    assert [row[-1] for row in rows(a, TOLD)] == [f'["{of_a}"]']


def test_a_look_travels_on_a_stick(federation: Federation, tmp_path: Path) -> None:
    a, _, of_a, _ = make_two_desa(federation)
    look(federation)
    federation.clock.now += DAY_S
    stick = tmp_path / "stik"
    stick.mkdir()
    write_bundle(a, stick)
    take_path(federation.hub, stick, Outbox(federation.hub.folder))
    read_path(a, stick)
    assert [row[-1] for row in rows(a, TOLD)] == [f'["{of_a}"]']


def test_a_clock_that_was_ahead_keeps_no_look_back(federation: Federation) -> None:
    a, _, _, _ = make_two_desa(federation)
    federation.clock.now += 3650 * DAY_S
    look(federation)
    federation.clock.now -= 3650 * DAY_S
    federation.sync(a)
    assert [row[0] for row in rows(a, TOLD)] == ["2036-09-18"]


def test_months_of_looks_come_in_pieces(federation: Federation) -> None:
    a, _, _, _ = make_two_desa(federation)
    with federation.hub.database.write() as conn:
        conn.executemany(
            "INSERT INTO look (id, desa, tanggal, petugas, peran, kegiatan, tentang, keperluan, penduduk)"
            " VALUES (?, ?, '2026-01-01', 'x', '', 'daftar_dibuka', ?, '', 1)",
            [(federation.hub.new_id(), DESA, str(at)) for at in range(LOOKS_PER_CALL + 7)],
        )
    federation.sync(a)
    assert value(a, "SELECT count(*) FROM akses") == LOOKS_PER_CALL
    federation.sync(a)
    federation.sync(a)
    assert value(a, "SELECT count(DISTINCT tentang) FROM akses") == LOOKS_PER_CALL + 7


@pytest.mark.parametrize("keeps_keys", [True, False])
def test_a_restored_hub_tells_nothing_twice_and_loses_nothing_it_told(federation: Federation, keeps_keys: bool) -> None:
    """Also when it has its key folder of the same day back, and learns of the restore from a computer alone."""
    a, b, _, _ = make_two_desa(federation)
    look(federation)
    old = copy_folder(federation, federation.hub, "hub-lama")
    create(a, nama="WARGA BARU")
    federation.sync(a)
    look(federation)
    federation.clock.now += DAY_S
    federation.sync_all()
    told = {node.wilayah: rows(node, TOLD) for node in (a, b)}
    assert [row[6] for row in told[DESA]] == [2] and [row[6] for row in told[OTHER]] == [1]
    hub = restore_hub(federation, old, keeps_keys)
    assert value(hub, "SELECT count(*) FROM look") == 2, "the copy is from before they were told"
    federation.sync_all(3)
    federation.clock.now += DAY_S
    federation.sync_all(2)
    for node in (a, b):
        assert rows(node, TOLD) == told[node.wilayah]
        assert value(hub, "SELECT count(*) FROM akses WHERE desa = ?", node.wilayah) == 1
    assert rows(hub, "SELECT * FROM look") == []
    assert value(hub, "SELECT count(*) FROM change WHERE kind = 'akses'") == 2, "its own word came back, and no other"
    check_whole(federation, a, b)


def test_a_hub_in_recovery_waits_for_the_other_computer_of_the_desa(federation: Federation) -> None:
    a, b, _, _ = make_two_desa(federation)
    second = federation.add_node("kedua")
    federation.sync_all()
    look(federation)
    federation.clock.now += DAY_S
    with federation.hub.database.write() as conn:
        begin_recovery(conn, federation.clock.now)
    federation.sync(a)
    federation.sync(b)
    assert rows(a, TOLD) == [] and len(rows(b, TOLD)) == 1
    federation.sync(second)
    federation.sync(a)
    assert len(rows(a, TOLD)) == len(rows(second, TOLD)) == 1


def test_of_two_histories_of_a_hub_the_larger_number_holds(federation: Federation) -> None:
    """The hub was put back, its recovery ended too early, and it told of a look that a silent computer knew."""
    a, b, _, _ = make_two_desa(federation)
    second = federation.add_node("kedua")
    federation.sync_all()
    look(federation)
    old = copy_folder(federation, federation.hub, "hub-lama")
    create(second, nama="WARGA BARU")
    federation.sync(second)
    look(federation)
    federation.clock.now += DAY_S
    federation.sync(second)
    assert value(second, "SELECT penduduk FROM akses") == 2
    hub = restore_hub(federation, old, True)
    with hub.database.write() as conn:
        end_recovery(conn)
    federation.sync(a)
    assert value(a, "SELECT penduduk FROM akses") == 1
    federation.sync_all(4)
    for side in (hub, a, second):
        assert rows(side, "SELECT penduduk FROM akses WHERE desa = ?", DESA) == [(2,)]
        assert rows(side, "SELECT * FROM conflict") == []
    assert tell_looks(hub, DESA) == 0
    check_whole(federation, a, second)

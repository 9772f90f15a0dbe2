"""A month in which the numbers of thousands change is closed like any other, and every number opens its names."""

from __future__ import annotations

from html import unescape

import pytest

from hub.services import HubServices
from node.change import write_drafts
from node.keluarga.closing import close_dusun
from node.services import NodeServices
from shared.changelog.change import decode_headers
from shared.errors import UserError
from shared.lampid.cells import Pilih
from shared.lampid.names import has_nameless
from shared.lampid.report import Kolom, Laporan
from shared.lampid.state import Taraf
from shared.store.drafts import draft_create
from shared.store.lampid import read_buku, read_named, read_vectors
from tests.federation.test_lampid_laporan import BULAN, DESA, open_hub_pages, state_of
from tests.support.federation import Federation
from tests.support.lampid import close, happen, months
from tests.support.office import create, rows

NEXT = "2026-09"


def add_people(node: NodeServices, count: int, dusun: str) -> list[str]:
    """Enter residents without an event, as an import does."""
    kind, ids = node.catalogue["penduduk"], [node.new_id() for _ in range(count)]
    for at in range(0, count, 1000):
        write_drafts(node, [
            draft_create(kind, id, {"nama": "WARGA UJI", "jenis_kelamin": 1 + number % 2, "dusun": dusun})
            for number, id in enumerate(ids[at : at + 1000])
        ], author=node.new_id())
    return ids


def named(side: NodeServices | HubServices, bulan: str) -> Laporan:
    with side.database.read() as conn:
        in_force = read_buku(conn, side.catalogue, DESA).in_force
        at = [month.bulan for month in in_force].index(bulan)
        return read_named(conn, side.catalogue, DESA, in_force[at], in_force[:at])


def versions_of(node: NodeServices) -> list[int]:
    found = rows(node, "SELECT header FROM change WHERE kind = 'laporan_lampid' ORDER BY pos")
    return [header.kind_version for header in decode_headers([row[0] for row in found])]


@pytest.mark.parametrize("count", [6_100, 12_000])
def test_a_village_entered_after_its_first_closing_closes_and_its_names_are_found(
    federation: Federation, count: int
) -> None:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    dusun = create(one, "dusun", nama="KIDUL")
    first = create(one, jenis_kelamin=1, dusun=dusun)
    close(one, BULAN)
    people = add_people(one, count, dusun)
    _, event = happen(one, "mati", "2026-09-02", first)
    said = close(one, NEXT)
    assert len(said.gerak) == count + 1
    state = state_of(one, NEXT)
    assert state.taraf is Taraf.DIKIRIM and state.laporan and has_nameless(state.laporan)
    assert state.laporan.sums == said.sums and state.laporan.akhir == said.akhir
    assert versions_of(one) == [1, 2], "an older program reads the small month and waits with the big one"
    federation.sync_all(3)
    for side in (one, two, federation.hub):
        found = named(side, NEXT)
        assert found == said
        assert {gerak.penduduk for gerak in found.name([Kolom.PEMBETULAN], Pilih(dusun))} == set(people)
        with side.database.read() as conn:
            buku = read_buku(conn, side.catalogue, DESA)
            start = read_vectors(conn, side.catalogue, DESA, buku, (), NEXT, True)
        assert set(start) == {first}
    assert event in {gerak.peristiwa for gerak in said.gerak}
    one.clock.now += 40 * 86_400
    assert close(one, "2026-10").gerak == () and months(one)["2026-10"].awal == said.akhir
    with pytest.raises(UserError, match="Tutup dulu November"):
        close(one, NEXT)


def test_a_dusun_of_three_thousand_that_is_merged_is_six_thousand_movements(federation: Federation) -> None:
    node = federation.add_node("satu")
    here, there = create(node, "dusun", nama="KIDUL"), create(node, "dusun", nama="LOR")
    people = add_people(node, 3_000, here)
    close(node, BULAN)
    assert close_dusun(node, here, there, "Digabung", node.new_id())
    said = close(node, NEXT)
    state = state_of(node, NEXT)
    assert len(said.gerak) == 6_000 and state.laporan and state.laporan.sums == said.sums
    assert len(rows(node, "SELECT isi_ringkas FROM laporan_lampid WHERE bulan = ?", NEXT)[0][0]) < 1_000
    federation.sync_all()
    client = open_hub_pages(federation)
    page = unescape(client.get(f"/lampid/{NEXT}/nama?desa={DESA}&angka=pembetulan&dusun={here}").text)
    assert "3.000" in page and "WARGA UJI" in page and "Nama tidak tersimpan" not in page
    assert named(node, NEXT) == named(federation.hub, NEXT) == said
    assert {gerak.penduduk for gerak in said.gerak} == set(people)


def test_who_was_erased_since_is_counted_and_has_no_name(federation: Federation) -> None:
    node = federation.add_node("satu")
    dusun = create(node, "dusun", nama="KIDUL")
    close(node, BULAN)
    add_people(node, 5_600, dusun)
    said = close(node, NEXT)
    with node.database.write() as conn:
        conn.execute("UPDATE change SET body = NULL WHERE kind = 'penduduk' AND pos % 2 = 0")
    node.rebuild()
    found = named(node, NEXT)
    nameless = [gerak for gerak in found.gerak if gerak.penduduk.startswith("?")]
    assert found.sums == said.sums and 2_000 < len(nameless) < 3_600

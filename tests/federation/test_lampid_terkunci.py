"""A month that the kecamatan has locked stands on every side, whatever another computer closes behind its back."""

from __future__ import annotations

import pytest

from hub.lampid.rules import name_state
from hub.services import HubServices
from node.laporan.closing import keep_locked
from node.lampid.queries import is_closed
from node.penduduk.writing import choose_version
from node.services import NodeServices
from node.tindakan.queries import count_disputed
from shared.errors import UserError
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom, name_laporan
from shared.lampid.state import Taraf, Tutup
from shared.store.bulan import list_locked, read_months
from shared.store.lampid import read_buku
from shared.store.records import load_state
from tests.federation.test_lampid_laporan import BULAN, DESA, examine, open_hub_pages
from tests.federation.test_surat_nomor import copy_of, put_back
from tests.support.federation import Federation
from tests.support.lampid import close, happen, months


def read(side: NodeServices | HubServices, bulan: str = BULAN) -> Tutup:
    with side.database.read() as conn:
        return next(month for month in read_months(conn, side.catalogue, DESA) if month.bulan == bulan)


def in_force(side: NodeServices | HubServices) -> list[str]:
    with side.database.read() as conn:
        return [month.bulan for month in read_buku(conn, side.catalogue, DESA).in_force]


def lock(federation: Federation, bulan: str = BULAN) -> None:
    examine(federation, "diverval", bulan=bulan)
    examine(federation, "terkunci", bulan=bulan)


def choose(node: NodeServices, is_locked: bool) -> None:
    """Take one of both contents as the page of an older program lets one do."""
    kind, id = node.catalogue["laporan_lampid"], name_laporan(DESA, BULAN)
    with node.database.read() as conn:
        group = load_state(conn, node.catalogue, kind, DESA, id).groups["laporan"]
    at, digest = kind.groups["laporan"].index("isi"), read(node).digest
    kept = read(node).laporan
    assert digest and kept and kept.gerak
    mine = {ref for ref, values in group.versions if values and kept.gerak[0].peristiwa in str(values[at])}
    ref = next(ref for ref, _ in group.versions if (ref in mine) is is_locked)
    assert choose_version(node, kind, id, "laporan", ref, node.new_id())


def close_behind_the_lock(federation: Federation) -> tuple[NodeServices, NodeServices, str, str]:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    _, mine = happen(one, "lahir", "2026-08-03", jenis_kelamin=1)
    _, other = happen(two, "lahir", "2026-08-04", jenis_kelamin=2)
    close(one, BULAN)
    federation.sync(one)
    lock(federation)
    federation.sync(one)
    close(two, BULAN)
    federation.sync_all(3)
    return one, two, mine, other


def assert_locked(side: NodeServices | HubServices, mine: str, is_overtaken: bool = True) -> None:
    month = read(side)
    assert month.taraf is Taraf.TERKUNCI and month.laporan and month.is_overtaken is is_overtaken
    assert [gerak.peristiwa for gerak in month.laporan.gerak] == [mine]
    assert in_force(side)[:1] == [BULAN]
    with side.database.read() as conn:
        assert list_locked(conn, side.catalogue, DESA) == [BULAN]


def test_a_locked_month_that_another_computer_closes_later_stays_and_what_it_lacks_is_late(
    federation: Federation,
) -> None:
    one, two, mine, other = close_behind_the_lock(federation)
    for side in (one, two, federation.hub):
        assert_locked(side, mine)
        side.rebuild()
        assert_locked(side, mine)
    for node in (one, two):
        (late,) = months(node)["2026-09"].gerak
        assert late.peristiwa == other and months(node)["2026-09"].is_late(late)
        assert months(node)[BULAN].count([Kolom.LAHIR], Pilih()) == 1
        with node.database.read() as conn:
            assert is_closed(conn, node.catalogue, DESA, BULAN) and not is_closed(conn, node.catalogue, DESA, "2026-09")
        with pytest.raises(UserError):
            close(node, BULAN)
    assert name_state(read(federation.hub), False) == "Terkunci"
    close(two, "2026-09")
    federation.sync_all(3)
    examine(federation, "diverval", bulan="2026-09")
    with pytest.raises(UserError, match="berubah keadaannya"):
        examine(federation, "dikembalikan", "salah")
    client = open_hub_pages(federation, "camat")
    assert "menutup bulan ini sesudah dikunci" in client.get(f"/lampid/{BULAN}/{DESA}").text
    assert ">Kunci</button>" in client.get(f"/lampid/2026-09/{DESA}").text, "the month behind it may be locked"


@pytest.mark.parametrize("is_locked", [True, False])
def test_no_choice_of_a_desa_replaces_what_was_locked(federation: Federation, is_locked: bool) -> None:
    one, two, mine, _ = close_behind_the_lock(federation)
    choose(two, is_locked)
    federation.sync_all(3)
    for side in (one, two, federation.hub):
        assert_locked(side, mine, is_overtaken=not is_locked)
        side.rebuild()
        assert_locked(side, mine, is_overtaken=not is_locked)
    keep_locked(one, read(one), author=one.new_id())
    federation.sync_all(3)
    for side in (one, two, federation.hub):
        assert_locked(side, mine, is_overtaken=False)
    with one.database.read() as conn:
        assert "laporan_lampid" not in count_disputed(conn, DESA), "the rest is of the kecamatan"


def test_a_first_month_that_another_computer_closes_before_a_locked_one_does_not_open_it(
    federation: Federation,
) -> None:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    _, mine = happen(one, "lahir", "2026-08-03", jenis_kelamin=1)
    close(one, BULAN)
    federation.sync(one)
    lock(federation)
    happen(two, "lahir", "2026-07-03", jenis_kelamin=1)
    close(two, "2026-07")
    federation.sync_all(3)
    for side in (one, two, federation.hub):
        assert_locked(side, mine, is_overtaken=False)


def test_a_computer_put_back_to_before_its_closing_closes_again_and_the_lock_holds(federation: Federation) -> None:
    one = federation.add_node("satu")
    _, mine = happen(one, "lahir", "2026-08-03", jenis_kelamin=1)
    federation.sync(one)
    copy = copy_of(federation, "satu")
    close(one, BULAN)
    federation.sync(one)
    lock(federation)
    one = put_back(federation, "satu", copy)
    happen(one, "datang", "2026-08-05", jenis_kelamin=2)
    close(one, BULAN)
    federation.sync_all(3)
    for side in (one, federation.hub):
        assert_locked(side, mine)


def test_what_was_examined_and_not_locked_is_chosen_by_the_desa_and_the_word_on_it_stays(
    federation: Federation,
) -> None:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    happen(one, "lahir", "2026-08-03", jenis_kelamin=1)
    close(one, BULAN)
    federation.sync(one)
    examine(federation, "diverval")
    mine = read(federation.hub).digest
    happen(two, "lahir", "2026-08-04", jenis_kelamin=2)
    close(two, BULAN)
    federation.sync_all(3)
    assert {read(side).taraf for side in (one, two, federation.hub)} == {Taraf.SENGKETA}
    kind, id = one.catalogue["laporan_lampid"], name_laporan(DESA, BULAN)
    with one.database.read() as conn:
        group = load_state(conn, one.catalogue, kind, DESA, id).groups["laporan"]
    with one.database.read() as conn:
        own = [row[0] for row in conn.execute("SELECT id FROM log WHERE own")]
    ref = next(ref for ref, _ in group.versions if ref.startswith(own[0]))
    assert choose_version(one, kind, id, "laporan", ref, one.new_id())
    federation.sync_all(3)
    for side in (one, two, federation.hub):
        assert read(side).digest == mine and read(side).taraf is Taraf.DIVERVAL
    examine(federation, "terkunci")
    federation.sync_all(3)
    assert {read(side).taraf for side in (one, two, federation.hub)} == {Taraf.TERKUNCI}

"""Years of a village, generated: the identities of the monthly report hold in every cell, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.run import RUN_BYTES_MAX, deflate
from shared.errors import UserError
from shared.lampid.book import describe_ket
from shared.lampid.cells import Cell, Pilih, add
from shared.lampid.chain import Peristiwa, list_history
from shared.lampid.isi import digest_laporan, dump_laporan, dump_ringkas, load_laporan, write_isi
from shared.lampid.month import Jiwa, Keadaan, list_names, list_open, move_month
from shared.lampid.names import has_nameless, name_corrections
from shared.lampid.report import PERISTIWA, Gerak, Kolom, Laporan, name_laporan
from shared.records.catalogue import CATALOGUE
from shared.records.lampid import RINGKAS_MAX

DUSUN = {"d1": "Kidul", "d2": "Lor"}
START = "2026-01"
KIND = CATALOGUE["laporan_lampid"]
_CELLS = st.builds(Cell, st.sampled_from(["d1", "d2", ""]), st.booleans(), st.sampled_from([0, 1, 2]), st.booleans())
_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("impor"), _CELLS),
        st.tuples(st.just("peristiwa"), st.sampled_from(["lahir", "datang"]), _CELLS, st.integers(-3, 2)),
        st.tuples(st.just("pergi"), st.integers(0, 40), st.sampled_from(["mati", "pindah", "hilang"]),
                  st.integers(-3, 2)),
        st.tuples(st.just("kembali"), st.integers(0, 40), st.integers(-3, 2)),
        st.tuples(st.just("batal"), st.integers(0, 40), st.integers(-1, 2)),
        st.tuples(st.just("betulkan"), st.integers(0, 40), _CELLS),
        st.tuples(st.just("hapus"), st.integers(0, 40)),
        st.tuples(st.just("sementara"), st.integers(0, 40)),
        st.tuples(st.just("menetap"), st.integers(0, 40), st.sampled_from([None, "mati", "pindah"]),
                  st.integers(-3, 2)),
        st.tuples(st.just("tutup")),
        st.tuples(st.just("bulan")),
    ),
    max_size=60,
)


@dataclass
class Village:
    """A village as its tables would say; ``seen`` is how everybody stood at the last closing."""

    jiwa: dict[str, Jiwa] = field(default_factory=dict)
    peristiwa: dict[str, Peristiwa] = field(default_factory=dict)
    tutup: list[Laporan] = field(default_factory=list)
    seen: dict[str, Jiwa] = field(default_factory=dict)
    lama: frozenset[str] = frozenset()
    sementara: dict[str, Jiwa] = field(default_factory=dict)
    """Who is no permanent resident for now, as he would be counted otherwise."""
    now: str = START

    def keadaan(self, everybody: bool = False) -> Keadaan:
        """Give what the tables say; ``everybody`` was written since the closing, or only who differs."""
        changed = {
            id: self.seen.get(id) for id in {*self.jiwa, *self.seen}
            if everybody or self.jiwa.get(id) != self.seen.get(id)
        }
        return Keadaan(
            self.jiwa, self.peristiwa, DUSUN, tuple(self.tutup), changed if self.tutup else {}, self.lama
        )

    def open(self, everybody: bool = False) -> list[Laporan]:
        return list_open(self.keadaan(everybody), self.now)

    def add_event(self, id: str, jenis: str, cell: Cell, months: int, dibatalkan: str | None = None) -> None:
        event = Peristiwa(
            f"e{len(self.peristiwa):03d}", jenis, id, "", f"{move_month(self.now, months)}-05",
            self.jiwa[id].peristiwa or None, dibatalkan, cell.dusun, cell.sex, 2 if cell.wna else 1, cell.kepala,
        )
        self.peristiwa[event.id] = event
        gone = jenis in ("mati", "pindah", "hilang")
        self.jiwa[id] = Jiwa(None if gone else cell, event.id)

    def close(self) -> None:
        first = self.open()[0]
        if first.bulan > self.now:
            return
        if not self.tutup:
            self.lama = frozenset(list_history(self.peristiwa, first.bulan))
        self.tutup.append(load_laporan(first.bulan, dump_laporan(first)) or pytest.fail("unreadable"))
        self.seen = dict(self.jiwa)

    def act(self, name: str, *how: object) -> None:
        getattr(self, f"_{name}")(*how)

    def _impor(self, cell: Cell) -> None:
        self.jiwa[f"p{len(self.jiwa) + len(self.peristiwa) + len(self.seen):03d}"] = Jiwa(cell)

    def _peristiwa(self, jenis: str, cell: Cell, months: int) -> None:
        id = f"q{len(self.peristiwa):03d}"
        self.jiwa[id] = Jiwa(None)
        self.add_event(id, jenis, cell, months)

    def _pick(self, at: int, alive: bool) -> str | None:
        ids = sorted(id for id, one in self.jiwa.items() if (one.cell is not None) is alive)
        return ids[at % len(ids)] if ids else None

    def _pergi(self, at: int, jenis: str, months: int) -> None:
        id = self._pick(at, True)
        if id is not None:
            cell = self.jiwa[id].cell
            assert cell is not None
            self.add_event(id, jenis, cell, months)

    def _kembali(self, at: int, months: int) -> None:
        id = self._pick(at, False)
        if id is not None and self.jiwa[id].peristiwa:
            self.add_event(id, "kembali", Cell("d1", False, 1, False), months)

    def _batal(self, at: int, months: int) -> None:
        id = self._pick(at, False)
        if id is not None and (last := self.peristiwa.get(self.jiwa[id].peristiwa)) and last.jenis != "batal":
            cell = Cell(last.dusun or "", last.warganegara == 2, last.jenis_kelamin or 0, bool(last.kepala))
            self.add_event(id, "batal", cell, months, last.id)

    def _betulkan(self, at: int, cell: Cell) -> None:
        id = self._pick(at, True)
        if id is not None:
            self.jiwa[id] = Jiwa(cell, self.jiwa[id].peristiwa)

    def _hapus(self, at: int) -> None:
        id = self._pick(at, True)
        if id is not None:
            del self.jiwa[id]

    def _sementara(self, at: int) -> None:
        """Let somebody be no permanent resident any more: neither he nor his events are in any month then."""
        id = self._pick(at, True)
        if id is not None:
            self.sementara[id], self.jiwa[id] = self.jiwa[id], Jiwa(None)

    def _menetap(self, at: int, jenis: str | None, months: int) -> None:
        """Let such a person be a permanent resident (again), perhaps after something that happened meanwhile."""
        ids = sorted(self.sementara)
        if not ids:
            return
        id = ids[at % len(ids)]
        self.jiwa[id] = self.sementara.pop(id)
        if jenis is not None:
            cell = self.jiwa[id].cell
            assert cell is not None
            self.add_event(id, jenis, cell, months)

    def _tutup(self) -> None:
        self.close()

    def _bulan(self) -> None:
        self.now = move_month(self.now)


def _count(jiwa: dict[str, Jiwa]) -> dict[Cell, int]:
    return add(*({one.cell: 1} for one in jiwa.values() if one.cell is not None))


@settings(max_examples=150, deadline=None)
@given(_ACTS)
def test_the_identities_hold_in_every_cell_over_years(acts: list[tuple[object, ...]]) -> None:
    village = Village()
    for name, *how in acts:
        village.act(str(name), *how)
    months = [*village.tutup, *village.open()]
    assert [month.bulan for month in months] == [move_month(months[0].bulan, at) for at in range(len(months))]
    assert months[-1].akhir == _count(village.jiwa)
    for before, month in zip([None, *months], months):
        assert before is None or month.awal == before.akhir
        _check_sums(month)
        _check_names(month)


def _check_sums(month: Laporan) -> None:
    """Per dusun, sex and citizenship: the end is the start and what happened; the parts make the whole."""
    cells = [Pilih(dusun, wna, sex) for dusun in month.dusun for wna in (False, True) for sex in (1, 2)]
    for pilih in (Pilih(), *cells):
        end = pilih.sum(month.awal) + sum(kolom.arah * month.count([kolom], pilih) for kolom in Kolom)
        assert pilih.sum(month.akhir) == end
    for vector in (month.awal, month.akhir, *month.sums.values()):
        whole = Pilih().sum(vector)
        assert whole == sum(Pilih(dusun).sum(vector) for dusun in month.dusun)
        assert whole == sum(Pilih(wna=wna, sex=sex).sum(vector) for wna in (False, True) for sex in (1, 2))
        assert whole == Pilih(kepala=True).sum(vector) + Pilih(kepala=False).sum(vector)


def _check_names(month: Laporan) -> None:
    """Every number is the length of the list behind it, signs counted."""
    for kolom in Kolom:
        for pilih in (Pilih(), Pilih("d1"), Pilih(wna=False, sex=1), Pilih(kepala=True)):
            named = list(month.name([kolom], pilih))
            assert sum(gerak.tanda for gerak in named) == month.count([kolom], pilih)
            assert all(gerak.penduduk for gerak in named)


@settings(max_examples=100, deadline=None)
@given(_ACTS)
def test_only_who_was_written_since_needs_to_be_looked_at(acts: list[tuple[object, ...]]) -> None:
    village = Village()
    for name, *how in acts:
        village.act(str(name), *how)
    assert village.open() == village.open(everybody=True)


@settings(max_examples=100, deadline=None)
@given(_ACTS)
def test_the_names_at_a_closing_are_those_it_counted(acts: list[tuple[object, ...]]) -> None:
    village = Village()
    for name, *how in acts:
        village.act(str(name), *how)
    if village.tutup:
        names = list_names(village.keadaan(), village.seen)
        assert add(*names.values()) == village.tutup[-1].akhir


@settings(max_examples=150, deadline=None)
@given(_ACTS)
def test_a_month_whose_corrections_are_counted_says_the_same_and_gets_its_names_back(
    acts: list[tuple[object, ...]],
) -> None:
    """As record, so that a month too big for names is none that cannot be closed."""
    village = Village()
    roster: list[dict[str, dict[Cell, int]]] = []
    for name, *how in [*acts, ("tutup",), ("bulan",), ("betulkan", 0, Cell("d2", True, 2, False)), ("tutup",)]:
        village.act(str(name), *how)
        if len(village.tutup) > len(roster):
            roster.append(list_names(village.keadaan(), village.seen))
    for at, month in enumerate(village.tutup[1:], 1):
        text = dump_ringkas(month)
        read = load_laporan(month.bulan, None, text)
        assert read is not None and dump_ringkas(read) == text
        assert (read.akhir, read.sums, read.is_nihil) == (month.akhir, month.sums, month.is_nihil)
        for dusun in (None, *month.dusun):
            assert describe_ket(read, dusun) == describe_ket(month, dusun)
        assert has_nameless(read) is any(one.kolom is Kolom.PEMBETULAN and one.penduduk for one in month.gerak)
        assert name_corrections(read, roster[at - 1], roster[at]) == month


def make_big(corrections: int, events: int = 0) -> Laporan:
    cells = [Cell(id, False, 1 + at % 2, at % 4 == 0) for at, id in enumerate(DUSUN)]
    gerak = [
        *(Gerak(Kolom.PEMBETULAN, f"{at:036d}", cells[at % 2]) for at in range(corrections)),
        *(Gerak(Kolom.DATANG, f"{at:036d}", cells[at % 2], 1, f"{at:036d}", "datang", START) for at in range(events)),
    ]
    return Laporan(START, DUSUN, {}, tuple(sorted(gerak)))


@pytest.mark.parametrize("corrections", [5_000, 6_000, 12_000, 60_000])
def test_a_big_month_is_written_as_short_as_it_must_be_and_no_shorter(corrections: int) -> None:
    month = make_big(corrections, events=10)
    written = write_isi(month, is_first=False)
    assert KIND.find_shape_defect({name: text for name, text in written.items() if text}) is None
    assert (written["isi"] is None) is (corrections > 5_400) is (written["isi_ringkas"] is not None)
    read = load_laporan(START, written["isi"], written["isi_ringkas"])
    assert read is not None and read.sums == month.sums and len(list(read.name(PERISTIWA, Pilih()))) == 10


def test_of_the_first_month_every_correction_is_named() -> None:
    written = write_isi(make_big(6_000), is_first=True)
    read = load_laporan(START, written["isi"], written["isi_ringkas"])
    assert written["isi"] is None and read == make_big(6_000)


def test_the_longest_text_of_a_month_still_fits_one_run() -> None:
    random = Random(7)
    month = make_big(0, events=1)
    # Worse than UUIDv7: of those the first digits are alike.
    names = [str(UUID(int=random.getrandbits(128))) for _ in range(10_900)]
    gerak = [month.gerak[0]._replace(penduduk=a, peristiwa=b) for a, b in zip(names[::2], names[1::2], strict=True)]
    text = write_isi(Laporan(START, DUSUN, {}, tuple(gerak)), is_first=False)["isi_ringkas"]
    assert text and RINGKAS_MAX * 0.98 < len(text)
    assert len(deflate(text.encode(), "zlib")) < RUN_BYTES_MAX * 0.98
    with pytest.raises(UserError, match="5600 peristiwa"):
        write_isi(make_big(0, events=5_600), is_first=False)


def test_the_first_import_is_an_opening_balance_and_no_arrival() -> None:
    village = Village()
    for _ in range(5):
        village.act("impor", Cell("d1", False, 1, False))
    (month,) = village.open()
    assert (Pilih().sum(month.awal), month.gerak, month.is_nihil) == (5, (), True)


def test_a_report_that_comes_after_the_closing_counts_in_the_first_open_month_and_is_late() -> None:
    village = Village()
    village.act("peristiwa", "lahir", Cell("d1", False, 2, False), 0)
    village.close()
    village.act("peristiwa", "lahir", Cell("d1", False, 1, False), 0)
    village.act("bulan")
    (month,) = village.open()
    (gerak,) = month.gerak
    assert (month.bulan, gerak.lapor, gerak.kolom, month.is_late(gerak)) == ("2026-02", START, Kolom.LAHIR, True)
    assert village.tutup[0].count([Kolom.LAHIR], Pilih()) == 1


def test_voiding_an_event_of_a_closed_month_is_minus_one_in_the_open_one() -> None:
    village = Village()
    village.act("impor", Cell("d1", False, 1, True))
    village.act("pergi", 0, "mati", 0)
    village.close()
    village.act("bulan")
    village.act("batal", 0, 0)
    (month,) = village.open()
    assert village.tutup[0].count([Kolom.MATI], Pilih()) == 1
    assert month.count([Kolom.MATI], Pilih()) == -1 and Pilih().sum(month.akhir) == 1
    assert [gerak.tanda for gerak in month.name([Kolom.MATI], Pilih())] == [-1]


def test_an_event_voided_in_its_own_month_is_no_number_and_no_name() -> None:
    village = Village()
    village.act("impor", Cell("d1", False, 1, True))
    village.act("pergi", 0, "pindah", 0)
    village.act("batal", 0, 0)
    (month,) = village.open()
    assert month.count(PERISTIWA, Pilih()) == 0 and list(month.name(PERISTIWA, Pilih())) == []


def test_an_event_of_a_mistyped_year_that_is_taken_back_today_leaves_nothing() -> None:
    """Neither months that are open up to then, nor a number or a name once months were closed."""
    village = Village()
    for acts in (
        ("impor", Cell("d1", False, 1, False)), ("pergi", 0, "mati", 12 * 16), ("batal", 0, 0), ("bulan",), ("tutup",),
        ("pergi", 0, "pindah", 12 * 16), ("bulan",), ("batal", 0, 0), ("tutup",), ("bulan",),
    ):
        village.act(*acts)
    months = [*village.tutup, *village.open()]
    assert [month.bulan for month in months] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert not any(list(month.name(list(Kolom), Pilih())) for month in months)
    assert all(not vector for month in months for vector in month.sums.values())


def test_what_changes_without_an_event_is_a_correction_with_its_name() -> None:
    village = Village()
    for sex in (1, 2, 0):
        village.act("impor", Cell("d1", False, sex, False))
    village.close()
    village.act("bulan")
    ids = sorted(village.jiwa)
    del village.jiwa[ids[0]]
    village.jiwa[ids[1]] = Jiwa(Cell("d2", False, 2, False))
    village.jiwa[ids[2]] = Jiwa(Cell("d1", False, 1, False))
    (month,) = village.open()
    assert month.count([Kolom.PEMBETULAN], Pilih()) == 0
    assert [(gerak.penduduk, gerak.cell.dusun, gerak.tanda) for gerak in month.name([Kolom.PEMBETULAN], Pilih("d1"))] \
        == [(ids[0], "d1", -1), (ids[1], "d1", -1), (ids[2], "d1", 1)]
    assert month.is_nihil


def test_a_new_head_of_family_is_a_correction_of_kk_and_of_no_soul() -> None:
    village = Village()
    village.act("impor", Cell("d1", False, 1, True))
    village.act("impor", Cell("d1", False, 2, False))
    village.close()
    village.act("bulan")
    village.act("pergi", 0, "mati", 0)
    widow = next(id for id, one in village.jiwa.items() if one.cell is not None)
    village.jiwa[widow] = Jiwa(Cell("d1", False, 2, True))
    (month,) = village.open()
    assert month.count([Kolom.PEMBETULAN], Pilih()) == 0 and list(month.name([Kolom.PEMBETULAN], Pilih())) == []
    assert month.count([Kolom.PEMBETULAN], Pilih(kepala=True)) == 1
    assert Pilih(kepala=True).sum(month.akhir) == 1


def test_who_came_later_is_corrected_in_the_month_of_his_coming() -> None:
    village = Village()
    village.act("peristiwa", "datang", Cell("d1", False, 1, False), 1)
    (newcomer,) = village.jiwa
    village.jiwa[newcomer] = Jiwa(Cell("d2", False, 1, False), village.jiwa[newcomer].peristiwa)
    village.tutup, village.seen = [list_open(Keadaan({}, {}, DUSUN), "2025-12")[0]], {}
    first, second = village.open()
    assert (first.bulan, first.gerak) == (START, ())
    assert [(gerak.cell.dusun, gerak.tanda) for gerak in second.name([Kolom.PEMBETULAN], Pilih("d2"))] == [("d2", 1)]


def test_what_no_record_explains_is_a_correction_without_a_name() -> None:
    village = Village()
    village.act("impor", Cell("d1", False, 1, False))
    village.close()
    village.act("bulan")
    village.jiwa, village.seen = {}, {}
    (month,) = village.open()
    assert [gerak.penduduk for gerak in month.gerak] == [""] and Pilih().sum(month.akhir) == 0


def test_a_mistyped_century_makes_no_endless_list() -> None:
    village = Village()
    for months in (-12_000, 12_000):
        village.act("peristiwa", "lahir", Cell("d1", False, 1, False), months)
    assert 100 < len(village.open()) <= 240


def test_what_is_no_report_is_read_as_none() -> None:
    good = dump_laporan(Village(jiwa={"a": Jiwa(Cell("d1", False, 1, True))}).open()[0])
    assert load_laporan(START, good) is not None
    for bad in (None, "", "[]", "{}", good.replace('"awal":[[0', '"awal":[[7'), good.replace("]],", ',"x"]],')):
        assert load_laporan(START, bad) is None or bad == good
    assert load_laporan(START, None, good) is None, "of the other member"
    cell = "[0,0,1,0,1]"
    for row in (f"[-1,{cell}]", "[1]", f"[2000000,{cell}]", "[1,[0,0,1,0,2000000]]", f"[true,{cell}]", "7", '["1"]'):
        counted = dump_ringkas(make_big(0)).replace('"pembetulan":[', f'"pembetulan":[{row}')
        assert row in counted and load_laporan(START, None, counted) is None


def test_one_month_of_one_desa_is_one_record_on_every_computer() -> None:
    assert name_laporan("33.03.99.2001", START) == name_laporan("33.03.99.2001", START)
    assert len({name_laporan(desa, bulan) for desa in ("a", "b") for bulan in ("2026-01", "2026-02")}) == 4
    assert name_laporan("33.03.99.2001", START)[14] == "8"
    assert digest_laporan("x", ["a:1"]) != digest_laporan("x", ["a:2"])

"""A file with some of the people: nobody else is missed, and the next whole file still knows what was said last."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.commands import run_impor
from node.impor.apply import apply
from node.impor.reader import open_sheet
from node.impor.rejects import write_rejects
from node.impor.service import dry_run, import_file
from node.impor.undo import undo_batch
from node.services import NodeServices
from shared.clock import today
from tests.node_app.test_impor_plan import (
    ANAK, AUTHOR, AYAH, IBU, KK, KK_LAIN, NIK_BENAR, Cells, codes, count, edit, enter, family, find, make_node,
    make_xlsx, person, read_all, read_rows, send,
)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeServices]:
    services = make_node(tmp_path / "simpul")
    yield services
    services.close()


def part(node: NodeServices, rows: list[Cells]) -> dict[str, Any]:
    """Import rows as some of the people."""
    return send(node, rows, is_partial=True)


def correct(node: NodeServices, *rows: tuple[Cells, Mapping[str, Any]]) -> bytes:
    """Write the workbook of rejects of some rows, with what a hand then types into them."""
    day = today(node.clock)
    raws = list(open_sheet(make_xlsx([row for row, _ in rows]), "warga.xlsx"))
    given = list(open_sheet(write_rejects(raws, [], day), "perlu-diperbaiki.xlsx"))
    for raw, (_, typed) in zip(given, rows, strict=True):
        raw.cells.update(typed)
    return write_rejects(given, [], day)


def take(node: NodeServices, *rows: tuple[Cells, Mapping[str, Any]]) -> dict[str, Any]:
    """Import a corrected workbook of rejects."""
    return import_file(node, correct(node, *rows), "perlu-diperbaiki.xlsx", AUTHOR)


def without(rows: list[Cells], *names: str) -> list[Cells]:
    return [row for row in rows if row["nama"] not in names]


# Who is not in it.

def test_a_part_misses_nobody_and_the_next_whole_file_misses_whom_it_lacks(node: NodeServices) -> None:
    send(node, family())
    tono = person("TONO", NIK_BENAR)
    answer = part(node, [tono])
    assert answer["sebagian"] is True and answer["tidak_ada_lagi"] == []
    assert count(answer, "baru", "tidak_ada_lagi") == (1, 0)
    answer = send(node, without([*family(), tono], "BUDI RIYADI"))
    assert answer["sebagian"] is False and answer["tidak_ada_lagi"] == [find(node, "BUDI RIYADI")["id"]]
    assert send(node, family())["tidak_ada_lagi"] == [find(node, "TONO")["id"]]


def test_a_part_leaves_the_word_of_the_source_on_all_others(node: NodeServices) -> None:
    send(node, family())
    before = {row["key"]: row for row in read_rows(node, "import_base")}
    part(node, [family()[2] | {"agama_id": "2"}])
    after = {row["key"]: row for row in read_rows(node, "import_base")}
    assert {key for key in before if before[key] != after[key]} == {f"nik:{ANAK}"} and before.keys() == after.keys()


def test_the_workbook_of_rejects_is_a_part_whatever_is_said(node: NodeServices) -> None:
    rows = family()
    wrong = rows[2] | {"tanggallahir": "31-02-2010"}
    send(node, [*rows[:2], wrong])
    answer = take(node, (wrong, {"tanggallahir": "2010-07-07"}))
    assert answer["sebagian"] is True and count(answer, "baru", "tidak_ada_lagi") == (1, 0)
    assert [note["kode"] for note in answer["catatan"]] == ["berkas_perbaikan"]
    (first, second) = read_rows(node, "import_batch")
    assert (first["sebagian"], second["sebagian"]) == (0, 1)
    answer = send(node, rows)
    assert count(answer, "tetap", "berubah", "bentrok", "tidak_ada_lagi") == (3, 0, 0, 0)


def test_the_command_knows_the_switch(node: NodeServices, tmp_path: Path) -> None:
    send(node, family())
    path = tmp_path / "satu.xlsx"
    path.write_bytes(make_xlsx(family()[:1]))
    args = {"berkas": str(path), "periksa": True}
    assert run_impor(node, args, lambda _: None)["jumlah"]["tidak_ada_lagi"] == 2
    assert run_impor(node, {**args, "sebagian": True}, lambda _: None)["jumlah"]["tidak_ada_lagi"] == 0


def test_a_part_stays_a_part_when_its_plan_is_made_anew(node: NodeServices) -> None:
    send(node, family())
    plan = dry_run(node, make_xlsx(family()[:1]), "satu.xlsx", is_partial=True).plan
    enter(node, nama="WATI", jenis_kelamin=2)
    result = apply(node, plan, AUTHOR)
    assert result.is_replanned and result.plan.is_partial and result.plan.absent == []


# Families.

def test_a_family_does_not_follow_a_member_whose_head_is_not_in_the_part(node: NodeServices) -> None:
    send(node, family())
    answer = part(node, [family()[2] | {"alamat": "RANTAU"}])
    assert count(answer, "berubah", "keluarga_berubah") == (1, 0) and answer["masalah"] == []
    (card,) = read_rows(node, "keluarga")
    assert card["alamat"] == "JALAN MELATI 1" and find(node, "BUDI RIYADI")["alamat"] == "RANTAU"
    assert count(part(node, [family()[0] | {"alamat": "JALAN KENANGA 2"}]), "keluarga_berubah") == (1,)


def test_a_family_that_was_renumbered_here_is_not_doubled_by_the_old_number(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    edit(node, card["id"], "keluarga", no_kk=KK_LAIN)
    part(node, [person("TONO", NIK_BENAR, no_kk=KK_LAIN)])
    assert find(node, "TONO")["keluarga"] == card["id"]
    # The source still writes the old number, of TONO too.
    answer = send(node, [*family(), person("TONO", NIK_BENAR)])
    assert count(answer, "keluarga_baru", "berubah") == (0, 0)
    (again,) = read_rows(node, "keluarga")
    assert again["no_kk"] == KK_LAIN


def test_the_source_may_take_the_new_number_later(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    edit(node, card["id"], "keluarga", no_kk=KK_LAIN)
    part(node, [person("TONO", NIK_BENAR, no_kk=KK_LAIN)])
    rows = [row | {"no_kk": KK_LAIN} for row in [*family(), person("TONO", NIK_BENAR)]]
    answer = send(node, rows)
    assert count(answer, "keluarga_baru", "berubah", "bentrok", "tidak_ada_lagi") == (0, 0, 0, 0)
    assert [row["key"] for row in read_rows(node, "import_base") if row["kind"] == "keluarga"] == [f"kk:{KK_LAIN}"]


def test_two_numbers_of_one_part_are_two_families(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    edit(node, card["id"], "keluarga", no_kk=KK_LAIN)
    part(node, [person("TONO", NIK_BENAR, no_kk=KK_LAIN), person("TINI", None, sex="2", kk_level="1")])
    assert find(node, "TONO")["keluarga"] == card["id"] != find(node, "TINI")["keluarga"]
    keys = {row["key"]: row["record"] for row in read_rows(node, "import_base") if row["kind"] == "keluarga"}
    assert keys == {f"kk:{KK}": find(node, "TINI")["keluarga"], f"kk:{KK_LAIN}": card["id"]}


# People.

def test_a_nik_corrected_here_outlives_a_part_with_it_and_the_old_one_of_the_source(node: NodeServices) -> None:
    send(node, family())
    ayah = find(node, "SLAMET RIYADI")["id"]
    edit(node, ayah, nik=NIK_BENAR)
    assert count(part(node, [family()[0] | {"nik": NIK_BENAR, "agama_id": "2"}]), "baru", "berubah") == (0, 1)
    assert count(send(node, family()), "baru", "bentrok", "tidak_ada_lagi") == (0, 0, 0)
    assert find(node, "SLAMET RIYADI") | {"nik": NIK_BENAR, "id": ayah} == find(node, "SLAMET RIYADI")


def test_a_nik_of_somebody_else_is_refused_in_a_part(node: NodeServices) -> None:
    send(node, family())
    before = read_all(node)
    answer = part(node, [person("TONO", IBU, tanggallahir="1990-01-01")])
    assert [code[2] for code in codes(answer)] == ["nik_orang_lain"] and answer["perubahan"] == 0
    assert read_all(node) == before and answer["berkas_tolak"] is not None
    # A name or a birth date may well be what is corrected.
    assert count(part(node, [family()[1] | {"nama": "SITI AMINAH BINTI SALIM"}]), "berubah") == (1,)
    assert count(part(node, [family()[0] | {"tanggallahir": "1980-05-06"}]), "berubah") == (1,)


def test_somebody_else_is_not_who_was_corrected_here_in_name_and_birth(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SITI AMINAH")["id"], nama="SITI AMINATUN", tanggal_lahir="1982-06-07")
    assert count(part(node, [family()[1] | {"agama_id": "2"}]), "berubah", "ditolak") == (1, 0)


def test_a_namesake_is_not_merged_into_who_is_not_in_the_part(node: NodeServices) -> None:
    namesake = person("SRI LESTARI", NIK_BENAR, sex="2", nama_ibu="")
    send(node, [*family(), namesake])
    for nik, mother in ((None, ""), (None, "RAHAYU")):
        answer = part(node, [namesake | {"nik": nik, "nama_ibu": mother}])
        assert [code[2] for code in codes(answer)] == ["orang_mungkin_sama"] and answer["perubahan"] == 0
    # In a whole file nobody else claims the record, which is then the same person without the NIK.
    assert count(send(node, [*family(), namesake | {"nik": None}]), "baru", "ditolak") == (0, 0)


def test_full_agreement_finds_a_person_in_a_part_and_the_whole_file_still_does(node: NodeServices) -> None:
    send(node, [*family(), person("TONO", None)])
    tono = find(node, "TONO")["id"]
    assert count(part(node, [person("TONO", NIK_BENAR)]), "baru", "berubah") == (0, 1)
    assert (find(node, "TONO")["id"], find(node, "TONO")["nik"]) == (tono, NIK_BENAR)
    for nik in (None, NIK_BENAR, None):
        assert count(send(node, [*family(), person("TONO", nik)]), "baru", "tidak_ada_lagi") == (0, 0)
    assert find(node, "TONO")["nik"] == NIK_BENAR


# What a hand has corrected is not the word of the source.

def test_a_correction_beside_the_fault_outlives_the_next_whole_file(node: NodeServices) -> None:
    rows = family()
    rows[2] |= {"tanggallahir": "31-02-2010"}
    send(node, rows)
    take(node, (rows[2], {"tanggallahir": "2010-07-07", "alamat": "JALAN BENAR 9", "agama_id": "3"}))
    rows[2] |= {"tanggallahir": "2010-07-07"}
    for bentrok in (2, 0):  # said once, and then known
        answer = send(node, rows)
        assert count(answer, "berubah", "bentrok", "ditolak") == (0, bentrok, 0)
    anak = find(node, "BUDI RIYADI")
    assert (anak["alamat"], anak["agama"], anak["tanggal_lahir"]) == ("JALAN BENAR 9", 3, "2010-07-07")
    rows[2] |= {"agama_id": "3", "alamat": "JALAN BENAR 9"}
    assert count(send(node, rows), "berubah", "bentrok") == (0, 0)
    assert count(send(node, [*rows[:2], rows[2] | {"agama_id": "4"}]), "berubah", "bentrok") == (1, 0)


def test_news_of_the_source_in_a_rejected_row_is_its_word(node: NodeServices) -> None:
    send(node, family())
    news = family()[2] | {"agama_id": "2", "nik": ANAK[:-1]}
    take(node, (news, {"nik": ANAK}))
    assert find(node, "BUDI RIYADI")["agama"] == 2
    rows = family()
    rows[2] |= {"agama_id": "3"}
    answer = send(node, rows)
    assert count(answer, "berubah", "bentrok") == (1, 0) and find(node, "BUDI RIYADI")["agama"] == 3


def test_a_family_number_typed_by_hand_is_not_the_word_of_the_source(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    tono = person("TONO", NIK_BENAR, no_kk="12")
    take(node, (tono, {"no_kk": KK}))
    assert find(node, "TONO")["keluarga"] == card["id"]
    answer = send(node, [*family(), tono | {"no_kk": KK_LAIN}])
    assert [code for code in codes(answer) if code[2] == "bentrok"] == [(5, "no_kk", "bentrok")]
    assert find(node, "TONO")["keluarga"] == card["id"]


def test_a_part_is_undone_like_any_import(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    edit(node, card["id"], "keluarga", no_kk=KK_LAIN)
    before = [*read_all(node).values(), read_rows(node, "import_base")]
    wrong = family()[2] | {"no_kk": KK_LAIN, "nik": "12"}
    answer = take(node, (wrong, {"nik": ANAK, "agama_id": "3"}), (person("TONO", "1"), {"nik": NIK_BENAR}))
    assert count(answer, "baru", "berubah") == (1, 1)
    undo_batch(node, answer["batch"], "salah berkas", AUTHOR)
    assert [*read_all(node).values(), read_rows(node, "import_base")] == before


# Any order of whole files, parts, corrected rejects and corrections made here, against the law written down again.

FIELDS = {"agama_id": "agama", "status_kawin": "status_kawin", "golongan_darah_id": "golongan_darah"}
NIKS = (AYAH, IBU, ANAK)
people, values = st.sampled_from(range(3)), st.sampled_from(("1", "2", "3"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sumber"), people, st.sampled_from(sorted(FIELDS)), values),
        st.tuples(st.just("sini"), people, st.sampled_from(sorted(FIELDS)), values),
        st.tuples(st.just("pergi"), people),
        st.tuples(st.just("semua")),
        st.tuples(st.just("sebagian"), st.sets(people, min_size=1)),
        st.tuples(st.just("perbaikan"), people, st.sampled_from(sorted(FIELDS)), values),
    ),
    min_size=2, max_size=9,
)


class Model:
    """What the source holds, what it said last and what stands here, person by person and field by field."""

    def __init__(self) -> None:
        self.source = [dict.fromkeys(FIELDS, "1") for _ in NIKS]
        self.said: dict[int, dict[str, str]] = {}
        self.here: dict[int, dict[str, str]] = {}
        self.gone: set[int] = set()

    def row(self, at: int) -> Cells:
        return person(f"WARGA {'ABC'[at]}", NIKS[at], kk_level="1" if at == 0 else "4", **self.source[at])

    def take(self, at: int, typed: Mapping[str, str]) -> int:
        """Merge one row by the law; give how many fields are in conflict."""
        theirs = self.source[at] | typed
        if at not in self.here:
            self.here[at] = dict(theirs)
        said, here = self.said.setdefault(at, {}), self.here[at]
        conflicts = 0
        for name, value in theirs.items():
            if value not in (said.get(name), here[name]):
                if here[name] == said.get(name):
                    here[name] = value
                else:
                    conflicts += 1
            if name not in typed or typed[name] == self.source[at][name]:
                said[name] = value
        return conflicts


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_any_order_of_files_merges_against_the_last_word_on_each_person(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node, model = make_node(Path(folder) / "simpul"), Model()
        node.random = random.Random(3).randbytes
        for what, *args in [*steps, ("semua",)]:
            if what == "sumber":
                model.source[args[0]][args[1]] = args[2]
            elif what == "pergi":
                model.gone |= set(args)
            elif what == "sini" and model.here.get(args[0], {}).get(args[1], args[2]) != args[2]:
                edit(node, find(node, f"WARGA {'ABC'[args[0]]}")["id"], **{FIELDS[args[1]]: int(args[2])})
                model.here[args[0]][args[1]] = args[2]
            elif what in ("semua", "sebagian", "perbaikan"):
                check_file(node, model, what, args)
        node.close()


def check_file(node: NodeServices, model: Model, what: str, args: list[Any]) -> None:
    """Import a file of a kind and hold the answer and the village to the model."""
    chosen = {"semua": set(range(3)) - model.gone}.get(what) or (args[0] if what == "sebagian" else set(args[:1]))
    typed = {args[1]: args[2]} if what == "perbaikan" else {}
    rows = [model.row(at) for at in sorted(chosen)]
    if what == "perbaikan":
        answer = take(node, *((row, typed) for row in rows))
    else:
        answer = send(node, rows, is_partial=what == "sebagian")
    assert count(answer, "bentrok") == (sum(model.take(at, typed) for at in sorted(chosen)),)
    for at, here in model.here.items():
        found = find(node, f"WARGA {'ABC'[at]}")
        assert {name: str(found[FIELDS[name]]) for name in FIELDS} == here, (what, at)
    missing = model.here.keys() - chosen if what == "semua" else set()
    assert answer["tidak_ada_lagi"] == sorted(find(node, f"WARGA {'ABC'[at]}")["id"] for at in missing)

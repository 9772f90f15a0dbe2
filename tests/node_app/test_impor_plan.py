"""The import as a whole: what a first file writes, and what the next one may and may not change."""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from generate_desa import make_files  # noqa: E402
from synthetic.faults import FaultKind  # noqa: E402
from synthetic.model import ACUAN  # noqa: E402
from synthetic.sheet import Layout  # noqa: E402

from node.change import write_drafts  # noqa: E402
from node.impor import apply as apply_module  # noqa: E402
from node.impor.apply import apply  # noqa: E402
from node.impor.columns import COLUMNS  # noqa: E402
from node.impor.merge import Conflict, merge_fields  # noqa: E402
from node.impor.queries import LiveTable  # noqa: E402
from node.impor.service import DryRun, dry_run, import_file  # noqa: E402
from node.services import NodeServices, init_node, open_node  # noqa: E402
from shared.clock import WIB  # noqa: E402
from shared.records.catalogue import CATALOGUE  # noqa: E402
from shared.store.drafts import draft_create, draft_delete, draft_update  # noqa: E402
from shared.store.records import load_state, load_states  # noqa: E402

DESA = "33.03.99.2001"
SELAKAMBANG = "33.03.04.2006"
AUTHOR = "01990000-0000-7000-8000-00000000000a"
HEADER = [column.name for column in COLUMNS]
KK, KK_LAIN = "3303990101200001", "3303990101200002"
AYAH, IBU, ANAK = "3303990505800001", "3303994606820002", "3303990707100003"
NIK_BENAR = "3303990505800009"
TABLES = ("penduduk", "keluarga", "dusun")

Cells = dict[str, Any]


class FixedClock:
    """A clock that stands still on the reference day of the generator."""

    def now_s(self) -> int:
        return int(datetime(ACUAN.year, ACUAN.month, ACUAN.day, 9, tzinfo=WIB).timestamp())

    def monotonic_s(self) -> float:
        return 0.0


def make_node(path: Path) -> NodeServices:
    """Make an empty node with known randomness."""
    return init_node(
        path, wilayah=DESA, nama="PC uji", clock=FixedClock(), random=random.Random(7).randbytes
    )


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeServices]:
    services = make_node(tmp_path / "simpul")
    yield services
    services.close()


def person(nama: str, nik: str | None, **cells: Any) -> Cells:
    """Invent a person as cells of the spreadsheet."""
    base: Cells = {
        "alamat": "JALAN MELATI 1", "dusun": "KRAJAN", "rw": "001", "rt": "002", "nama": nama, "no_kk": KK,
        "nik": nik, "sex": "1", "tempatlahir": "PURBALINGGA", "tanggallahir": "1980-05-05", "agama_id": "1",
        "kk_level": "4", "nama_ibu": "SUMINAH", "status_dasar": "1",
    }
    return base | cells


def family() -> list[Cells]:
    """Invent three people of one card; the father stands in row 2."""
    return [
        person("SLAMET RIYADI", AYAH, kk_level="1"),
        person("SITI AMINAH", IBU, kk_level="3", sex="2", tanggallahir="1982-06-06", nama_ibu="RAHAYU"),
        person("BUDI RIYADI", ANAK, tanggallahir="2010-07-07", nama_ibu="SITI AMINAH"),
    ]


def make_xlsx(rows: list[Cells], header: list[str] = HEADER) -> bytes:
    """Make a workbook with one sheet of text."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("Penduduk")
    for index, name in enumerate(header):
        sheet.write_string(0, index, name)
        for number, cells in enumerate(rows, 1):
            if cells.get(name) is not None:
                sheet.write_string(number, index, cells[name])
    book.close()
    return stream.getvalue()


def send(node: NodeServices, rows: list[Cells], **options: Any) -> dict[str, Any]:
    """Import invented rows."""
    return import_file(node, make_xlsx(rows), "warga.xlsx", AUTHOR, **options)


def check(node: NodeServices, rows: list[Cells]) -> DryRun:
    """Check invented rows without writing."""
    return dry_run(node, make_xlsx(rows), "warga.xlsx")


def count(answer: dict[str, Any], *names: str) -> tuple[int, ...]:
    """Give some of the counts of an answer."""
    return tuple(answer["jumlah"][name] for name in names)


def test_who_dies_or_leaves_by_a_file_alone_is_named(node: NodeServices) -> None:
    """The file is taken all the same: the office may know nothing of what its desa did."""
    send(node, family())
    assert send(node, family())["tanpa_peristiwa"] == []
    rows = family()
    rows[0]["status_dasar"], rows[1]["status_dasar"], rows[2]["status_dasar"] = "2", "3", "9"
    assert check(node, rows).summary()["tanpa_peristiwa"] == send(node, rows)["tanpa_peristiwa"] != []
    with node.database.read() as conn:
        status = dict(conn.execute("SELECT nama, status_dasar FROM penduduk").fetchall())
        names = dict(conn.execute("SELECT id, nama FROM penduduk").fetchall())
    assert sorted(status.values()) == [2, 3, 9]
    rows[0]["status_dasar"] = "1"
    assert [names[id] for id in send(node, rows)["tanpa_peristiwa"]] == ["SLAMET RIYADI"], "nor did he return by event"
    assert send(node, [person("BARU", None, status_dasar="2")], is_partial=True)["tanpa_peristiwa"] == []


def codes(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Reduce problems to row, column and code."""
    return [(problem["baris"], problem["kolom"], problem["kode"]) for problem in answer["masalah"]]


def read_rows(node: NodeServices, table: str) -> list[Cells]:
    """Read a whole record table, sorted."""
    with node.database.read() as conn:
        cursor = conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def read_all(node: NodeServices) -> dict[str, list[Cells]]:
    return {table: read_rows(node, table) for table in TABLES}


def find(node: NodeServices, nama: str) -> Cells:
    """Read the one person of a name."""
    (row,) = [row for row in read_rows(node, "penduduk") if row["nama"] == nama]
    return row


def count_changes(node: NodeServices) -> int:
    with node.database.read() as conn:
        return int(conn.execute("SELECT coalesce(sum(size), 0) FROM log").fetchone()[0])


def edit(node: NodeServices, record: str, kind: str = "penduduk", **changed: Any) -> None:
    """Correct a record as a clerk does."""
    chosen = node.catalogue[kind]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, chosen, DESA, record)
        draft = draft_update(chosen, state, record, changed)
        assert draft is not None
        write_drafts(node, [draft], author=AUTHOR)


def enter(node: NodeServices, kind: str = "penduduk", **values: Any) -> str:
    """Enter a record by hand."""
    record = node.new_id()
    write_drafts(node, [draft_create(node.catalogue[kind], record, values)], author=AUTHOR)
    return record


def delete(node: NodeServices, record: str, kind: str = "penduduk") -> None:
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, node.catalogue[kind], DESA, record)
        write_drafts(node, [draft_delete(node.catalogue[kind], state, record, "ganda")], author=AUTHOR)


# The first file.

def test_a_first_file_makes_people_families_and_dusun(node: NodeServices) -> None:
    answer = send(node, family())
    assert answer["masalah"] == []
    assert count(answer, "dibaca", "baru", "keluarga_baru", "dusun_baru", "ditolak") == (3, 3, 1, 1, 0)
    (dusun,), (card,) = read_rows(node, "dusun"), read_rows(node, "keluarga")
    assert dusun["nama"] == "KRAJAN"
    assert (card["no_kk"], card["alamat"], card["dusun"]) == (KK, "JALAN MELATI 1", dusun["id"])
    pointers = {(row["keluarga"], row["dusun"]) for row in read_rows(node, "penduduk")}
    assert pointers == {(card["id"], dusun["id"])}
    assert find(node, "SLAMET RIYADI")["hubungan"] == 1
    assert count_changes(node) == 1 + 5


def test_checking_writes_nothing(node: NodeServices) -> None:
    answer = send(node, family(), only_check=True)
    assert count(answer, "baru") == (3,) and answer["perubahan"] == 5 and answer["batch"] is None
    assert count_changes(node) == 0 and read_rows(node, "import_batch") == []


def test_the_answer_is_plain_json_but_for_the_workbook(node: NodeServices) -> None:
    answer = send(node, [*family(), person("", None)])
    assert isinstance(answer.pop("berkas_tolak"), bytes)
    assert json.loads(json.dumps(answer)) == answer


def test_status_dasar_is_hidup_when_the_file_is_silent(node: NodeServices) -> None:
    send(node, [person("SLAMET", AYAH, status_dasar=None)])
    assert find(node, "SLAMET")["status_dasar"] == 1
    send(node, [person("SLAMET", AYAH, status_dasar="2")])
    assert find(node, "SLAMET")["status_dasar"] == 2


def test_a_family_lives_where_its_head_lives(node: NodeServices) -> None:
    rows = family()
    rows[1]["alamat"] = rows[2]["alamat"] = "RANTAU"
    send(node, [rows[1], rows[2], rows[0]])
    assert read_rows(node, "keluarga")[0]["alamat"] == "JALAN MELATI 1"


def test_a_new_person_needs_sex_and_birth_and_leaves_no_orphans(node: NodeServices) -> None:
    tono = person("TONO", None, no_kk=KK_LAIN, dusun="NGEMPLAK", sex="", tanggallahir="")
    answer = send(node, [*family(), tono])
    assert count(answer, "baru", "ditolak", "keluarga_baru", "dusun_baru") == (3, 1, 1, 1)
    assert [c for c in codes(answer) if c[2] == "data_kurang"] == [
        (5, "sex", "data_kurang"), (5, "tanggallahir", "data_kurang"),
    ]
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer["berkas_tolak"]))
    sheet = book.get_sheet_by_index(0).to_python()
    assert len(sheet) == 2 and sheet[1][4] == "TONO" and "Jenis kelamin" in str(sheet[1][-1])


def test_twins_of_one_key_cannot_be_found_again_and_are_refused(node: NodeServices) -> None:
    answer = send(node, [*family(), *(person("TONO", None, nama_ibu="", alamat=at) for at in "AB")])
    assert count(answer, "baru", "ditolak") == (3, 2)
    refused = [code for code in codes(answer) if code[2] == "orang_kembar"]
    assert refused == [(5, "nama", "orang_kembar"), (6, "nama", "orang_kembar")]


def test_a_batch_keeps_file_counts_and_positions(node: NodeServices) -> None:
    answer = send(node, family())
    (batch,) = read_rows(node, "import_batch")
    assert (batch["id"], batch["filename"], batch["petugas"]) == (answer["batch"], "warga.xlsx", AUTHOR)
    assert json.loads(batch["counts"]) == answer["jumlah"]
    with node.database.read() as conn:
        kinds = conn.execute(
            "SELECT kind FROM change WHERE pos BETWEEN ? AND ? ORDER BY pos",
            (batch["first_pos"], batch["last_pos"]),
        ).fetchall()
    assert [kind for (kind,) in kinds] == ["dusun", "keluarga", *["penduduk"] * 3]


def test_progress_rises_to_its_end(node: NodeServices) -> None:
    seen: list[tuple[int, int]] = []
    send(node, family(), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1] > 0


def test_an_exception_in_the_middle_leaves_nothing(
    node: NodeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply_module, "DRAFTS_MAX", 2)
    steps: list[int] = []

    def stop(done: int, total: int) -> None:
        steps.append(done)
        if done > 2:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        apply(node, check(node, family()).plan, AUTHOR, stop)
    assert steps == [2, 4]
    assert count_changes(node) == 0 and read_all(node) == {table: [] for table in TABLES}
    assert read_rows(node, "import_batch") == read_rows(node, "import_base") == []
    assert count(send(node, family()), "baru") == (3,)


def test_the_tables_are_those_that_the_log_gives(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[0]["alamat"] = "JALAN KENANGA 2"
    send(node, rows)
    before = read_all(node)
    node.rebuild()
    assert read_all(node) == before


# The same file again, and next month's.

def test_the_same_file_again_changes_nothing(node: NodeServices) -> None:
    send(node, family())
    rows, size, base = read_all(node), count_changes(node), read_rows(node, "import_base")
    answer = send(node, family())
    assert count(answer, "baru", "berubah", "tetap", "bentrok", "tidak_ada_lagi") == (0, 0, 3, 0, 0)
    assert (answer["perubahan"], answer["masalah"]) == (0, [])
    assert (read_all(node), count_changes(node), read_rows(node, "import_base")) == (rows, size, base)
    assert read_rows(node, "import_batch")[1]["first_pos"] is None


def test_the_base_survives_a_restart(node: NodeServices, tmp_path: Path) -> None:
    send(node, family())
    node.close()
    again = open_node(tmp_path / "simpul", clock=FixedClock(), random=random.Random(8).randbytes)
    assert count(send(again, family()), "tetap") == (3,)
    again.close()


def test_the_order_of_rows_and_columns_does_not_matter(node: NodeServices) -> None:
    send(node, family())
    answer = import_file(node, make_xlsx(family()[::-1], HEADER[::-1]), "lain.xlsx", AUTHOR)
    assert count(answer, "tetap", "berubah") == (3, 0)


def test_a_changed_value_is_taken(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[2] |= {"agama_id": "2", "alamat": "JALAN KENANGA 2"}
    answer = send(node, rows)
    assert count(answer, "berubah", "tetap", "bentrok") == (1, 2, 0)
    anak = find(node, "BUDI RIYADI")
    assert (anak["agama"], anak["alamat"]) == (2, "JALAN KENANGA 2")


def test_what_a_clerk_corrected_stays(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], alamat="JALAN BENAR 9", agama=3)
    size = count_changes(node)
    answer = send(node, family())
    assert count(answer, "tetap", "bentrok") == (3, 0) and count_changes(node) == size
    ayah = find(node, "SLAMET RIYADI")
    assert (ayah["alamat"], ayah["agama"]) == ("JALAN BENAR 9", 3)


def test_what_a_clerk_emptied_stays_empty(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], agama=None)
    assert count(send(node, family()), "tetap") == (3,)
    assert find(node, "SLAMET RIYADI")["agama"] is None


def test_an_empty_cell_erases_nothing_and_is_no_news_when_it_comes_back(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[0] |= {"agama_id": "", "alamat": "", "rt": "-", "no_kk": ""}
    answer = send(node, rows)
    assert count(answer, "berubah", "bentrok") == (0, 0)
    ayah = find(node, "SLAMET RIYADI")
    assert (ayah["agama"], ayah["alamat"], ayah["rt"]) == (1, "JALAN MELATI 1", "002") and ayah["keluarga"]
    edit(node, ayah["id"], agama=3)
    assert count(send(node, family()), "bentrok", "berubah") == (0, 0)
    assert find(node, "SLAMET RIYADI")["agama"] == 3


def test_a_conflict_is_listed_and_the_value_here_stays(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], agama=3)
    rows = family()
    rows[0] |= {"agama_id": "2", "rt": "007"}
    answer = send(node, rows)
    assert count(answer, "bentrok", "berubah") == (1, 1)
    (problem,) = answer["masalah"]
    assert (problem["baris"], problem["kolom"], problem["huruf_kolom"]) == (2, "agama_id", "K")
    assert problem["nilai"] == "2"
    assert (problem["kode"], problem["akibat"]) == ("bentrok", "nilai di komputer ini dipertahankan")
    assert "KATHOLIK" in problem["pesan"]
    ayah = find(node, "SLAMET RIYADI")
    assert (ayah["agama"], ayah["rt"]) == (3, "007")
    assert count(send(node, rows), "bentrok", "berubah") == (0, 0)


def test_the_same_correction_on_both_sides_is_no_conflict(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], agama=2)
    rows = family()
    rows[0]["agama_id"] = "2"
    assert count(send(node, rows), "bentrok", "berubah", "tetap") == (0, 0, 3)


def test_who_is_missing_is_listed_and_not_deleted(node: NodeServices) -> None:
    send(node, family())
    anak = find(node, "BUDI RIYADI")
    answer = send(node, family()[:2])
    assert answer["tidak_ada_lagi"] == [anak["id"]] and count(answer, "tidak_ada_lagi") == (1,)
    assert find(node, "BUDI RIYADI") == anak
    assert count(send(node, family()), "tetap", "tidak_ada_lagi") == (3, 0)


def test_the_dead_are_not_missed(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "BUDI RIYADI")["id"], status_dasar=2, tanggal_status="2026-10-01")
    assert send(node, family()[:2])["tidak_ada_lagi"] == []


def test_who_stands_in_a_rejected_row_is_not_missing(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[1]["nik"] = rows[1]["nik"][:-1]
    rows[2]["tanggallahir"] = "31-02-2010"
    answer = send(node, rows)
    assert count(answer, "ditolak", "tidak_ada_lagi", "tetap") == (2, 0, 1)


def test_the_workbook_of_rejects_can_be_imported_alone(node: NodeServices) -> None:
    rows = family()
    rows[2]["tanggallahir"] = "31-02-2010"
    send(node, rows)
    assert count(send(node, [family()[2]]), "baru", "keluarga_baru", "keluarga_berubah") == (1, 0, 0)
    assert count(send(node, family()), "tetap", "berubah", "tidak_ada_lagi") == (3, 0, 0)


def test_a_family_does_not_follow_a_member_when_its_head_is_rejected(node: NodeServices) -> None:
    rows = family()
    rows[1]["alamat"] = "RANTAU"
    send(node, rows)
    rows[0]["tanggallahir"] = "31-02-1980"
    answer = send(node, rows)
    assert count(answer, "keluarga_berubah", "bentrok") == (0, 0)
    assert read_rows(node, "keluarga")[0]["alamat"] == "JALAN MELATI 1"


def test_a_family_corrected_by_hand_stays_and_keeps_its_members(node: NodeServices) -> None:
    send(node, family())
    (card,) = read_rows(node, "keluarga")
    edit(node, card["id"], "keluarga", no_kk=KK_LAIN, alamat="JALAN BENAR 9")
    rows = [*family(), person("TONO", NIK_BENAR)]
    answer = send(node, rows)
    assert count(answer, "baru", "keluarga_baru", "keluarga_berubah", "bentrok") == (1, 0, 0, 0)
    (again,) = read_rows(node, "keluarga")
    assert (again["no_kk"], again["alamat"]) == (KK_LAIN, "JALAN BENAR 9")
    assert find(node, "TONO")["keluarga"] == card["id"]


def test_a_person_moves_to_another_family(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[2] |= {"no_kk": KK_LAIN, "kk_level": "1"}
    assert count(send(node, rows), "berubah", "keluarga_baru") == (1, 1)
    cards = {row["id"]: row["no_kk"] for row in read_rows(node, "keluarga")}
    anak = find(node, "BUDI RIYADI")
    assert (cards[anak["keluarga"]], anak["hubungan"]) == (KK_LAIN, 1)


def test_a_renamed_dusun_stays_one_dusun(node: NodeServices) -> None:
    send(node, family())
    edit(node, read_rows(node, "dusun")[0]["id"], "dusun", nama="Krajan Wetan")
    assert count(send(node, family()), "dusun_baru", "berubah", "bentrok") == (0, 0, 0)
    assert [row["nama"] for row in read_rows(node, "dusun")] == ["Krajan Wetan"]


def test_a_dusun_entered_by_hand_is_found_whatever_its_dress(node: NodeServices) -> None:
    record = enter(node, "dusun", nama="Dusun Krajan")
    assert count(send(node, family()), "dusun_baru", "bentrok") == (0, 0)
    assert find(node, "BUDI RIYADI")["dusun"] == record


def test_a_misspelt_dusun_is_a_dusun_of_its_own_and_a_reminder(node: NodeServices) -> None:
    send(node, [row | {"dusun": "SIDOMULYO"} for row in family()])
    answer = send(node, [row | {"dusun": "SIDOMULJO"} for row in family()])
    assert codes(answer) == [(2, "dusun", "dusun_mirip")]
    assert "'SIDOMULYO'" in answer["masalah"][0]["pesan"]
    assert count(answer, "dusun_baru", "berubah") == (1, 3)


MERGES: list[tuple[Any, Any, Any, Cells, list[Conflict]]] = [
    # theirs, base, mine → what is taken, what is in conflict
    (2, 1, 1, {"agama": 2}, []),
    (2, 2, 1, {}, []),
    (2, 1, 2, {}, []),
    (2, 1, 3, {}, [Conflict("agama", 3, False)]),
    (2, 1, None, {}, [Conflict("agama", None, False)]),
    (2, None, None, {"agama": 2}, []),
    (2, None, 3, {}, [Conflict("agama", 3, False)]),
]


@pytest.mark.parametrize(("theirs", "base", "mine", "taken", "conflicts"), MERGES)
def test_three_values_of_a_field_are_merged(
    theirs: Any, base: Any, mine: Any, taken: Cells, conflicts: list[Conflict]
) -> None:
    live = LiveTable(("agama",), {"a": (mine,)}, {})
    known = {} if base is None else {"agama": base}
    assert merge_fields({"agama": theirs}, known, live, "a", CATALOGUE["penduduk"]) == (taken, conflicts)


def test_a_group_in_conflict_between_computers_is_left_alone() -> None:
    live = LiveTable(("agama", "rt"), {"a": (1, "001")}, {"a": frozenset({"agama"})})
    merged = merge_fields(
        {"agama": 2, "rt": "002"}, {"agama": 1, "rt": "001"}, live, "a", CATALOGUE["penduduk"]
    )
    assert merged == ({"rt": "002"}, [Conflict("agama", 1, True)])


# Who is who.

def test_a_person_without_nik_is_found_again_and_later_gets_one(node: NodeServices) -> None:
    rows = family()
    rows[2]["nik"] = "0"
    send(node, rows)
    record = find(node, "BUDI RIYADI")["id"]
    assert find(node, "BUDI RIYADI")["nik"] is None
    rows[2] |= {"nik": None, "nama": "Budi  Riyadi", "alamat": "JALAN KENANGA 2"}
    assert count(send(node, rows), "baru", "berubah", "tidak_ada_lagi") == (0, 1, 0)
    rows[2]["nik"] = ANAK
    answer = send(node, rows)
    assert count(answer, "baru", "berubah", "tidak_ada_lagi") == (0, 1, 0) and answer["masalah"] == []
    (anak,) = [row for row in read_rows(node, "penduduk") if row["id"] == record]
    assert anak["nik"] == ANAK and len(read_rows(node, "penduduk")) == 3
    assert count(send(node, rows), "tetap") == (3,)


def test_a_nik_given_by_hand_is_kept_while_the_file_has_none(node: NodeServices) -> None:
    rows = family()
    rows[2]["nik"] = None
    send(node, rows)
    edit(node, find(node, "BUDI RIYADI")["id"], nik=ANAK)
    assert count(send(node, rows), "tetap", "baru") == (3, 0)
    assert count(send(node, family()), "tetap", "baru") == (3, 0)
    assert find(node, "BUDI RIYADI")["nik"] == ANAK


def test_a_nik_corrected_by_hand_does_not_double_the_person(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], nik=NIK_BENAR)
    answer = send(node, family())
    assert count(answer, "baru", "tetap", "tidak_ada_lagi") == (0, 3, 0) and answer["masalah"] == []
    assert find(node, "SLAMET RIYADI")["nik"] == NIK_BENAR
    rows = family()
    rows[0]["nik"] = NIK_BENAR
    assert count(send(node, rows), "baru", "tetap", "tidak_ada_lagi") == (0, 3, 0)
    assert count(send(node, rows), "tetap") == (3,)


def test_a_nik_corrected_in_the_source_does_not_double_the_person(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[0]["nik"] = NIK_BENAR
    answer = send(node, rows)
    assert count(answer, "baru", "berubah", "tidak_ada_lagi") == (0, 1, 0)
    assert codes(answer) == [(2, "nik", "nik_berbeda")]
    assert find(node, "SLAMET RIYADI")["nik"] == NIK_BENAR
    assert codes(send(node, rows)) == []


def test_two_rows_never_become_one_record(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], nik=NIK_BENAR)
    rows = [*family(), person("ORANG LAIN", NIK_BENAR)]
    answer = send(node, rows)
    assert codes(answer) == [(2, "nik", "orang_dua_baris")]
    assert "baris 5" in answer["masalah"][0]["pesan"]
    assert len(read_rows(node, "penduduk")) == 3


def test_a_nik_of_two_people_here_is_for_a_person_to_sort_out(node: NodeServices) -> None:
    for nama in ("SATU", "DUA"):
        enter(node, nik=AYAH, nama=nama, jenis_kelamin=1, tanggal_lahir="1980-05-05")
    answer = send(node, family())
    assert codes(answer) == [(2, "nik", "nik_ganda_di_data")] and count(answer, "baru", "ditolak") == (2, 1)
    assert len(read_rows(node, "penduduk")) == 4


def test_who_was_entered_by_hand_is_completed_and_never_overwritten(node: NodeServices) -> None:
    record = enter(node, nik=AYAH, nama="SLAMET R", jenis_kelamin=1, tanggal_lahir="1980-05-05")
    answer = send(node, family())
    assert count(answer, "baru", "berubah", "bentrok") == (2, 1, 1)
    assert codes(answer) == [(2, "nama", "bentrok")]
    ayah = find(node, "SLAMET R")
    assert (ayah["id"], ayah["agama"], ayah["hubungan"]) == (record, 1, 1)


def test_who_was_entered_without_nik_is_found_by_name_birth_and_mother(node: NodeServices) -> None:
    record = enter(
        node, nama="Slamet Riyadi", jenis_kelamin=1, tanggal_lahir="1980-05-05", ibu_nama="Suminah"
    )
    assert count(send(node, family()), "baru", "berubah") == (2, 1)
    ayah = [row for row in read_rows(node, "penduduk") if row["id"] == record][0]
    assert ayah["nik"] == AYAH


def test_an_unknown_mother_is_not_enough_to_call_two_people_one(node: NodeServices) -> None:
    enter(node, nama="SLAMET RIYADI", jenis_kelamin=1, tanggal_lahir="1980-05-05")
    answer = send(node, family())
    assert codes(answer) == [(2, "nama_ibu", "orang_mungkin_sama")]
    assert len(read_rows(node, "penduduk")) == 3


def test_a_mother_that_the_source_has_added_does_not_double_the_person(node: NodeServices) -> None:
    rows = family()
    rows[2] |= {"nik": None, "nama_ibu": ""}
    send(node, rows)
    rows[2]["nama_ibu"] = "SITI AMINAH"
    answer = send(node, rows)
    assert count(answer, "baru", "berubah", "tidak_ada_lagi") == (0, 1, 0)
    assert codes(answer) == [(4, "nama_ibu", "orang_disamakan")]


def test_several_people_of_one_name_are_for_a_person_to_sort_out(node: NodeServices) -> None:
    for _ in range(2):
        enter(node, nama="SLAMET RIYADI", jenis_kelamin=1, tanggal_lahir="1980-05-05", ibu_nama="SUMINAH")
    assert codes(send(node, family())) == [(2, "nama", "orang_ambigu")]


@pytest.mark.parametrize("cells", [{}, {"nik": NIK_BENAR}, {"nik": None}])
def test_who_was_deleted_by_hand_does_not_come_back(node: NodeServices, cells: Cells) -> None:
    send(node, family())
    delete(node, find(node, "SLAMET RIYADI")["id"])
    rows = family()
    rows[0] |= cells
    answer = send(node, rows)
    assert [c for c in codes(answer) if c[2] != "kosong"] == [(2, "nama", "pernah_dihapus")]
    assert count(answer, "baru", "ditolak", "tetap", "tidak_ada_lagi") == (0, 1, 2, 0)
    assert len(read_rows(node, "penduduk")) == 2


def test_a_deleted_family_and_dusun_do_not_come_back(node: NodeServices) -> None:
    send(node, family())
    for kind in ("keluarga", "dusun"):
        delete(node, read_rows(node, kind)[0]["id"], kind)
    answer = send(node, [*family(), person("TONO", NIK_BENAR)])
    assert codes(answer) == [(5, "dusun", "dusun_dihapus"), (5, "no_kk", "kk_dihapus")]
    tono = find(node, "TONO")
    assert (tono["keluarga"], tono["dusun"]) == (None, None)
    assert read_rows(node, "keluarga") == read_rows(node, "dusun") == []


def test_two_families_of_one_number_here_are_not_chosen_from(node: NodeServices) -> None:
    for alamat in "AB":
        enter(node, "keluarga", no_kk=KK, alamat=alamat)
    answer = send(node, family())
    assert codes(answer) == [(number, "no_kk", "kk_ganda_di_data") for number in (2, 3, 4)]
    assert find(node, "BUDI RIYADI")["keluarga"] is None and len(read_rows(node, "keluarga")) == 2


def test_another_source_has_a_memory_of_its_own(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[0]["agama_id"] = "2"
    answer = send(node, rows[:1], source_name="siak")
    assert count(answer, "bentrok", "tidak_ada_lagi") == (1, 0)
    assert count(send(node, family()), "tetap") == (3,)


# What stands between a plan and its writing, and after it.

def test_a_plan_that_was_overtaken_is_made_anew(node: NodeServices) -> None:
    send(node, family())
    rows = family()
    rows[0]["agama_id"] = "2"
    run = check(node, rows)
    edit(node, find(node, "SLAMET RIYADI")["id"], agama=3)
    result = apply(node, run.plan, AUTHOR)
    assert result.is_replanned and result.plan.counts["bentrok"] == 1
    assert find(node, "SLAMET RIYADI")["agama"] == 3


def test_a_plan_applied_twice_writes_once(node: NodeServices) -> None:
    run = check(node, family())
    assert not apply(node, run.plan, AUTHOR).is_replanned
    size = count_changes(node)
    assert apply(node, run.plan, AUTHOR).is_replanned and count_changes(node) == size


def test_what_a_batch_overwrote_in_the_base_is_kept(node: NodeServices) -> None:
    first = send(node, family())["batch"]
    before = {(row["kind"], row["key"]): row for row in read_rows(node, "import_base")}
    rows = family()
    rows[0]["nik"] = NIK_BENAR
    second = send(node, rows)["batch"]
    (kept,) = [row for row in read_rows(node, "import_base_before") if row["batch"] == second]
    assert (kept["key"], kept["base_batch"]) == (f"nik:{AYAH}", first)
    assert kept["fields"] == before["penduduk", f"nik:{AYAH}"]["fields"]
    added = [row for row in read_rows(node, "import_base") if row["batch"] == second]
    assert [row["key"] for row in added] == [f"nik:{NIK_BENAR}"]


def test_states_in_bulk_are_those_one_by_one(node: NodeServices) -> None:
    send(node, family())
    edit(node, find(node, "SLAMET RIYADI")["id"], agama=3)
    kind = node.catalogue["penduduk"]
    records = [row["id"] for row in read_rows(node, "penduduk")]
    with node.database.read() as conn:
        states = load_states(conn, node.catalogue, kind, DESA, [*records, AUTHOR])
        assert states == {record: load_state(conn, node.catalogue, kind, DESA, record) for record in records}


# Whole villages.

@pytest.mark.parametrize("layout", [Layout(), Layout(kotor=True, label=True)])
def test_planted_faults_are_found_in_their_place_and_nothing_else_is_rejected(
    node: NodeServices, tmp_path: Path, layout: Layout
) -> None:
    path, _ = make_files(SELAKAMBANG, 600, 7, tmp_path, layout=layout, cacat=3)
    faults = json.loads(path.with_suffix(".cacat.json").read_text())
    answer = import_file(node, path, path.name, AUTHOR)
    found = {(problem["baris"], problem["kolom"]) for problem in answer["masalah"]}
    real = [fault for fault in faults if fault["kode"] != FaultKind.TANPA_NIK]
    assert {(fault["baris"], fault["kolom"]) for fault in real} <= found
    rejected = {p["baris"] for p in answer["masalah"] if p["akibat"] == "baris ditolak"}
    assert rejected <= {fault[name] for fault in real for name in ("baris", "baris_lain")}
    assert count(answer, "baru", "ditolak") == (600 - len(rejected), len(rejected))
    size = count_changes(node)
    again = import_file(node, path, path.name, AUTHOR)
    assert again["perubahan"] == 0 and count_changes(node) == size
    assert count(again, "tetap", "tidak_ada_lagi", "bentrok") == (600 - len(rejected), 0, 0)


def test_a_village_dirty_or_clean_is_the_same_village(node: NodeServices, tmp_path: Path) -> None:
    clean, _ = make_files(SELAKAMBANG, 300, 7, tmp_path)
    import_file(node, clean, clean.name, AUTHOR)
    rows = read_all(node)
    dirty, _ = make_files(SELAKAMBANG, 300, 7, tmp_path, layout=Layout(kotor=True, label=True))
    assert import_file(node, dirty, dirty.name, AUTHOR)["perubahan"] == 0
    assert read_all(node) == rows


def test_five_thousand_rows_in_four_seconds_and_again_in_two(node: NodeServices, tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 5000, 7, tmp_path)

    def spend(act: Callable[[], Any]) -> tuple[Any, float]:
        started = time.process_time()
        return act(), time.process_time() - started

    run, checking = spend(lambda: dry_run(node, path, path.name))
    _, writing = spend(lambda: apply(node, run.plan, AUTHOR))
    assert checking + writing < 4
    answer, repeating = spend(lambda: import_file(node, path, path.name, AUTHOR))
    assert repeating < 2 and answer["perubahan"] == 0


cells = st.fixed_dictionaries({
    "nama": st.sampled_from(["SLAMET", "Slamet", "SITI", ""]),
    "nik": st.sampled_from([None, "0", AYAH, IBU, ANAK, NIK_BENAR]),
    "no_kk": st.sampled_from([KK, KK_LAIN, ""]),
    "kk_level": st.sampled_from(["1", "4"]),
    "tanggallahir": st.sampled_from(["1980-05-05", "1982-06-06", ""]),
    "nama_ibu": st.sampled_from(["SUMINAH", "RAHAYU", ""]),
    "dusun": st.sampled_from(["KRAJAN", "KRAJAN WETAN", "dusun krajan", ""]),
    "agama_id": st.sampled_from(["1", "2", ""]),
    "alamat": st.sampled_from(["A", "B", ""]),
})
files = st.lists(cells, min_size=1, max_size=6).map(lambda rows: [person("", None) | row for row in rows])


hands = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([
        {"nik": "3303990909900009"}, {"nik": None}, {"alamat": "TANGAN"}, {"agama": None}, {"nama": "TANGAN"},
        {"keluarga": None}, {"dusun": None}, {"ibu_nama": None},
    ])),
    max_size=3, unique_by=lambda hand: hand[0],
)


def edit_some(node: NodeServices, edits: list[tuple[int, Cells]]) -> None:
    """Correct a few people by hand."""
    people = read_rows(node, "penduduk")
    for at, changed in edits:
        if at < len(people) and any(people[at][name] != value for name, value in changed.items()):
            edit(node, people[at]["id"], **changed)


@settings(max_examples=40, deadline=None)
@given(files, hands, files)
def test_importing_twice_is_importing_once(
    first: list[Cells], edits: list[tuple[int, Cells]], second: list[Cells]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = make_node(Path(folder) / "simpul")
        try:
            send(node, first)
            edit_some(node, edits)
            for rows in (first, second):
                if rows is second:
                    send(node, rows)
                stored, size = read_all(node), count_changes(node)
                again = send(node, rows)
                assert again["perubahan"] == 0 and count_changes(node) == size
                assert read_all(node) == stored
            node.rebuild()
            assert read_all(node) == stored
        finally:
            node.close()

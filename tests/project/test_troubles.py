"""Every trouble that must heal by itself: its operator reads a sentence, a test holds it, the protocol has a row.

The rows are those of the design of sync, section 3, and the troubles that issues added to them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.ingest.disk import DiskWatch
from hub.kabupaten.lake import FileGone
from hub.kabupaten.witness import WitnessAlarm
from hub.pemulihan.succeeded import SENTENCE
from hub.saksi.view import Contradiction
from hub.usb.receive import Taken
from node.beranda.state import SyncState
from node.sinkron.report import Outcome, Report
from node.sinkron.routes import describe_skew
from shared.store.carried import unbounded
from shared.store.evidence import SENTENCES, Event
from shared.sync.bundle import Title

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "sync_protocol.md").read_text(encoding="utf-8")


class Trouble(NamedTuple):
    """``kalimat`` is part of what the operator reads, as it stands in ``di``; ``baris`` is the row in section 14."""

    apa: str
    kalimat: str
    di: str
    uji: str
    baris: str


TROUBLES = (
    Trouble("request or answer lost", "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim nanti.",
            "node/sinkron/report.py", "test_a_link_that_is_down_ends_the_session_and_keeps_the_work", "F1"),
    Trouble("cut at any byte", "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim nanti.",
            "node/sinkron/report.py", "test_a_session_cut_at_any_byte_heals_without_loss_or_double", "F18"),
    Trouble("duplicated", "Sudah sama dengan kecamatan; tidak ada yang perlu dikirim atau diterima.",
            "node/sinkron/report.py", "test_a_push_repeated_after_a_lost_answer_returns_the_same_receipt_bytes", "F3"),
    Trouble("late or reordered", "Sudah sama dengan kecamatan; tidak ada yang perlu dikirim atau diterima.",
            "node/sinkron/report.py", "test_requests_that_come_late_and_in_another_order_store_nothing_twice", "F104"),
    Trouble("the answer to another request", "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim"
            " nanti.", "node/sinkron/report.py",
            "test_answers_to_earlier_requests_prove_nothing_and_the_next_session_heals", "F104"),
    Trouble("bits flipped", "tetapi kiriman berulang kali rusak di jalan. Pekerjaan Anda aman dan dikirim lagi nanti",
            "node/sinkron/report.py", "test_a_body_changed_on_the_way_is_bad_signature", "F5"),
    Trouble("power cut or kill", "mati mendadak saat Sipande berjalan. Semua yang sudah tersimpan tetap ada.",
            "shared/store/evidence.py", "test_a_run_that_was_cut_off_is_told_when_the_data_are_opened_again", "F55"),
    Trouble("kill of the hub", "mati mendadak saat Sipande berjalan. Semua yang sudah tersimpan tetap ada.",
            "shared/store/evidence.py",
            "test_a_hub_killed_while_a_node_pushes_still_has_all_it_gave_a_receipt_for", "F19"),
    Trouble("disk full at the desa", "Disk komputer penuh, jadi belum ada yang disimpan.",
            "shared/store/connection.py",
            "test_a_full_disk_at_the_desa_is_a_sentence_and_what_was_saved_goes_out", "F53"),
    Trouble("disk full at the hub", "Disk di kecamatan penuh, jadi kiriman belum tersimpan di sana.",
            "shared/sync/codes.py", "test_a_full_disk_at_the_hub_stores_nothing_of_a_run_and_heals", "F53"),
    Trouble("disk full at the hub, told to its operator",
            "Disk komputer hub ini penuh, jadi kiriman desa ditolak sejak", "hub/ingest/disk.py",
            "test_a_full_disk_at_the_hub_is_told_to_its_operator_until_something_was_stored", "F53"),
    Trouble("node restored, nothing new",
            "mungkin dipulihkan dari salinan lama. Yang hilang diminta kembali dari seberang.",
            "shared/store/evidence.py",
            "test_a_node_restored_without_new_work_gets_its_changes_back_and_goes_on_in_a_new_log", "F27"),
    Trouble("node restored, new work",
            "Perubahan dari riwayat kedua diterbitkan lagi di catatan baru, jadi tidak ada yang"
            " hilang.", "shared/store/evidence.py", "test_a_node_restored_with_new_work_keeps_both_histories", "F12"),
    Trouble("a branch only on a stick",
            "Perubahan yang datang lewat jalan lain dikembalikan ke desa untuk diterbitkan lagi.",
            "shared/store/evidence.py",
            "test_a_branch_that_only_a_sibling_holds_is_handed_back_and_issued_again", "F28"),
    Trouble("stolen, told to the hub", "Desa dapat mendaftarkan komputer lain dan mendapat seluruh datanya kembali",
            "hub/templates/pemulihan/simpul.html", "test_what_a_revoked_computer_wrote_is_adopted_one_by_one", "F30"),
    Trouble("stolen, told to the desa", "Kunci komputer ini sudah dicabut kecamatan.",
            "shared/sync/codes.py", "test_a_revoked_key_is_refused_at_hello_and_the_village_works_on", "F13"),
    Trouble("new PC gets all back", "dari kecamatan dan komputer lain di desa",
            "node/templates/sinkron/index.html", "test_a_new_pc_of_the_desa_gets_everything_from_the_hub", "F30"),
    Trouble("two PCs cloned", "Dua komputer memakai satu kunci. Penulisannya ditangguhkan sampai ada yang memeriksa.",
            "shared/store/evidence.py", "test_two_computers_with_one_key_lose_nothing_and_are_suspended", "F29"),
    Trouble("two PCs cloned, told to the desa", "Komputer ini ditangguhkan kecamatan",
            "node/templates/sinkron/index.html", "test_a_suspended_computer_is_heard_and_comes_back", "F29"),
    Trouble("hub restored", "Hub ini sedang dipulihkan", "hub/templates/beranda/index.html",
            "test_a_restored_hub_gets_everything_back", "F17"),
    Trouble("hub restored, what is unproven",
            "Yang dipegang komputer yang belum menyambung bisa saja masih kurang di sini.",
            "hub/templates/pemulihan/index.html",
            "test_a_restored_hub_that_wrote_on_keeps_both_of_its_histories", "F31"),
    Trouble("hub restored, its keys too",
            "Hub ini dipulihkan dari salinan yang lebih lama daripada pergantian kuncinya",
            "hub/pemulihan/succeeded.py", "test_a_hub_put_back_to_an_old_key_learns_it_from_a_node_and_says_so", "F50"),
    Trouble("hub restored, seen by the kabupaten", "PERINGATAN: ", "hub/kabupaten/witness.py",
            "test_the_witness_of_a_restored_hub_stops_and_goes_on_once_nodes_have_healed_it", "F35"),
    Trouble("hub restored, proven by its witness",
            "kabupaten pernah menyaksikan lebih banyak perubahan daripada yang ada di sini.", "hub/saksi/view.py",
            "test_the_witness_of_a_restored_hub_stops_and_goes_on_once_nodes_have_healed_it", "F35"),
    Trouble("hub destroyed", "Hub baru siap.", "hub/cli.py",
            "test_a_destroyed_hub_is_rebuilt_from_the_nodes_under_the_recovery_key", "F33"),
    Trouble("hub has a new key", "Kecamatan memakai kunci baru, dibuktikan oleh kunci lama atau kunci pemulihannya.",
            "shared/store/evidence.py", "test_the_kabupaten_follows_the_hub_to_its_new_key", "F49"),
    Trouble("months offline", "perubahan menunggu dikirim", "node/beranda/state.py",
            "test_a_queue_drains_over_a_line_that_dies_every_half_minute", "F54"),
    Trouble("no internet at all", "Tidak ada internet?", "node/templates/sinkron/index.html",
            "test_a_village_that_never_had_internet_ends_with_parity", "F42"),
    Trouble("half a file on the stick", "Berkasnya terpotong atau rusak; yang utuh sudah disimpan",
            "hub/usb/receive.py", "test_a_bundle_cut_at_any_byte_gives_the_whole_runs_that_it_holds", "F44"),
    Trouble("malicious or broken node", " membanjiri hub: sedikitnya ", "hub/simpul/rules.py",
            "test_a_computer_that_floods_is_named_to_the_operator_of_the_hub", "F51"),
    Trouble("malicious or broken node, told to it", "Kecamatan sedang sibuk; dicoba lagi.",
            "shared/sync/codes.py", "test_a_hostile_computer_is_stopped_and_the_others_are_served", "F51"),
    Trouble("a node writes what it may not", "di luar kewenangannya ditahan", "hub/verval/rules/v10.py",
            "test_what_a_node_may_not_write_is_held_and_does_not_stop_the_rest", "F15"),
    Trouble("an unknown error in one record", "program gagal membacanya", "hub/verval/rules/v10.py",
            "test_an_unknown_error_in_one_record_holds_that_record_and_the_rest_flows", "F52"),
    Trouble("a clock ten years off", "Data tetap benar,", "node/sinkron/routes.py",
            "test_a_clock_ten_years_off_changes_nothing_and_is_told", "F56"),
    Trouble("a stored bit flips", "hash tidak cocok.", "shared/store/verify.py",
            "test_verify_finds_one_flipped_bit_and_names_table_and_column", "F22"),
    Trouble("a stored bit of an index flips", "tidak cocok dengan isinya, jadi pencarian dapat luput atau ganda.",
            "shared/store/verify_file.py", "test_a_bit_flipped_in_an_index_is_told_and_a_rebuild_mends_it", "F57"),
    Trouble("memory of the kabupaten gone", "hilang, padahal sudah ada kiriman dari kecamatan itu",
            "hub/kabupaten/lake.py",
            "test_a_kabupaten_that_lost_what_it_knew_of_a_hub_takes_and_signs_nothing", "F58"),
)


def _event(code: str) -> Callable[[], str]:
    return lambda: Event(0, code, "", "").sentence()


def _refused(code: str) -> Callable[[], str]:
    return lambda: Report(Outcome.DITOLAK, code=code).sentence()


def _half_a_file() -> str:
    taken = Taken(Title.UP, "33.03.04.2006", "PC", "", 1, lambda room=unbounded: iter(()), is_cut=True)
    return " ".join(taken.sentences())


def _full_hub() -> str:
    watch = DiskWatch()
    watch.note_refused(0, "disk_penuh")
    return watch.describe(Path())


SHOWN: dict[str, Callable[[], str]] = {
    "request or answer lost": Report(Outcome.TERPUTUS).sentence,
    "cut at any byte": Report(Outcome.TERPUTUS).sentence,
    "the answer to another request": Report(Outcome.TERPUTUS).sentence,
    "duplicated": Report(Outcome.SELESAI).sentence,
    "late or reordered": Report(Outcome.SELESAI).sentence,
    "bits flipped": Report(Outcome.TERPUTUS, code="bad_signature").sentence,
    "power cut or kill": _event("mati"),
    "kill of the hub": _event("mati"),
    "disk full at the hub": _refused("disk_full"),
    "disk full at the hub, told to its operator": _full_hub,
    "hub restored, proven by its witness": Contradiction("sipande/33.03.04/umum/00", True, 0).sentence,
    "memory of the kabupaten gone": lambda: FileGone(Path("saksi.json")).pesan,
    "node restored, nothing new": _event("pulih"),
    "node restored, new work": _event("terbit_ulang"),
    "a branch only on a stick": _event("kembali"),
    "stolen, told to the desa": _refused("key_revoked"),
    "two PCs cloned": _event("kembar"),
    "hub restored, its keys too": lambda: SENTENCE,
    "hub restored, seen by the kabupaten": lambda: WitnessAlarm("catatan berkurang", Path("bukti"), "").pesan,
    "hub has a new key": _event("kunci_hub"),
    "months offline": lambda: SyncState("Kecamatan", True, 9, 2, 0, None, "", "", None).sentence,
    "half a file on the stick": _half_a_file,
    "a clock ten years off": lambda: describe_skew(0, 10 * 365 * 86400),
}
"""What a person reads, made by the code that the page or command calls; by ``apa``. The others are looked for in
their file: a template, or a sentence that takes a whole installation to be said."""


def list_tests() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.fixture(scope="module")
def tests() -> str:
    return list_tests()


def joined(path: Path) -> str:
    """Read a file with the pieces of its long texts put together, as people read them."""
    return re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("trouble", TROUBLES, ids=[trouble.apa for trouble in TROUBLES])
def test_a_trouble_has_its_sentence_its_test_and_its_row(trouble: Trouble, tests: str) -> None:
    shown = SHOWN.get(trouble.apa)
    assert trouble.kalimat in (joined(ROOT / trouble.di) if shown is None else shown())
    assert f"def {trouble.uji}(" in tests
    row = re.search(rf"(?m)^\| {trouble.baris} \|.*$", PROTOCOL)
    assert row is not None and f"`{trouble.uji}`" in row[0], trouble.baris


def test_what_is_shown_is_of_a_trouble() -> None:
    assert SHOWN.keys() <= {trouble.apa for trouble in TROUBLES}


def test_every_row_of_the_failure_table_has_a_number_of_its_own() -> None:
    numbers = re.findall(r"(?m)^\| (F\d+) \|", PROTOCOL)
    assert len(numbers) == len(set(numbers)) >= len({trouble.baris for trouble in TROUBLES})


NOTING = ("note_event", "add_event", "keep_evidence")
"""Who keeps what was noticed; the code is their third argument."""


def list_codes(path: Path) -> Iterator[str]:
    """Derive the codes of the events that a module notes."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        given = {item.arg for item in function.args.args}
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", getattr(call.func, "attr", "")) not in NOTING:
                continue
            code = call.args[2]
            if isinstance(code, ast.Name) and code.id in given:
                continue  # one of those that keep, handing on what it was told
            for end in list_ends(function, code):
                assert isinstance(end, ast.Constant) and isinstance(end.value, str), f"{path}:{call.lineno}"
                yield end.value


def list_ends(function: ast.FunctionDef, value: ast.expr) -> Iterator[ast.expr]:
    """List what a value may be: through the names of a function and its either-or."""
    if isinstance(value, ast.Name):
        for item in ast.walk(function):
            if isinstance(item, ast.Assign) and getattr(item.targets[0], "id", "") == value.id:
                yield from list_ends(function, item.value)
    elif isinstance(value, ast.IfExp):
        yield from list_ends(function, value.body)
        yield from list_ends(function, value.orelse)
    else:
        yield value


def test_every_event_that_is_noted_has_a_sentence_and_no_sentence_is_left_over() -> None:
    found = {
        code for tree in ("shared", "node", "hub") for path in sorted((ROOT / tree).rglob("*.py"))
        for code in list_codes(path)
    }
    assert found == SENTENCES.keys() and len(found) > 9
    for code in (*sorted(found), "kejadian_baru"):
        said = Event(0, code, "", "").sentence()
        assert said.endswith(".") and said.count(" ") > 3 and "_" not in said, code


def test_every_contradiction_of_a_witness_has_a_sentence() -> None:
    codes = set(list_codes(ROOT / "hub" / "saksi" / "exchange.py"))
    asked = (ROOT / "hub" / "saksi" / "queries.py").read_text(encoding="utf-8")
    assert len(codes) > 1 and all(f"'{code}'" in asked for code in codes)
    said = {Contradiction("sipande/33.03.04/umum/00", is_shorter, 0).sentence() for is_shorter in (True, False)}
    assert len(said) == len(codes) and all(text.startswith("Saluran umum: kabupaten") for text in said)

"""A letter that two computers cancel with different words is cancelled everywhere, before anybody has chosen."""

from __future__ import annotations

import pytest

from hub.app import make_hub_app
from hub.lampid.queries import list_letters
from node.cetak.contoh import make_example
from node.commands import COMMANDS
from node.surat.issue import cancel as cancel_letter
from node.surat.queries import list_letters_of_year
from shared.clock import today
from shared.errors import UserError
from shared.surat.cetakan import write_cetakan
from shared.surat.checking import check_letter
from shared.surat.jenis import shipped
from shared.surat.periksa import Finding
from shared.web.passwords import Cost
from tests.federation.test_surat_tanda import check
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import read_text
from tests.node_app.test_pages_sengketa import read_form_of
from tests.shared_core.test_pdf import read_text as read_pdf
from tests.support.federation import DESA, Federation
from tests.support.letters import cancel, issue
from tests.support.office import create, rows, update, value


def cancelled_twice(federation: Federation) -> tuple[str, str]:
    """Let two computers cancel one letter before they meet; give its id and the text of its QR."""
    a, b = federation.add_node("a"), federation.add_node("b")
    person = create(a, nama="SITI RAHAYU")
    sheet = make_example(shipped()["keterangan-usaha"], DESA, {}, today(a.clock))
    id, seal = issue(a, federation.author(a), penduduk=person, cetakan=write_cetakan(sheet))
    federation.sync_all()
    cancel(a, federation.author(a), id, "salah nama", "2026-09-24")
    cancel(b, federation.author(b), id, "salah orang", "2026-09-23")
    federation.sync_all()
    federation.sync_all()
    assert "batal" in value(a, "SELECT konflik FROM surat WHERE id = ?", id), "the merge leaves it open"
    return id, seal.teks


def test_a_letter_cancelled_twice_is_cancelled_on_every_side_and_by_command(federation: Federation) -> None:
    _, teks = cancelled_twice(federation)
    nodes = federation.nodes["a"], federation.nodes["b"]
    for side in (*nodes, federation.hub):
        assert check(side, teks) is Finding.DIBATALKAN
        with side.database.read() as conn:
            assert check_letter(conn, teks, side).batal == "2026-09-23", "the earliest day"
    told = COMMANDS["periksa-surat"](nodes[0], {"teks": teks}, lambda _: None)
    assert told["hasil"] == "Sudah dibatalkan"
    client = make_hub_app(federation.hub, Cost(memory_kib=32, rounds=1)).test_client()
    assert "Sudah dibatalkan" in client.get(f"/periksa-surat?s={teks}").text


def test_books_and_rules_count_it_as_cancelled_and_nobody_cancels_it_again(federation: Federation) -> None:
    id, _ = cancelled_twice(federation)
    node = federation.nodes["a"]
    with node.database.read() as conn:
        (row,) = list_letters_of_year(conn, DESA, 2026)
    assert row.batal and row.konflik and set(row.alasan_batal.split(" / ")) == {"salah nama", "salah orang"}
    with pytest.raises(UserError, match="sudah dibatalkan"):
        cancel_letter(node, id, "sekali lagi", federation.author(node))
    (person,) = rows(federation.hub, "SELECT penduduk FROM surat")
    with federation.hub.database.read() as conn:
        assert list_letters(conn, person) == [], "no letter after death (V8)"


def test_its_own_page_says_so_and_still_asks_which_words_to_keep(federation: Federation) -> None:
    id, teks = cancelled_twice(federation)
    node = federation.nodes["a"]
    browser, page = open_browser(node), f"/surat/terbit/{id}"
    answer = browser.get(page)
    text = " ".join(read_text(answer).split())
    assert "dibatalkan di dua komputer" in text and "Cetak bertanda BATAL" in text and "Cetak (PDF)" not in text
    assert "Tanggal batal, Alasan batal, Dibatalkan oleh: menunggu verval" in text
    assert "Batalkan surat ini" not in text and "Berlaku sementara: Surat batal" in text
    assert "salah nama" in text and "salah orang" in text and text.count("Pakai yang ini") == 2
    assert "BATAL: " in read_text(browser.get("/surat/agenda/?tahun=2026"))
    assert "BATAL" in read_pdf(browser.get(f"{page}/surat.pdf").data), "it is not printed again as a valid one"
    ref = answer.text.split('name="versi" value="')[1].split('"')[0]
    text = read_text(browser.follow(browser.post(f"{page}/pilih", **read_form_of(answer.text, ref))))
    assert "menunggu verval" not in text and "Surat ini dibatalkan" in text and "dua komputer" not in text
    federation.sync_all()
    assert check(federation.hub, teks) is Finding.DIBATALKAN


def test_a_letter_with_another_dispute_is_not_cancelled(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    id, seal = issue(a, federation.author(a))
    federation.sync_all()
    update(a, id, of="surat", penerima="Bank")
    update(b, id, of="surat", penerima="Camat")
    federation.sync_all()
    federation.sync_all()
    assert check(federation.hub, seal.teks) is Finding.ASLI and check(a, seal.teks) is Finding.ASLI

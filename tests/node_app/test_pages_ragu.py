"""What a month cannot count for sure stands on its pages, is ticked before it is closed, and is never *nihil*."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from node.laporan.queries import Bayi, Pendatang
from node.laporan.ragu import pair_arrivals, pair_newborns
from node.services import NodeServices
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, read_text
from tests.node_app.test_pages_lampid import send
from tests.support.federation import Federation
from tests.support.lampid import close, end_month, happen, months
from tests.support.office import create, rows, value

BULAN = "2026-09"


def say(answer: TestResponse) -> str:
    return " ".join(read_text(answer).split())


def open_page(dunia: Federation, node: NodeServices) -> Browser:
    """Log in on the last day of the month."""
    end_month(dunia.clock, BULAN)
    return open_browser(node)


def close_as_shown(browser: Browser, page: TestResponse, **ticks: str) -> TestResponse:
    seen = re.search(r'name="dilihat" value="(\w+)"', page.text)
    assert seen
    return browser.post(f"/laporan/{BULAN}/tutup", dilihat=seen[1], benar="1", **ticks)


def die_twice(dunia: Federation) -> str:
    """Let two computers record one death before they meet; return the resident."""
    id = create(dunia.nodes["kantor"], nama="MBAH SAMI", jenis_kelamin=2, status_dasar=1)
    dunia.sync_all()
    for name in ("kantor", "laptop"):
        happen(dunia.nodes[name], "mati", f"{BULAN}-18", id)
    dunia.sync_all(3)
    return id


def test_a_death_that_waits_for_verval_is_named_and_its_month_is_not_nihil(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    id = die_twice(dunia)
    browser = open_page(dunia, kantor)
    for page in (browser.get(f"/laporan/{BULAN}"), browser.get(f"/laporan/{BULAN}/tutup")):
        text = say(page)
        assert "MBAH SAMI : meninggal, dilaporkan September 2026" in text and "menunggu verval" in text
        assert f'href="/penduduk/{id}"' in page.text and "nihil" not in text
    refused = close_as_shown(browser, page)
    assert refused.status_code == 400 and "Saya tahu peristiwa MBAH SAMI belum terhitung" in say(refused)
    assert 'name="benar" value="1" checked' in refused.text and 'name="tahu" value="1">' in refused.text
    assert rows(kantor, "SELECT id FROM laporan_lampid") == []
    done = browser.follow(close_as_shown(browser, page, tahu="1"))
    assert "sudah ditutup. Kecamatan" in say(done) and "nihil" not in say(done)
    assert value(kantor, "SELECT nihil FROM laporan_lampid") == 0
    assert "nihil" not in say(browser.get("/laporan/"))
    assert months(kantor)[BULAN].count([Kolom.MATI], Pilih()) == 0


def test_it_comes_late_once_one_version_is_chosen(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    id = die_twice(dunia)
    close(kantor, BULAN)
    dunia.clock.now += 86_400
    browser = open_browser(kantor)
    assert "MBAH SAMI : meninggal, dilaporkan September 2026" in say(browser.get("/laporan/2026-10"))
    version = re.search(r'name="versi" value="([^"]+)"', browser.get(f"/penduduk/{id}").text)
    assert version
    browser.follow(browser.post(f"/penduduk/{id}/pilih", grup="status", versi=version[1]))
    (late,) = months(kantor)["2026-10"].gerak
    assert (late.kolom, late.penduduk, late.lapor) == (Kolom.MATI, id, BULAN)
    assert "MBAH SAMI" not in say(browser.get("/laporan/2026-10"))


def test_nobody_signs_over_a_dispute_that_came_in_since_the_page_was_opened(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    laptop, gudang = dunia.nodes["laptop"], dunia.add_node("gudang")
    ids = [create(kantor, nama=nama, jenis_kelamin=2, status_dasar=1) for nama in ("MBAH SAMI", "MBAH TUM")]
    dunia.sync_all()
    browser = open_page(dunia, kantor)
    for id, word in zip(ids, ("SAMI", "TUM"), strict=True):
        page = browser.get(f"/laporan/{BULAN}/tutup")
        for node in (laptop, gudang):
            happen(node, "mati", f"{BULAN}-18", id)
        dunia.sync_all(3)
        answer = close_as_shown(browser, page, tahu="1")
        # Not one number of the page has changed: those who wait are the whole difference.
        assert answer.status_code == 409 and f"MBAH {word} : meninggal" in say(answer)
        assert " checked" not in answer.text, "nothing is ticked of what was not there when it was"
    assert rows(kantor, "SELECT id FROM laporan_lampid") == []


def test_where_nothing_waits_nothing_more_is_asked(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(kantor, nama="MBAH SAMI", jenis_kelamin=2, status_dasar=1)
    dunia.sync_all()
    happen(kantor, "mati", f"{BULAN}-18", id, agama=1)
    dunia.sync_all(3)
    browser = open_page(dunia, laptop)
    page = browser.get(f"/laporan/{BULAN}/tutup")
    assert "belum terhitung" not in say(page) and 'name="tahu"' not in page.text
    assert close_as_shown(browser, page).status_code == 303


def test_a_birth_recorded_on_two_computers_is_asked_about(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    family = create(kantor, "keluarga", alamat="JL. MAWAR")
    create(kantor, nama="IBU SATU", jenis_kelamin=2, tanggal_lahir="1990-01-01", hubungan=1, keluarga=family,
           status_dasar=1)
    dunia.sync_all()
    for node, nama in ((kantor, "BUNGA"), (laptop, "BAYI IBU SATU")):
        send(open_browser(node), f"/peristiwa/catat/lahir/{family}", nama=nama, jenis_kelamin="2")
    dunia.sync_all(3)
    end_month(dunia.clock, BULAN)
    browser = open_browser(kantor, "ani")
    page = browser.get(f"/laporan/{BULAN}/tutup")
    for text in (say(page), say(browser.get(f"/laporan/{BULAN}"))):
        assert "BAYI IBU SATU dan BUNGA , lahir 18-09-2026" in text
    browser.get(f"/laporan/{BULAN}/tutup")
    assert close_as_shown(browser, page).status_code == 400
    second, = (row[0] for row in rows(kantor, "SELECT peristiwa FROM penduduk WHERE nama LIKE 'BAYI%'"))
    browser.get(f"/peristiwa/{second}")
    browser.follow(browser.post(f"/peristiwa/{second}/batal", alasan="tercatat dua kali", tanggal_lapor="21-09-2026"))
    page = browser.get(f"/laporan/{BULAN}/tutup")
    assert "tercatat dua kali" not in say(page)
    assert close_as_shown(browser, page).status_code == 303
    assert months(kantor)[BULAN].count([Kolom.LAHIR], Pilih()) == 1


def _baby(id: str, nama: str = "BUNGA", *, lahir: str = "2026-09-01", keluarga: str = "", ibu: str = "",
          is_twin: bool = False) -> Bayi:
    return Bayi(id, nama, lahir, ibu, keluarga, is_twin)


@pytest.mark.parametrize(("one", "other", "is_pair"), [
    (_baby("a"), _baby("b", "Bunga"), True),
    (_baby("a"), _baby("b", lahir="2026-09-02"), False),
    (_baby("a"), _baby("b", "MELATI"), False),
    (_baby("a", keluarga="k"), _baby("b", "MELATI", keluarga="k"), True),
    (_baby("a", ibu="3303994101900001"), _baby("b", "MELATI", ibu="3303994101900001"), True),
    (_baby("a", keluarga="k", is_twin=True), _baby("b", "MELATI", keluarga="k", is_twin=True), False),
    (_baby("a", keluarga="k", is_twin=True), _baby("b", "MELATI", keluarga="k"), True),
    (_baby("a", keluarga="k", is_twin=True), _baby("b", keluarga="k", is_twin=True), True),
])
def test_newborns_of_one_day_are_one_child_by_name_mother_or_card_unless_they_are_twins(
    one: Bayi, other: Bayi, is_pair: bool
) -> None:
    assert bool(pair_newborns([one, other], ["a"])) is is_pair
    assert pair_newborns([one, other], []) == []


@given(st.permutations("abcd"))
def test_every_pair_of_look_alikes_is_named_once(order: list[str]) -> None:
    found = pair_newborns([_baby(id) for id in order], ["a", "b"])
    assert len(found) == len({frozenset((one.penduduk, other.penduduk)) for one, other in found}) == 5


NIK = "3303990202900001"


def test_an_arrival_recorded_on_two_computers_is_asked_about(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    dunia.sync_all()
    one = {"jumlah": "1", "o0-nama": "SLAMET RIYADI", "o0-tanggal_lahir": "02-02-1990", "o0-jenis_kelamin": "1",
           "o0-hubungan": "1", "o0-nik": NIK, "tujuan": "baru", "sudah_diperiksa": "1"}
    for node in (kantor, laptop):
        assert send(open_browser(node), "/peristiwa/catat/datang", **one).status_code == 303
    dunia.sync_all(3)
    end_month(dunia.clock, BULAN)
    browser = open_browser(kantor, "ani")
    page = browser.get(f"/laporan/{BULAN}/tutup")
    for text in (say(page), say(browser.get(f"/laporan/{BULAN}"))):
        assert "SLAMET RIYADI dan SLAMET RIYADI , lahir 02-02-1990" in text
    assert "Saya tahu pendatang yang mirip" in say(page)
    browser.get(f"/laporan/{BULAN}/tutup")
    assert close_as_shown(browser, page).status_code == 400
    second = rows(kantor, "SELECT peristiwa FROM penduduk ORDER BY id")[1][0]
    browser.get(f"/peristiwa/{second}")
    browser.follow(browser.post(f"/peristiwa/{second}/batal", alasan="tercatat dua kali", tanggal_lapor="21-09-2026"))
    page = browser.get(f"/laporan/{BULAN}/tutup")
    assert "tercatat dua kali" not in say(page)
    assert close_as_shown(browser, page).status_code == 303
    assert months(kantor)[BULAN].count([Kolom.DATANG], Pilih()) == 1


def _come(id: str, nama: str = "SLAMET", *, lahir: str = "1990-02-02", nik: str = "") -> Pendatang:
    return Pendatang(id, nama, lahir, nik)


@pytest.mark.parametrize(("one", "other", "is_pair"), [
    (_come("a"), _come("b", "Slamet"), True),
    (_come("a", nik=NIK), _come("b"), True),
    (_come("a", nik=NIK), _come("b", nik="3303990202900002"), False),
    (_come("a", nik=NIK), _come("b", "LAIN", lahir="1990-02-20", nik=NIK), True),
    (_come("a", nik=NIK), _come("b", nik=NIK), True),
    (_come("a"), _come("b", lahir="1990-02-03"), False),
    (_come("a", lahir=""), _come("b", lahir=""), False),
    (_come("a"), _come("b", "WAHYU"), False),
])
def test_arrivals_are_one_person_by_nik_or_by_name_and_birth_date_where_one_is_missing(
    one: Pendatang, other: Pendatang, is_pair: bool
) -> None:
    assert len(pair_arrivals([one, other], ["b"])) == is_pair
    assert pair_arrivals([one, other], []) == []

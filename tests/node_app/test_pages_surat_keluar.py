"""A letter that was written elsewhere: it takes its number from the same series, and stands in the same books."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from node.surat.rules import TANPA_KONSEP
from shared.store.runs import encode_root
from shared.surat.jenis import make_slug
from tests.node_app.test_pages_kit import Browser, Desa, make_desa, read_form, read_text
from tests.node_app.test_pages_surat import give_block, issue
from tests.support.office import own_log
from tests.support.pictures import draw_crest

ADD = "/surat/keluar/"
LETTER = {"tujuan": "Camat Kaligondang", "ringkasan": "Laporan kegiatan 17 Agustus", "kode_arsip": "005"}


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    made.write("desa", kode="33.03.04.2006", kepala_desa="SUGENG KADES")
    yield made
    made.node.close()


def say(answer: Any) -> str:
    return " ".join(read_text(answer).split())


def record(browser: Browser, **typed: str) -> str:
    """Record a letter; return its path."""
    fields = read_form(browser.get(ADD), ADD)
    answer = browser.post(ADD, {**fields, **LETTER, **typed})
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"]).replace("http://localhost", "")


def test_it_takes_the_next_number_and_stands_in_agenda_and_expedition(desa: Desa, siti: Browser) -> None:
    give_block(desa)
    issue(desa, siti)
    path = record(siti)
    page = say(siti.get(path))
    assert "005/002/33.03.04.2006/IX/2026" in page and "Laporan kegiatan 17 Agustus" in page
    assert "Camat Kaligondang" in page and "Cetak" not in page and "Tulis nomor itu di suratnya" in page
    issue(desa, siti)
    agenda = say(siti.get("/surat/agenda/?tahun=2026"))
    assert "002 005/002/33.03.04.2006/IX/2026 21-09-2026 Camat Kaligondang Laporan kegiatan 17 Agustus" in agenda
    assert "003" in agenda
    siti.get(path)
    siti.follow(siti.post(f"{path}/kirim", tanggal_kirim="22-09-2026", penerima="Bu Rini"))
    assert "Laporan kegiatan 17 Agustus Bu Rini" in say(siti.get("/surat/agenda/?buku=ekspedisi&tahun=2026"))
    siti.get("/surat/")
    found = say(siti.follow(siti.post("/surat/cari", teks="17 agustus")))
    assert "1 surat cocok" in found and "Camat Kaligondang Tercatat" in found
    assert siti.get(f"{path}/surat.pdf").status_code == 404


def test_it_is_scanned_and_cancelled_like_any_letter(desa: Desa, siti: Browser) -> None:
    give_block(desa)
    path = record(siti)
    siti.get(path)
    siti.follow(siti.post(f"{path}/pindaian", {"pindaian": (BytesIO(draw_crest()), "surat.png")}))
    assert siti.get(f"{path}/pindaian?kecil=1").mimetype == "image/jpeg"
    siti.get(path)
    page = say(siti.follow(siti.post(f"{path}/batal", alasan="Salah tujuan")))
    assert "dibatalkan" in page and "pengganti" not in page and "Cetak" not in page
    assert "BATAL: Salah tujuan" in say(siti.get("/surat/agenda/?tahun=2026"))
    assert "/002/" in desa.value("surat", record(siti).rsplit("/", 1)[1], "nomor"), "the number stays used"


def test_what_is_missing_is_said_and_what_was_typed_stays(desa: Desa, siti: Browser) -> None:
    fields = read_form(siti.get(ADD), ADD)
    for typed, said in (
        ({"tujuan": ""}, "Ditujukan kepada wajib diisi"), ({"ringkasan": " "}, "Isi singkat atau perihal wajib diisi"),
        ({"tanggal": ""}, "Tanggal surat wajib"), ({"tanggal": "22-09-2026"}, "Tanggal surat belum tiba"),
        ({"tanggal": "31-12-2024"}, "tahun ini atau tahun lalu"),
    ):
        answer = siti.post(ADD, {**fields, **LETTER, **typed})
        assert answer.status_code == 400 and said in say(answer), typed
        assert 'value="005"' in answer.text
    assert desa.count("SELECT count(*) FROM surat") == 0


def test_its_number_is_remembered_beside_the_database(desa: Desa, siti: Browser) -> None:
    # Of last year there is no block: an own series, as for any letter.
    path = record(siti, tanggal="30-12-2025")
    row = desa.value("surat", path.rsplit("/", 1)[1], "tahun"), desa.value("surat", path.rsplit("/", 1)[1], "seri")
    assert row[0] == 2025 and row[1]
    log = own_log(desa.node)
    assert desa.node.anchor.load().heads[log.id] == (log.size, encode_root(log.root()))


def test_no_kind_of_letter_can_be_called_like_it() -> None:
    assert make_slug(TANPA_KONSEP) != TANPA_KONSEP

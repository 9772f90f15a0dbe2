"""The printed letter: what stands on it, the QR of an issued one, and the mark of a concept."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from node.cetak.cetakan import Look, draw_letter, draw_qr, make_pdf
from shared.changelog.keys import SigningKey
from shared.surat.isi import fill
from shared.surat.jenis import shipped
from shared.surat.tanda import seal_surat, write_kode, write_qr

DESA = "33.03.04.2006"
LOOK = Look(None, "https://kaligondang.contoh.go.id")
HOSTILE = "#read(\"/etc/passwd\") [nik] $x$ <b>tebal</b> {{ 7*7 }}"


def snapshot(slug: str = "keterangan-usaha", facts: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    jenis = shipped()[slug]
    values = {"nomor": "500.2.2.4/1/2026", "tanggal": date(2026, 11, 22), "judul": jenis.judul, "nama": "SITI RAHAYU"}
    seal = seal_surat(values, DESA, SigningKey(bytes(range(32))), lambda count: bytes(count))
    return {
        "format": 1, "jenis": slug, "judul": jenis.judul, "nomor": values["nomor"], "kertas": "F4",
        "kop": {"kode": DESA, "kabupaten": "Kabupaten Purbalingga", "kecamatan": "Kecamatan Kaligondang",
                "desa": "Desa Selakambang", "alamat": "Jalan Raya 1", "telepon": "", "email": ""},
        "bagian": list(fill(jenis, facts or {"nama": "SITI RAHAYU", "keperluan": "mencoba"}).bagian),
        "mengetahui_camat": jenis.mengetahui_camat, "nama": "SITI RAHAYU", "tempat": "Selakambang",
        "tanggal": "2026-11-22", "berlaku_sampai": "",
        "tanda_tangan": {"cara": "an", "jabatan": ["a.n. Kepala Desa Selakambang", "Sekretaris Desa"],
                         "nama": "SUTRISNO", "nip": "NIAP 7"},
        "kode": seal.kode, "tanda": seal.teks, **changed,
    }


def read_text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_letter_has_the_parts_of_a_letter() -> None:
    shown = read_text(make_pdf(snapshot(), is_concept=False, look=LOOK))
    for part in ("PEMERINTAH KABUPATEN PURBALINGGA", "DESA SELAKAMBANG", "SURAT KETERANGAN USAHA",
                 "Nomor: 500.2.2.4/1/2026", "Selakambang, 22 November 2026", "a.n. Kepala Desa Selakambang",
                 "Sekretaris Desa", "SUTRISNO", "NIAP 7", "tanda tangan elektronik tidak",
                 write_kode(snapshot()["kode"])):
        assert part in shown, part
    assert "Mengetahui" not in shown and "KONSEP" not in shown


def test_a_concept_bears_its_mark_and_neither_qr_nor_code() -> None:
    shown = read_text(make_pdf(snapshot(nomor=""), is_concept=True, look=LOOK))
    assert "KONSEP" in shown and "Kode:" not in shown and "QR" not in shown and "Nomor: …" in shown


def test_a_cancelled_letter_that_is_printed_again_says_so() -> None:
    assert "BATAL" in read_text(make_pdf(snapshot(batal=True), is_concept=False, look=LOOK))


def test_the_camat_is_there_where_the_letter_wants_him() -> None:
    shown = read_text(make_pdf(snapshot("keterangan-ahli-waris"), is_concept=False, look=LOOK))
    assert "Mengetahui" in shown and "Camat Kaligondang" in shown


@pytest.mark.parametrize("slug", sorted(shipped()))
def test_every_shipped_letter_fits_on_one_page(slug: str) -> None:
    jenis = shipped()[slug]
    facts = {f"isian.{one.nama}": "isi yang cukup panjang untuk satu baris" for one in jenis.isian}
    assert len(draw_letter(snapshot(slug, {**facts, "nama": "SITI"}), is_concept=False, look=LOOK)) == 1


def test_a_long_letter_goes_on_and_its_pages_are_numbered() -> None:
    long = [{"jenis": "paragraf", "teks": "Kalimat panjang. " * 60} for _ in range(12)]
    reader = PdfReader(io.BytesIO(make_pdf(snapshot(bagian=long), is_concept=False, look=LOOK)))
    assert len(reader.pages) > 1
    assert f"Halaman 1 dari {len(reader.pages)}" in reader.pages[0].extract_text()
    assert "SUTRISNO" in reader.pages[-1].extract_text()


def test_what_was_typed_is_printed_and_never_run() -> None:
    text = read_text(make_pdf(snapshot(facts={"nama": HOSTILE, "keperluan": HOSTILE}), is_concept=False, look=LOOK))
    assert "".join(HOSTILE.split()) in "".join(text.split())


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert make_pdf(snapshot(), is_concept=False, look=LOOK) == make_pdf(snapshot(), is_concept=False, look=LOOK)


def test_the_qr_holds_the_proof_and_differs_with_it() -> None:
    first, second = (draw_qr(write_qr(snapshot(judul=judul)["tanda"], LOOK.alamat)) for judul in ("A", "A"))
    assert first == second and first.startswith(b"<svg") and draw_qr("lain") != first


def test_a_letter_without_signer_or_address_can_still_be_looked_at() -> None:
    bare = snapshot(tanda_tangan={"cara": "", "jabatan": [], "nama": "", "nip": ""}, tanggal="", tanda="", kode="")
    assert draw_letter(bare, is_concept=True, look=Look())

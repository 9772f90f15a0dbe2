"""The case of a number that two letters have (V9), as officers see it."""

from __future__ import annotations

from pathlib import Path

from tests.hub_app.test_pages_site import BUDI, KREO, make_site
from tests.hub_app.test_pages_verval import case_of

NIK = "3303990101900077"


def test_the_case_of_a_double_number_shows_both_letters_and_no_nik(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    node = site.add_node(KREO, "PC kantor")
    values = {"urut": 7, "tahun": 2026, "jenis": "usaha", "tanggal": "2026-02-03", "judul": "Surat Keterangan Usaha"}
    cetakan = f'{{"bagian": [{{"teks": "{NIK}"}}]}}'
    one = site.create(node, "surat", cases=False, nomor="a/007/2026", nama="Sarjono", cetakan=cetakan, **values)
    site.create(node, "surat", nomor="b/007/2026", nama="Tukiyem", cetakan=cetakan, **values)
    page = site.client(BUDI).get(case_of(site, "V9", one)).text
    assert "a/007/2026" in page and "b/007/2026" in page and "nomor urut yang sama" in page
    assert NIK not in page
    assert "007/2026" in site.client(BUDI).get("/verval?kode=V9").text
    site.close()

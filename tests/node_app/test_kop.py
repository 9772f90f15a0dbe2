"""The head of printed sheets: whose it is and when, in practice what it is not, and never for strangers."""

from __future__ import annotations

from node.beranda.kop import make_kop, name_desa
from shared.clock import format_time
from tests.node_app.test_pages_kit import Desa, read_text


def test_the_head_says_whose_and_when(desa: Desa) -> None:
    text = " ".join(read_text(desa.browser().get(f"/penduduk/{desa.ayah}")).split())
    assert "Desa Selakambang Kecamatan Kaligondang, Kabupaten Purbalingga, Jawa Tengah" in text
    assert f"Biodata Dicetak {format_time(desa.clock.now_s())} oleh siti" in text


def test_a_kelurahan_is_called_one() -> None:
    assert name_desa("33.03.05.1001") == "Kelurahan Bojong" and name_desa("33.03.04.2006") == "Desa Selakambang"


def test_a_sheet_from_practice_can_be_taken_for_no_other(desa: Desa) -> None:
    desa.node.is_latihan = True
    assert make_kop(desa.node).nama == "LATIHAN, bukan data desa"


def test_a_page_for_strangers_has_no_head(desa: Desa) -> None:
    assert "Dicetak" not in read_text(desa.browser(None).get("/masuk"))

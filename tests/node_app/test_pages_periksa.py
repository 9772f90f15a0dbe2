"""Pemeriksaan at the desa."""

from __future__ import annotations

from tests.node_app.test_pages_kit import Desa


def test_the_desa_checks_what_it_holds(desa: Desa) -> None:
    siti = desa.browser()
    assert "/periksa" in siti.get("/sinkronisasi/").text and "Belum diperiksa" in siti.get("/periksa").text
    siti.post("/periksa", {})
    assert "Semuanya utuh" in siti.get("/periksa").text
    with desa.node.database.write() as conn:
        conn.execute("UPDATE change SET leaf = zeroblob(32) WHERE pos = (SELECT max(pos) FROM change)")
    siti.post("/periksa", {})
    text = siti.get("/periksa").text
    assert "hash tidak cocok" in text and "telepon operator kecamatan" in text


def test_a_change_that_cannot_be_read_any_more_is_told_as_damage_here(desa: Desa) -> None:
    siti = desa.browser()
    siti.get("/periksa")
    with desa.node.database.write() as conn:
        conn.execute("UPDATE change SET header = x'5b' WHERE pos = (SELECT max(pos) FROM change)")
    siti.post("/periksa", {})
    text = siti.get("/periksa").text
    assert "kolom header rusak" in text and "belum dapat dibandingkan" in text and "sebelum selesai" not in text

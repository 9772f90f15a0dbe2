"""Pemeriksaan at the desa."""

from __future__ import annotations

from html import unescape

from node.commands import check_node
from node.pulihkan.restore import restore_node
from node.services import open_node
from shared.store.backup.make import make_daily_backup
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
    assert "Tidak ada cadangan di" in text and "rebuild" in text


def test_the_page_says_how_to_restore_what_is_damaged(desa: Desa) -> None:
    siti = desa.browser()
    assert "Cara memulihkan" not in siti.get("/periksa").text
    made = make_daily_backup(desa.node)
    with desa.node.database.write() as conn:
        conn.execute("UPDATE change SET leaf = zeroblob(32) WHERE pos = (SELECT max(pos) FROM change)")
    siti.post("/periksa", {})
    text = unescape(siti.get("/periksa").text)
    assert f'sipande-node --data "{desa.node.folder.path.absolute()}" pulihkan "{made.path}"' in text
    # And what it says to type mends the computer.
    desa.node.close()
    restored = restore_node(desa.node.folder, made.path, "", desa.node.clock, desa.node.random)
    assert restored.aside is not None
    node = open_node(desa.node.folder.path, clock=desa.node.clock, random=desa.node.random)
    assert check_node(node)["baik"]
    node.close()


def test_a_change_that_cannot_be_read_any_more_is_told_as_damage_here(desa: Desa) -> None:
    siti = desa.browser()
    siti.get("/periksa")
    with desa.node.database.write() as conn:
        conn.execute("UPDATE change SET header = x'5b' WHERE pos = (SELECT max(pos) FROM change)")
    siti.post("/periksa", {})
    text = siti.get("/periksa").text
    assert "kolom header rusak" in text and "belum dapat dibandingkan" in text and "sebelum selesai" not in text

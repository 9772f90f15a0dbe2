"""The access audit as the admin reads it: in plain words, filtered, with the chain checked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.akses.routes import PAGE
from hub.akses.words import ACTIONS
from hub.verval.queue import write_url_id
from shared.web.audit import record_access
from tests.hub_app.test_pages_site import BUDI, KREO, SITI, HubSite, Villages, make_site, make_villages, send

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def test_the_admin_reads_who_opened_what_for_what(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client, address = site.client(BUDI), "/verval/" + write_url_id(site.finding("V2"))
    client.get(f"/sipande/penduduk?desa={KREO}&kelamin=1")
    send(client, f"{address}/nomor", {"keperluan": "cocokkan"}, page=address)
    page = site.client(SITI).get("/akses").text
    for text in (
        "Membuka daftar nama", "Penduduk, laki-laki, Selakambang; 3 baris", "Menampilkan NIK dan nomor KK",
        "Mencocokkan dengan kartu atau berkas", f'href="{address}">Kasus verval</a>', "Membuat akun", "Wali data",
        "Budi Santoso",
    ):
        assert text in page, text


def test_the_audit_is_filtered_and_read_back_page_by_page(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    site.client(BUDI).get("/sipande/penduduk")
    client = site.client(SITI)
    only = client.get(f"/akses?akun={BUDI}&kegiatan=daftar_dibuka").text
    assert only.count("<td data-judul=\"Waktu\"") == 1 and "seluruh kecamatan" in only
    assert "Belum ada catatan" in client.get("/akses?akun=tidak-ada").text
    with site.hub.database.write() as conn:
        for number in range(PAGE + 5):
            record_access(conn, site.clock, "lain", "daftar_dibuka", "Sipande", f"Keluarga; {number} baris")
    first = client.get("/akses?akun=lain").text
    older = re.search(r'href="(/akses\?[^"]+)">Yang lebih lama', first)
    assert older and first.count("<tr>") == PAGE + 1
    last = client.get(older[1].replace("&amp;", "&")).text
    assert last.count("<tr>") == 6 and "Yang lebih lama" not in last
    assert client.get("/akses?sebelum=x").status_code == 200


def test_no_row_shows_a_number_that_nobody_knows_by_heart(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    with site.hub.database.read() as conn:
        node = conn.execute("SELECT id FROM simpul WHERE wilayah = ?", (KREO,)).fetchone()[0]
    slot, record, gone = "bea10155cd", "01990000-0000-7000-8000-00000000000f", "01990000-0000-7000-8000-00000000000e"
    with site.hub.database.write() as conn:
        for action, subject, detail in (
            ("slot_dibuka", slot, KREO), ("calon_disetujui", node, ""), ("calon_ditolak", gone, "Bukan desa ini"),
            ("hapus_diusulkan", record, ""), ("lampid_diperiksa", record, f"{KREO} 2026-10 diverval"),
            ("pindaian_dilihat", record, KREO),
        ):
            record_access(conn, site.clock, SITI, action, subject, detail)
    page = site.client(SITI).get("/akses").text
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    for text in (
        "Pendaftaran komputer", "Penghapusan isi", "Laporan LAMPID", "Selakambang, Oktober 2026: diverval",
        "Pindaian pada kasus", ", Selakambang</td>",
    ):
        assert text in table, text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7|bea10155cd|33\.03\.04", re.sub(r'href="[^"]*"', "", table))


def test_a_case_that_is_gone_is_no_link(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    with site.hub.database.write() as conn:
        record_access(conn, site.clock, BUDI, "nik_ditampilkan", write_url_id("ab" * 32), "verval")
    page = site.client(SITI).get("/akses").text
    assert "Kasus verval" in page and "/verval/abababab" not in page


def test_a_row_that_was_changed_behind_our_back_is_found(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    send(client, "/akses/periksa", {}, page="/akses")
    assert "Catatan akses utuh" in client.get("/akses").text
    with site.hub.database.write() as conn:
        conn.execute("DROP TRIGGER access_audit_no_update")
        conn.execute("UPDATE access_audit SET account = 'orang lain' WHERE no = 2")
    send(client, "/akses/periksa", {}, page="/akses")
    assert "rusak mulai baris 2" in client.get("/akses").text


def test_what_the_hub_writes_into_the_audit_has_words() -> None:
    written = set()
    for path in [*ROOT.glob("hub/**/*.py"), *ROOT.glob("shared/web/*.py")]:
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.Call) and ast.unparse(item.func) in ("record_access", "_write", "_note"):
                written |= {arg.value for arg in item.args[:4] if isinstance(arg, ast.Constant) and arg.value}
    assert {"daftar_dibuka", "kasus_dibuka", "nik_ditampilkan", "ekspor_teridentifikasi", "masuk"} <= written
    assert written <= ACTIONS.keys(), written - ACTIONS.keys()

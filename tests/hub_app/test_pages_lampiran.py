"""The scan behind a desa's answer on the case page of the kecamatan: who sees it, and that it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.commands import run_bersihkan_lampiran, run_status, run_verify
from hub.verval import decide
from hub.verval.queue import write_url_id
from shared.store.blobs import store_of
from shared.web.images import encode_image
from tests.hub_app.test_pages_site import BUDI, KREO, LAIN, SITI, HubSite, Villages, make_site, make_villages
from tests.shared_core.test_images import picture


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def answer_with_scan(site: HubSite, villages: Villages, data: bytes) -> str:
    """Return the V2 case to a desa, which answers with a scan; give the address of the case."""
    temuan = site.finding("V2")
    officer = decide.Officer(site.petugas[SITI], "admin")
    decide.return_to_desa(site.hub, temuan, KREO, "NIK_GANDA", "2026-12-31", officer, "")
    with site.hub.database.read() as conn:
        (case,) = conn.execute("SELECT id FROM kasus WHERE temuan = ? AND desa = ?", (temuan, KREO)).fetchone()
    digest = store_of(site.hub).add(KREO, data)
    draft = site.draft_change(KREO, "kasus", case, jawaban="KK asli terlampir", lampiran=digest)
    site.deliver(villages.kantor, [draft])
    return f"/verval/{write_url_id(temuan)}"


def looks(site: HubSite) -> list[tuple[str, str]]:
    with site.hub.database.read() as conn:
        return conn.execute(
            "SELECT account, detail FROM access_audit WHERE action = 'pindaian_dilihat' ORDER BY no"
        ).fetchall()


def test_an_officer_opens_the_scan_and_that_is_written_down(office: tuple[HubSite, Villages]) -> None:
    site, villages = office
    data = encode_image(picture(800, 1100))
    address = answer_with_scan(site, villages, data)
    client = site.client(BUDI)
    page = client.get(address).text
    assert "KK asli terlampir" in page and f'href="{address}/pindaian/{KREO}"' in page
    assert looks(site) == [], "reading the case is no look at the scan"
    answer = client.get(f"{address}/pindaian/{KREO}")
    assert answer.mimetype == "image/jpeg" and answer.data == data
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert looks(site) == [(BUDI, KREO)]
    with site.hub.database.read() as conn:
        kept = conn.execute("SELECT desa, tentang FROM look WHERE kegiatan = 'pindaian_dilihat'").fetchall()
    assert kept == [(KREO, "Pindaian pada kasus")], "the other desa of the case has shown no paper"
    assert site.client().get(f"{address}/pindaian/{KREO}").status_code == 303 and len(looks(site)) == 1


def test_a_scan_that_has_not_arrived_is_told_and_no_link_leads_to_it(office: tuple[HubSite, Villages]) -> None:
    site, villages = office
    address = answer_with_scan(site, villages, encode_image(picture()))
    for path in (site.hub.folder.path / "lampiran").rglob("*"):
        if path.is_file():
            path.unlink()
    page = site.client(BUDI).get(address).text
    assert "belum sampai" in page and "/pindaian/" not in page
    answer = site.client(BUDI).get(f"{address}/pindaian/{KREO}")
    assert answer.mimetype == "image/svg+xml" and "belum tiba" in answer.text


def test_there_is_no_scan_where_nobody_sent_one(office: tuple[HubSite, Villages]) -> None:
    site, villages = office
    address = answer_with_scan(site, villages, encode_image(picture()))
    client = site.client(BUDI)
    for path in (f"{address}/pindaian/{LAIN}", f"{address}/pindaian/x", f"/verval/{'0' * 64}/pindaian/{KREO}"):
        assert client.get(path).status_code == 404
    assert looks(site) == []


def test_what_a_desa_sent_is_shown_as_a_picture_or_not_at_all(office: tuple[HubSite, Villages]) -> None:
    site, villages = office
    address = answer_with_scan(site, villages, b"<script>alert(1)</script>")
    answer = site.client(BUDI).get(f"{address}/pindaian/{KREO}")
    assert answer.mimetype == "image/svg+xml" and b"script" not in answer.data


def test_the_commands_count_verify_and_sweep(office: tuple[HubSite, Villages]) -> None:
    site, villages = office
    data = encode_image(picture())
    answer_with_scan(site, villages, data)
    assert run_status(site.hub, {}, lambda _: None)["gambar"] == {KREO: {"jumlah": 1, "byte": len(data)}}
    assert run_bersihkan_lampiran(site.hub, {}, lambda _: None)["menunggu"] == 0
    (path,) = [p for p in (site.hub.folder.path / "lampiran").rglob("*") if p.is_file()]
    path.unlink()
    assert any(problem.startswith("Lampiran ") for problem in run_verify(site.hub, {}, lambda _: None)["masalah"])

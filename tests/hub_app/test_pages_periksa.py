"""Pemeriksaan at the hub: says that all is well, and in words what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.commands import verify_hub
from hub.pemulihan.keys import take_new_keys
from shared.errors import EnvironmentProblem
from shared.web import periksa
from tests.hub_app.test_pages_site import BUDI, SITI, HubSite, make_site, make_villages, send

PAGE = "/keamanan/periksa"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    make_villages(made)
    yield made
    made.close()


def check(site: HubSite) -> str:
    client = site.client(SITI)
    assert send(client, PAGE, {}, page=PAGE).status_code == 303
    return client.get(PAGE).text


def test_what_is_whole_is_said_to_be_whole(tmp_path: Path) -> None:
    # Without the villages of the other tests: nobody has signed their logs.
    site = make_site(tmp_path / "utuh")
    assert "Belum diperiksa" in site.client(SITI).get(PAGE).text
    assert "Semuanya utuh" in check(site)
    assert "Memeriksa semua catatan" in site.client(SITI).get("/akses", follow_redirects=True).text
    site.close()


def test_what_is_wrong_is_said_in_words(site: HubSite) -> None:
    with site.hub.database.write() as conn:
        conn.execute("UPDATE penduduk SET nama = 'LAIN' WHERE id = (SELECT min(id) FROM penduduk)")
        conn.execute("UPDATE change SET leaf = zeroblob(32) WHERE pos = (SELECT max(pos) FROM change)")
    text = check(site)
    assert "masalah ditemukan" in text and "Tabel penduduk: isinya berbeda" in text and "hash tidak cocok" in text


def test_a_successor_that_was_changed_is_found(site: HubSite) -> None:
    take_new_keys(site.hub)
    before = verify_hub(site.hub)
    with site.hub.database.write() as conn:
        conn.execute("UPDATE kunci_hub SET segel = ?", ("0" * 64,))
    found = [line for line in verify_hub(site.hub) if line not in before]
    assert any("segel tidak cocok dengan suratnya" in line for line in found)
    with site.hub.database.write() as conn:
        conn.execute("UPDATE kunci_hub SET surat = replace(surat, 'sipande-kunci-hub/1', 'sipande-kunci-hub/2')")
    assert any("surat penggantian kunci salah" in line for line in verify_hub(site.hub))


def test_a_check_that_breaks_off_is_told(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise EnvironmentProblem("Disk penuh.", "disk_penuh")

    monkeypatch.setattr("hub.pemulihan.periksa.verify_hub", full)
    assert "berhenti sebelum selesai" in check(site)


def test_a_long_list_is_cut(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"Masalah {number}." for number in range(periksa.SHOWN_MAX + 7)]
    monkeypatch.setattr("hub.pemulihan.periksa.verify_hub", lambda hub: lines)
    text = check(site)
    assert "57 masalah ditemukan" in text and "Dan 7 lagi" in text and "Masalah 50." not in text


def test_only_the_admin_checks_the_hub(site: HubSite) -> None:
    assert site.client(BUDI).get(PAGE).status_code == 403

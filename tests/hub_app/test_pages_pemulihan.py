"""Revocation, quarantine and recovery over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.pemulihan.state import begin_recovery
from hub.pemulihan.succeeded import SENTENCE, note_successors
from hub.pemulihan.watch import suspend
from shared.changelog.keychain import Successor, sign_successor
from shared.changelog.keys import SigningKey
from shared.errors import EnvironmentProblem
from tests.hub_app.test_pages_site import BUDI, SITI, HubSite, make_site, make_villages, send


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    make_villages(made)
    yield made
    made.close()


def node_of(site: HubSite) -> str:
    with site.hub.database.read() as conn:
        return str(conn.execute("SELECT id FROM simpul ORDER BY id LIMIT 1").fetchone()[0])


def status_of(site: HubSite, id: str) -> str:
    with site.hub.database.read() as conn:
        return str(conn.execute("SELECT status FROM simpul WHERE id = ?", (id,)).fetchone()[0])


def test_a_key_is_revoked_with_a_reason(site: HubSite) -> None:
    client, id = site.client(SITI), node_of(site)
    page = f"/keamanan/simpul/{id}"
    empty = send(client, page, {"sebab": " "}, page=page)
    assert empty.status_code == 400 and "sebabnya" in empty.text and status_of(site, id) == "aktif"
    assert send(client, page, {"sebab": "dicuri"}, page=page).status_code == 303
    assert status_of(site, id) == "dicabut"
    assert "dicuri" in client.get("/keamanan").text
    again = send(client, page, {"sebab": "dicuri"}, page="/keamanan")
    assert again.status_code == 400 and "sudah dicabut" in again.text


def test_a_cut_off_is_brought_forward_on_the_page_of_a_revoked_computer(site: HubSite) -> None:
    client, id = site.client(SITI), node_of(site)
    page = f"/keamanan/simpul/{id}"
    send(client, page, {"sebab": "rusak"}, page=page)
    listed, asked = client.get("/keamanan").text, client.get(page).text
    assert "Majukan batas" in listed and "Majukan batas tulisannya" in asked and "sudah dicabut: rusak" in asked
    ends = {name: "0" for name in re.findall(r'name="(batas-[0-9a-f]{32})"', asked)}
    assert ends and send(client, page, {"sebab": "ternyata dicuri", **ends}, page=page).status_code == 303
    done = client.get(page).text
    assert "sudah dicabut: ternyata dicuri" in done and "Majukan batas" not in done, "nothing is left to cut off"


def test_a_suspended_key_is_lifted(site: HubSite) -> None:
    client, id = site.client(SITI), node_of(site)
    with site.hub.database.write() as conn:
        suspend(conn, site.hub, id, "dua komputer memakai satu kunci")
    page = f"/keamanan/simpul/{id}"
    assert "ditangguhkan" in client.get(page).text
    assert send(client, f"{page}/pulihkan", {}, page=page).status_code == 303
    assert status_of(site, id) == "aktif"
    assert send(client, f"{page}/pulihkan", {}, page=page).status_code == 400


def test_the_quarantine_is_empty_and_an_unknown_change_is_told(site: HubSite) -> None:
    client = site.client(SITI)
    assert "Karantina kosong" in client.get("/keamanan/karantina").text
    wrong = {"perubahan": "x:1:y", "alasan": "cocok"}
    answer = send(client, "/keamanan/karantina", wrong, page="/keamanan")
    assert answer.status_code == 400 and "tidak ada di karantina" in answer.text


def test_what_waits_for_earlier_changes_is_shown_by_desa(site: HubSite) -> None:
    assert "Menunggu perubahan sebelumnya" not in site.client(SITI).get("/keamanan").text
    with site.hub.database.write() as conn:
        conn.execute("INSERT INTO held VALUES (1, '33.03.04.2006', 'x', 'penduduk', 'menunggu_induk')")
    text = site.client(SITI).get("/keamanan").text
    assert "Selakambang: 1 perubahan sudah tersimpan, tetapi belum berlaku" in text


def test_a_recovery_is_shown_until_a_person_closes_it(site: HubSite) -> None:
    client = site.client(SITI)
    with site.hub.database.write() as conn:
        begin_recovery(conn, site.hub.clock.now_s())
    assert "sedang dipulihkan" in client.get("/keamanan").text
    assert send(client, "/keamanan/pemulihan/selesai", {}, page="/keamanan").status_code == 303
    assert "sedang dipulihkan" not in client.get("/keamanan").text


def test_the_hub_takes_new_keys_when_the_box_is_ticked(site: HubSite) -> None:
    client, before = site.client(SITI), site.hub.keys.signing.public
    send(client, "/keamanan/kunci", {}, page="/keamanan")
    assert site.hub.keys.signing.public == before
    send(client, "/keamanan/kunci", {"yakin": "ya"}, page="/keamanan")
    assert site.hub.keys.signing.public != before and site.hub.keys.previous is None


def test_a_hub_under_an_old_key_asks_for_the_recovery_key(site: HubSite) -> None:
    client, hub = site.client(SITI), site.hub
    recovery = SigningKey(b"\x09" * 32)
    hub.pemulihan = recovery.public.hex()
    later = Successor(hub.wilayah, hub.keys.signing.public.hex(), "07" * 32, "00" * 32)
    assert SENTENCE not in client.get("/keamanan").text
    note_successors(hub, [sign_successor(later, hub.keys.signing)])
    for path in ("/", "/keamanan"):
        assert SENTENCE in client.get(path).text.replace("&#39;", "'")
    assert SENTENCE in site.client(BUDI).get("/").text
    wrong = send(client, "/keamanan/kunci/pemulihan", {"kunci_pemulihan": "05" * 32}, page="/keamanan")
    assert wrong.status_code == 400 and "bukan milik hub ini" in wrong.text and SENTENCE in wrong.text
    right = {"kunci_pemulihan": recovery.seed().hex()}
    assert send(client, "/keamanan/kunci/pemulihan", right, page="/keamanan").status_code == 303
    assert SENTENCE not in client.get("/keamanan").text and "sedang dipulihkan" in client.get("/").text


def test_a_recovery_key_is_not_in_the_page_that_asks_who_it_is(site: HubSite) -> None:
    client, key = site.client(SITI), "05" * 32
    with site.hub.database.write() as conn:
        conn.execute("UPDATE session SET proved_s = 0")
    asked = send(client, "/keamanan/kunci/pemulihan", {"kunci_pemulihan": key, "catatan": "tetap"}, page="/keamanan")
    assert asked.status_code == 401 and "Pastikan ini Anda" in asked.text
    assert key not in asked.text and "tetap" in asked.text and "ketik lagi dari lembarnya" in asked.text


def test_a_recovery_key_is_never_written_into_a_page_when_the_disk_fails(
    site: HubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise EnvironmentProblem("Disk penuh.")

    monkeypatch.setattr("hub.pemulihan.routes.take_keys_by_recovery", fail)
    typed = {"kunci_pemulihan": "05" * 32}
    answer = send(site.client(SITI), "/keamanan/kunci/pemulihan", typed, page="/keamanan")
    assert answer.status_code == 503 and "Disk penuh" in answer.text and "05" * 32 not in answer.text


@pytest.mark.parametrize("path", ["/keamanan", "/keamanan/karantina"])
def test_only_the_admin_sees_keys(site: HubSite, path: str) -> None:
    assert site.client(BUDI).get(path).status_code == 403


def test_an_unknown_node_is_not_found(site: HubSite) -> None:
    assert site.client(SITI).get("/keamanan/simpul/x").status_code == 404

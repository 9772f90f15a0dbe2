"""Erasure over HTTP: one officer asks, another one confirms, and the pages say what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.penghapusan.queries import list_late
from shared.store.changes import Log
from shared.store.erasure import count_erased, find_erased_bytes
from tests.hub_app.test_pages_site import BUDI, HARTONO, KREO, LAIN, SITI, TARI, HubSite, make_site, send

NAME = "SRIWULANDARIYAH"
REASON = {"alasan": "permintaan", "keterangan": "surat tanggal 3 Maret"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def log(site: HubSite) -> Log:
    return site.add_node(KREO, "PC kantor")


@pytest.fixture
def person(site: HubSite, log: Log) -> str:
    id = site.create(log, "penduduk", nama=NAME, nik="3303990101900001", jenis_kelamin=2, alamat="Jalan Kemuning")
    site.deliver(log, [site.draft_change(KREO, "penduduk", id, telepon="081200033344")])
    return id


def page_of(person: str, kind: str = "penduduk", desa: str = KREO) -> str:
    return f"/penghapusan/data/{desa}/{kind}/{person}"


def propose(site: HubSite, who: str, person: str, **form: Any) -> str:
    """Propose as somebody; return the address of the proposal."""
    page = page_of(person)
    answer = send(site.client(who), page, {"luas": "semua", **REASON, **form}, page=page)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def approve(site: HubSite, who: str, address: str) -> Any:
    return send(site.client(who), f"{address}/setujui", {"yakin": "ya"}, page=address)


def row(site: HubSite, person: str, column: str = "nama") -> Any:
    with site.hub.database.read() as conn:
        found = conn.execute(f"SELECT {column} FROM penduduk WHERE id = ?", (person,)).fetchone()
    return None if found is None else found[0]


def test_one_officer_asks_another_confirms_and_the_person_is_gone(site: HubSite, person: str) -> None:
    address = propose(site, BUDI, person)
    assert row(site, person) == NAME, "nothing happens before the second officer"
    assert NAME in site.client(TARI).get(address).text
    answer = approve(site, TARI, address)
    assert answer.status_code == 303 and row(site, person) is None
    with site.hub.database.read() as conn:
        assert count_erased(conn) == (2, 0) and find_erased_bytes(conn) == []
    client = site.client(SITI)
    text = client.get("/penghapusan").text
    assert NAME not in text and "Budi Santoso dan Tari Lestari" in text
    assert "(UU 27/2022). Surat tanggal 3 Maret" in text
    assert NAME not in client.get("/sipande/penduduk").text
    assert client.get(page_of(person)).status_code == 404
    assert "Disetujui" in client.get(address).text


def test_who_asked_cannot_confirm_and_may_withdraw(site: HubSite, person: str) -> None:
    address = propose(site, BUDI, person)
    assert "Petugas lain yang menyetujui" in site.client(BUDI).get(address).text
    answer = approve(site, BUDI, address)
    assert answer.status_code == 400 and "petugas lain" in answer.text and row(site, person) == NAME
    assert send(site.client(BUDI), f"{address}/tolak", {}, page=address).status_code == 303
    assert "Ditarik" in site.client(BUDI).get(address).text
    assert approve(site, TARI, address).status_code == 400 and row(site, person) == NAME


@pytest.mark.parametrize("column", ["active = 0", "role = 'pengamat'"])
def test_who_proposed_and_has_left_since_is_none_of_the_two(site: HubSite, person: str, column: str) -> None:
    address = propose(site, BUDI, person)
    with site.hub.database.write() as conn:
        conn.execute(f"UPDATE account SET {column} WHERE name = ?", (BUDI,))
    answer = approve(site, TARI, address)
    assert answer.status_code == 400 and "tidak bertugas lagi" in answer.text and row(site, person) == NAME
    assert send(site.client(TARI), f"{address}/tolak", {"keterangan": "ulang"}, page=address).status_code == 303
    assert approve(site, HARTONO, propose(site, TARI, person)).status_code == 303 and row(site, person) is None


def test_the_second_officer_may_refuse_and_says_why(site: HubSite, person: str) -> None:
    address = propose(site, BUDI, person)
    client = site.client(HARTONO)
    empty = send(client, f"{address}/tolak", {}, page=address)
    assert empty.status_code == 400 and "alasan menolak" in empty.text
    assert send(client, f"{address}/tolak", {"keterangan": "belum ada surat"}, page=address).status_code == 303
    assert "belum ada surat" in site.client(BUDI).get("/penghapusan").text and row(site, person) == NAME


def test_nothing_is_confirmed_without_the_tick(site: HubSite, person: str) -> None:
    address = propose(site, BUDI, person)
    answer = send(site.client(TARI), f"{address}/setujui", {}, page=address)
    assert answer.status_code == 400 and "Centang dulu" in answer.text and row(site, person) == NAME


@pytest.mark.parametrize(("form", "said"), [
    ({"luas": "semua", "alasan": ""}, "Pilih alasannya"),
    ({"luas": "semua", "alasan": "permintaan", "keterangan": "NIK 3303990101900001"}, "tidak boleh memuat NIK"),
    ({"luas": "semua", "alasan": "permintaan", "keterangan": "x" * 201}, "paling banyak"),
    ({"luas": "pilih", "alasan": "permintaan"}, "Centang dulu"),
    ({"luas": "pilih", "perubahan": "x:1:y", "alasan": "permintaan"}, "Centang dulu"),
    ({"alasan": "permintaan"}, "Pilih dulu apa"),
])
def test_what_is_missing_is_said_and_nothing_is_kept(
    site: HubSite, person: str, form: dict[str, str], said: str
) -> None:
    page = page_of(person)
    answer = send(site.client(BUDI), page, form, page=page)
    assert answer.status_code == 400 and said in answer.text
    assert "Tidak ada usulan yang menunggu" in site.client(BUDI).get("/penghapusan").text


def test_one_change_is_chosen_and_the_rest_stays(site: HubSite, person: str) -> None:
    text = site.client(BUDI).get(page_of(person)).text
    refs = re.findall(r'name="perubahan" value="([^"]+)"', text)
    assert len(refs) == 2 and "3303990101900001" not in text, "numbers stay masked"
    address = propose(site, BUDI, person, luas="pilih", perubahan=refs[1])
    assert approve(site, TARI, address).status_code == 303
    assert row(site, person) == NAME and row(site, person, "telepon") is None


def test_what_else_names_the_person_is_offered_and_goes_when_it_is_ticked(
    site: HubSite, log: Log, person: str
) -> None:
    aid = site.create(log, "penerima_bantuan", program=site.hub.new_id(), penduduk=person, periode="2026-01")
    other = site.create(log, "penerima_bantuan", program=site.hub.new_id(), penduduk=person, periode="2026-02")
    site.create(log, "penduduk", nama="ANAK", ayah_nik="3303990101900001")
    text = site.client(BUDI).get(page_of(person)).text
    assert aid in text and other in text and "pada data 1 orang lain" in text
    address = propose(site, BUDI, person, lain=f"{KREO} penerima_bantuan {aid}")
    assert approve(site, TARI, address).status_code == 303
    with site.hub.database.read() as conn:
        assert [id for (id,) in conn.execute("SELECT id FROM penerima_bantuan")] == [other]


def test_a_family_with_other_members_is_offered_with_a_warning(site: HubSite, log: Log) -> None:
    family = site.create(log, "keluarga", no_kk="3303990303000001")
    one = site.create(log, "penduduk", nama="SITI", keluarga=family, hubungan=1)
    site.create(log, "penduduk", nama="BUDI", keluarga=family, hubungan=4)
    assert "Masih dipakai 1 anggota lain" in site.client(BUDI).get(page_of(one)).text


def test_what_comes_later_is_shown_on_the_first_page_and_erased_or_left(site: HubSite, log: Log, person: str) -> None:
    late = site.draft_change(KREO, "penduduk", person, pekerjaan=9)
    approve(site, TARI, propose(site, BUDI, person))
    assert "kedatangan isi baru" not in site.client(BUDI).get("/").text
    site.deliver(log, [late])
    assert "kedatangan isi baru" in site.client(BUDI).get("/").text
    form = {"desa": KREO, "rekaman": person, "tindakan": "biarkan"}
    client = site.client(BUDI)
    assert send(client, "/penghapusan/susulan", form, page="/penghapusan").status_code == 303
    assert "kedatangan isi baru" not in client.get("/").text
    site.deliver(log, [site.draft_change(KREO, "penduduk", person, agama=1)])
    assert "Isi susulan" in client.get("/penghapusan").text
    send(client, "/penghapusan/susulan", {**form, "tindakan": "hapus"}, page="/penghapusan")
    assert row(site, person) is None and "Susulan: Permintaan warga" in client.get("/penghapusan").text
    with site.hub.database.read() as conn:
        assert list_late(conn) == []


def test_the_answers_of_a_case_can_be_erased_and_the_case_stays(site: HubSite, log: Log) -> None:
    lain = site.add_node(LAIN, "PC lain")
    one = site.create(log, "penduduk", nama=NAME, nik="3303990101900001")
    site.create(lain, "penduduk", nama=NAME, nik="3303990101900001")
    with site.hub.database.read() as conn:
        (case,) = conn.execute("SELECT id FROM kasus WHERE desa = ?", (KREO,)).fetchone()
    site.deliver(log, [site.draft_change(KREO, "kasus", case, jawaban="Ibu SRIWULANDARIYAH pindah.")])
    text = site.client(BUDI).get(page_of(one)).text
    assert case in text
    page = page_of(case, "kasus")
    shown = site.client(BUDI).get(page).text
    assert "Semua isi data ini" not in shown and len(re.findall(r'name="perubahan"', shown)) == 1
    address = propose(site, BUDI, one, luas="", lain=f"{KREO} kasus {case}")
    assert approve(site, TARI, address).status_code == 303
    with site.hub.database.read() as conn:
        found = conn.execute("SELECT jawaban, status FROM kasus WHERE id = ?", (case,)).fetchone()
    assert found[0] is None and found[1] == "terbuka" and row(site, one) == NAME


def test_the_page_of_a_case_leads_to_the_erasure_of_its_records(site: HubSite, log: Log) -> None:
    one = site.create(log, "penduduk", nama=NAME, nik="3303990101900001")
    site.create(site.add_node(LAIN, "PC lain"), "penduduk", nama="PAINEM", nik="3303990101900001")
    client = site.client(BUDI)
    found = site.finding("V2")
    assert page_of(one) in client.get(f"/verval/{found}").text
    approve(site, TARI, propose(site, BUDI, one))
    after = client.get(f"/verval/{found}")
    assert after.status_code == 200 and NAME not in after.text, "the case is closed, its page opens"
    assert page_of(one) not in after.text and "PAINEM" in after.text


def test_every_step_is_written_into_the_record_of_access(site: HubSite, person: str) -> None:
    approve(site, TARI, propose(site, BUDI, person))
    text = site.client(SITI).get("/akses").text
    assert "Mengusulkan penghapusan isi" in text and "Menyetujui penghapusan isi" in text

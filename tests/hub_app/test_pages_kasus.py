"""What officers do with a case beside deciding it: work on it, pass it on, settle a warning, read its story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from hub.verval.cases import kasus_id, list_findings, update_cases
from hub.verval.queue import read_url_id, write_url_id
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_update
from shared.store.records import load_state
from tests.hub_app.test_pages_site import (
    BUDI, HARTONO, KREO, LAIN, NIK_KEMBAR, TARI, HubSite, Villages, make_site, make_villages, send,
)
from tests.hub_app.test_pages_verval import act, case_of, live
from tests.support.hub_db import DESA, HubDb, channel_writer, record_id

NIK_TUA = "3303990101900077"
NOTE = "Dua desa sama-sama mengaku"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def story(page: str) -> list[str]:
    """Read what happened from the history of a case, in order."""
    part = page[page.index('<ol class="riwayat">'):]
    lines = re.findall(r"<li><p>(.*?)</p>", part[:part.index("</ol>")])
    return [unescape(re.sub(r"<[^>]+>", "", line)) for line in lines]


def turn(site: HubSite, address: str) -> str:
    """Tell whose turn the queue says that a case is."""
    for who in ("kecamatan", "kedua", "camat", "desa"):
        if address in site.client(BUDI).get(f"/verval?giliran={who}").text:
            return who
    return ""


# Who works on it


def test_a_case_is_taken_and_given_free_and_others_see_it(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    mine, other = site.client(BUDI), site.client(TARI)
    assert act(mine, address, "kerjakan").headers["Location"] == address
    assert "Anda mengerjakan kasus ini" in mine.get(address).text
    assert "Dikerjakan <strong>Budi Santoso</strong>" in other.get(address).text
    assert "dikerjakan Budi Santoso" in other.get("/verval").text
    assert address in mine.get("/verval?pemegang=saya").text and address in other.get("/verval?pemegang=lain").text
    assert "sedang Anda kerjakan" in mine.get("/").text and "sedang Anda kerjakan" not in other.get("/").text
    for desa in (KREO, LAIN):
        with site.hub.database.read() as conn:
            case = load_state(conn, CATALOGUE, CATALOGUE["kasus"], desa, kasus_id(read_url_id(address[8:]), desa))
        assert case.values(CATALOGUE["kasus"])["pemegang"] == site.petugas[BUDI]
    assert act(mine, address, "lepas").status_code == 303
    assert "Belum ada yang mengerjakan" in other.get(address).text


def test_what_somebody_works_on_is_not_taken_from_him_silently(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    act(site.client(BUDI), address, "kerjakan")
    other = site.client(TARI)
    answer = act(other, address, "kerjakan")
    assert answer.status_code == 400 and "sudah dikerjakan Budi Santoso" in answer.text
    assert act(other, address, "lepas").status_code == act(other, address, "kerjakan").status_code == 303
    assert story(other.get(address).text)[-3:] == ["Mulai dikerjakan", "Dilepas", "Mulai dikerjakan"]


# The camat


def test_a_case_goes_to_the_camat_with_a_reason_and_nobody_decides_it_without_him(
    hub: tuple[HubSite, Villages]
) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.alamat)
    desk, camat = site.client(BUDI), site.client(HARTONO)
    assert act(desk, address, "camat", alasan="pendek").status_code == 400
    assert act(desk, address, "camat", alasan=NOTE).status_code == 303
    assert turn(site, address) == "camat" and "1 menunggu camat" in camat.get("/").text
    page = desk.get(address).text
    assert f"Pesan: {NOTE}" in page and "Putuskan sesuai" not in page and "Kembalikan ke desa</h2>" not in page
    refused = act(desk, address, "pilih", semua="B")
    assert refused.status_code == 400 and "sudah diteruskan ke camat" in refused.text
    assert act(desk, address, "camat", alasan=NOTE).status_code == 400
    assert act(camat, address, "pilih", semua="B").headers["Location"] == "/verval"
    assert live(site, "penduduk", villages.alamat, "alamat") == "Jalan Melati"


def test_the_camat_waits_until_he_is_asked(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    camat = site.client(HARTONO)
    page = camat.get(address).text
    assert "masih dikerjakan wali data" in page and "Tautkan</button>" not in page and "Saya kerjakan" not in page
    for action, form in (("tautkan", {"dihitung": KREO}), ("bukan-ganda", {})):
        refused = act(camat, address, action, **form)
        assert refused.status_code == 400 and "masih dikerjakan wali data" in refused.text


def test_the_camat_is_the_second_officer_of_a_contested_case(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    act(site.client(BUDI), address, "tautkan", dihitung=KREO)
    assert turn(site, address) == "kedua"
    act(site.client(BUDI), address, "camat", alasan=NOTE)
    assert turn(site, address) == "camat"
    other = act(site.client(TARI), address, "tautkan", dihitung=KREO)
    assert other.status_code == 400 and "sudah diteruskan ke camat" in other.text
    camat = site.client(HARTONO)
    assert "Setujui sebagai petugas kedua" in camat.get(address).text
    assert act(camat, address, "tautkan", dihitung=KREO).headers["Location"] == "/verval"
    with site.hub.database.read() as conn:
        assert not list_findings(conn, kode="V2")


def test_what_the_camat_proposes_waits_for_a_wali_data(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    act(site.client(BUDI), address, "camat", alasan=NOTE)
    assert act(site.client(HARTONO), address, "tautkan", dihitung=LAIN).headers["Location"] == address
    assert turn(site, address) == "kedua"
    desk = site.client(BUDI)
    assert act(desk, address, "bukan-ganda").status_code == 400, "not against him with one officer"
    assert act(desk, address, "tautkan", dihitung=LAIN).headers["Location"] == "/verval"


def test_the_camat_gives_a_case_back_with_a_word_and_others_take_it_back(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    desk, camat = site.client(BUDI), site.client(HARTONO)
    assert act(camat, address, "camat/kembali", alasan=NOTE).status_code == 400
    act(desk, address, "camat", alasan=NOTE)
    assert act(camat, address, "camat/kembali", alasan="Kembalikan ke desa dulu").status_code == 303
    assert turn(site, address) == "kecamatan"
    site.clock.now += 60
    act(desk, address, "camat", alasan=NOTE)
    assert act(desk, address, "camat/kembali", alasan="Salah kasus, maaf").status_code == 303
    page = desk.get(address).text
    assert story(page)[-4:] == [
        "Diteruskan ke camat", "Dikembalikan camat kepada wali data", "Diteruskan ke camat",
        "Ditarik kembali dari camat",
    ]
    assert "Kembalikan ke desa dulu" in page


def test_without_a_camat_who_may_log_in_nothing_is_passed_on(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    with site.hub.database.write() as conn:
        conn.execute("UPDATE account SET active = 0 WHERE name = ?", (HARTONO,))
    answer = act(site.client(BUDI), case_of(site, "V2", villages.kepala), "camat", alasan=NOTE)
    assert answer.status_code == 400 and "Belum ada akun camat" in answer.text


def test_the_camat_opens_numbers_with_a_reason_which_is_logged(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    camat = site.client(HARTONO)
    assert NIK_KEMBAR not in camat.get(address).text
    send(camat, f"{address}/nomor", {"keperluan": "verval"}, page=address)
    assert NIK_KEMBAR in camat.get(address).text


# A warning that is right as it stands


def make_odd(site: HubSite, villages: Villages) -> tuple[str, str]:
    """Enter somebody whose NIK does not fit the birth date; give record and address of the case."""
    record = site.create(
        villages.kantor, "penduduk", nama="Sutrisno", nik=NIK_TUA, tanggal_lahir="1990-01-02", jenis_kelamin=1
    )
    return record, case_of(site, "V5", record)


def test_data_that_were_checked_are_not_found_again_until_they_change(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    record, address = make_odd(site, villages)
    desk = site.client(BUDI)
    assert act(desk, address, "benar", alasan="pendek").status_code == 400
    checked = "Dicocokkan dengan KTP-el dan akta"
    assert act(desk, address, "benar", alasan=checked).headers["Location"] == "/verval"
    assert "Sutrisno" not in desk.get("/verval").text and "Sutrisno" in desk.get("/verval?status=selesai").text
    site.hub.rebuild()
    update_cases(site.hub)
    # Something else of the person may change: what was looked at has not.
    site.deliver(villages.kantor, [site.draft_change(KREO, "penduduk", record, pekerjaan=9)])
    assert "Sutrisno" not in desk.get("/verval").text
    page = desk.get(address).text
    assert "Diputus: sudah dicek, data benar" in story(page) and checked in page
    assert "Sudah dicek, data benar</button>" not in page
    with site.hub.database.read() as conn:
        case = conn.execute("SELECT status, alasan, catatan FROM kasus WHERE rekaman LIKE ?", (f"%{record}%",))
        assert case.fetchone() == ("selesai", "DATA_BENAR", checked)
    site.deliver(villages.kantor, [site.draft_change(KREO, "penduduk", record, tanggal_lahir="1990-01-03")])
    assert "Sutrisno" in desk.get("/verval").text


def test_a_number_that_cannot_be_is_never_confirmed(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    address = "/verval/" + write_url_id(site.finding("V5"))
    desk = site.client(BUDI)
    assert "Sudah dicek, data benar" not in desk.get(address).text
    refused = act(desk, address, "benar", alasan="Sudah dilihat sendiri")
    assert refused.status_code == 400 and "tidak mungkin benar" in refused.text
    pair = act(desk, "/verval/" + write_url_id(site.finding("V2")), "benar", alasan="Sudah dilihat sendiri")
    assert pair.status_code == 400


# Links and what follows


def test_a_link_is_cancelled_and_the_case_opens_again_for_two_officers(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    for who in (BUDI, TARI):
        act(site.client(who), address, "tautkan", dihitung=KREO)
    desk = site.client(BUDI)
    closed = desk.get(address).text
    assert "sudah selesai" in closed and "Diputus: ditautkan: Lamongan, Selakambang" in story(closed)
    action = re.search(rf'action="({address}/tautan/[^"]+)"', closed)
    assert action
    form = {"alasan": "Ternyata anak kembar"}
    site.clock.now += 60
    assert send(desk, action[1], {"alasan": "pendek"}, page=address).status_code == 400
    assert "Batalkan tautan" not in site.client(HARTONO).get(address).text
    assert send(desk, action[1], form, page=address).headers["Location"] == address
    assert "<strong>6</strong> penduduk" in desk.get("/").text
    page = desk.get(address).text
    assert story(page)[-2:] == ["Tautan dibatalkan: Lamongan, Selakambang", "Dibuka lagi: Lamongan, Selakambang"]
    # The proposal of the first time is not the first half of a new decision.
    assert act(site.client(TARI), address, "tautkan", dihitung=KREO).headers["Location"] == address
    assert turn(site, address) == "kedua"
    assert send(desk, action[1], form, page=address).status_code == 400, "cancelled once"


def test_the_page_says_what_follows_from_each_decision(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    desk = site.client(BUDI)
    pair = desk.get(case_of(site, "V2", villages.kepala)).text
    assert "Data di Lamongan tetap tersimpan, tetapi tidak dihitung lagi" in pair
    assert "Kedua data menerima 1 program yang sama" in pair and "Semua data tetap dihitung" in pair
    same, odd = NIK_KEMBAR, NIK_TUA
    born = {"jenis_kelamin": 1, "tanggal_lahir": "1990-01-02"}
    record = site.create(villages.kantor, "penduduk", nama="Ragu", nik="3303990201900005", **born)
    drafts = [site.draft_change(KREO, "penduduk", record, nik=nik) for nik in (same, odd)]
    site.deliver(villages.kantor, drafts[:1])
    site.deliver(villages.laptop, drafts[1:])
    page = desk.get(case_of(site, "V1", record)).text
    assert "NIK ini juga dipakai 1 data lain di Lamongan, 1 data lain di Selakambang" in page
    assert "NIK dan tanggal lahir atau jenis kelaminnya tidak cocok" in page


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("penduduk", ({"status_dasar": 2}, {"status_dasar": 3}), "tidak dihitung sebagai penduduk (mati)"),
        ("penduduk", ({"keluarga": None}, {"hubungan": 4}), "keluar dari keluarganya"),
        ("penduduk", ({"nik": "12"}, {"nik": None}), "tidak mungkin benar"),
        ("penduduk", ({"nik": None}, {"nik": "12"}), "menjadi tanpa NIK"),
        ("keluarga", ({"no_kk": "3303990101200002"}, {"no_kk": None}), "KK ini juga dipakai 1 data lain di Lamongan"),
        ("keluarga", ({"rw": "007"}, {"rw": "008"}), "Hanya isian di atas yang berubah"),
        ("penerima_bantuan", ({"status": "berhenti"}, {"status": "usulan"}), "Status bantuannya: Berhenti"),
    ],
)
def test_each_kind_of_version_tells_its_own_consequences(
    hub: tuple[HubSite, Villages], kind: str, changes: tuple[dict[str, Any], dict[str, Any]], told: str
) -> None:
    site, villages = hub
    site.create(villages.lain, "keluarga", no_kk="3303990101200002")
    with site.hub.database.read() as conn:
        record = villages.kepala if kind == "penduduk" else conn.execute(
            f"SELECT id FROM {kind} WHERE desa = ?", (KREO,)
        ).fetchone()[0]
    first, second = (site.draft_change(KREO, kind, record, **change) for change in changes)
    site.deliver(villages.kantor, [first])
    site.deliver(villages.laptop, [second])
    assert told in site.client(BUDI).get(case_of(site, "V1", record)).text


# The story


def test_the_story_tells_who_did_what_from_the_finding_to_the_end(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    first = site.client(BUDI)
    site.clock.now += 600
    act(first, address, "kerjakan")
    site.clock.now += 600
    form = {"desa": KREO, "kode_alasan": "FMT_NIK", "batas_waktu": "30-11-2026", "catatan": "Lihat KTP-nya."}
    act(first, address, "kembalikan", **form)
    with site.hub.database.read() as conn:
        case = conn.execute("SELECT id FROM kasus WHERE status = 'dikembalikan'").fetchone()[0]
    site.clock.now += 600
    site.deliver(villages.kantor, [site.draft_change(KREO, "kasus", case, jawaban="Yang benar versi B.")])
    site.clock.now += 600
    act(first, address, "pilih", semua="B")
    site.clock.now += 600
    second = site.client(TARI)
    act(second, address, "pilih", semua="B")
    page = second.get(address).text
    assert story(page) == [
        "Diberitahukan ke desa: Selakambang", "Mulai dikerjakan", "Dikembalikan ke desa: Selakambang",
        "Dijawab desa: Selakambang", "Diusulkan, menunggu petugas kedua", "Diputus: Selakambang", "Ditutup",
    ]
    for text in (
        "Lihat KTP-nya.", "Batas 30-11-2026.", "Yang benar versi B.", "Budi Santoso dan Tari Lestari",
        "NIK: yang berlaku isian Wagiman di Laptop lapangan.", "Alasan: Sesuai KTP-el",
    ):
        assert text in page, text


def test_the_story_of_an_open_case_begins_with_the_change_behind_it(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    page = site.client(BUDI).get(case_of(site, "V1", villages.contested)).text
    assert story(page) == ["Ditemukan: Selakambang", "Diberitahukan ke desa: Selakambang"]
    assert "Dari perubahan di Laptop lapangan." in page or "Dari perubahan di PC kantor." in page
    light = site.client(BUDI).get(make_odd(site, villages)[1]).text
    assert story(light) == ["Ditemukan: Selakambang"] and "Desa belum diberi tahu" in light


def test_the_page_tells_whether_a_desa_has_got_the_case(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    desk = site.client(BUDI)
    assert "Selakambang: belum dipastikan" in desk.get(address).text
    with site.hub.database.write() as conn:
        conn.execute(
            "INSERT INTO contact (kunci, last_s, device_time_s, queue, parity) VALUES (?, ?, 0, 0, 'sama')",
            (villages.kantor.kunci.hex(), site.clock.now),
        )
    assert "Selakambang: keadaan ini sudah diterima" in desk.get(address).text
    site.clock.now += 60
    act(desk, address, "kerjakan")
    assert "Selakambang: belum dipastikan" in desk.get(address).text


def test_only_what_differs_or_is_in_doubt_stands_open_with_its_origin(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    with site.hub.database.read() as conn:
        ends = [(desa, record) for desa, _, record in list_findings(conn, kode="V2")[0].rekaman]
    for log, (desa, record) in zip((villages.lain, villages.kantor), ends, strict=True):
        site.deliver(log, [site.draft_change(desa, "penduduk", record, pekerjaan=9)])
    page = site.client(BUDI).get(address).text
    shown, folded = page.split("<details", 1)
    assert "Nama lengkap" in shown and "PC balai desa" in shown and "Sampai di kecamatan" in shown
    assert "Status dasar" in shown and "Pekerjaan" not in shown
    assert "Pekerjaan" in folded and "sama di semua data (1)" in folded


# Older programs


def test_a_case_of_the_first_version_is_worked_on_in_the_second() -> None:
    db, channel, kind = HubDb(), channel_writer(0), CATALOGUE["kasus"]
    first = channel.create("kasus", "kasus", temuan="0" * 64, kode="V1", status="terbuka")
    assert (first.header.kind_version, kind.version) == (1, 2)
    db.deliver(first)
    state = load_state(db.conn, CATALOGUE, kind, DESA[0], record_id("kasus"))
    draft = draft_update(kind, state, record_id("kasus"), {"pemegang": record_id("petugas")})
    assert draft is not None and draft.kind.version == 2 and draft.parents == (first.ref,)
    db.deliver(channel.update("kasus", "kasus", [first], pemegang=record_id("petugas")))
    values = load_state(db.conn, CATALOGUE, kind, DESA[0], record_id("kasus")).values(kind)
    assert (values["status"], values["pemegang"], values["di_camat"]) == ("terbuka", record_id("petugas"), None)
